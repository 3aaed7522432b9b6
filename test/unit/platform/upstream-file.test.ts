import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createServer, Server } from "node:https";
import { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { cachePath, loadUpstreamFile } from "../../../components/platform/upstream-file";

const content = "apiVersion: v1\n";
const sha256 = createHash("sha256").update(content).digest("hex");

describe("an upstream file", () => {
    let folder: string;
    let home: string;
    let server: Server;
    let base: string;
    let ca: string;
    let requests: string[];

    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-upstream-"));
        const [key, certificate] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
        const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
        const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
        execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, ...subject], {
            stdio: "ignore",
        });
        ca = fs.readFileSync(certificate, "utf8");
        server = createServer({ key: fs.readFileSync(key), cert: ca }, (request, response) => {
            requests.push(request.url ?? "");
            if (request.url === "/moved") {
                response.writeHead(302, { location: "/files/a.yaml" }).end();
            } else if (request.url === "/plain") {
                response.writeHead(302, { location: "http://localhost/a.yaml" }).end();
            } else if (request.url === "/round") {
                response.writeHead(302, { location: "/round" }).end();
            } else if (request.url === "/files/a.yaml") {
                response.end(content);
            } else if (request.url === "/silent") {
                response.writeHead(200).write("api");
            } else {
                response.writeHead(404).end();
            }
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        base = `https://localhost:${(server.address() as AddressInfo).port}`;
    });

    beforeEach(() => {
        requests = [];
        home = fs.mkdtempSync(path.join(folder, "home-"));
    });

    after(() => {
        server.closeAllConnections();
        server.close();
        fs.rmSync(folder, { recursive: true });
    });

    const locked = (file: string) => ({ url: `${base}/${file}`, path: "files/a.yaml", sha256 });

    it("comes from the mirror with its private CA, and from the cache the second time", async () => {
        const other = { ...locked("elsewhere"), url: "https://upstream.invalid/a.yaml" };
        for (const mirror of [base, `${base}/`]) {
            assert.equal(await loadUpstreamFile(other, mirror, ca, { home }), content);
        }
        assert.deepEqual(requests, ["/files/a.yaml"]);
        assert.equal(fs.readFileSync(cachePath(sha256, home), "utf8"), content);
        assert.deepEqual(fs.readdirSync(path.dirname(cachePath(sha256, home))), [sha256]);
    });

    it("follows redirects over https only, and not for ever", async () => {
        assert.equal(await loadUpstreamFile(locked("moved"), undefined, ca, { home }), content);
        const fresh = { home: path.join(home, "fresh") };
        await assert.rejects(loadUpstreamFile(locked("plain"), undefined, ca, fresh), /redirects to http:\/\/localhost/);
        requests = [];
        await assert.rejects(loadUpstreamFile(locked("round"), undefined, ca, fresh), /redirects to/);
        assert.equal(requests.length, 6);
    });

    it("with other bytes than the lock's is refused and not kept", async () => {
        const wrong = { ...locked("files/a.yaml"), sha256: "0".repeat(64) };
        await assert.rejects(
            loadUpstreamFile(wrong, undefined, ca, { home }),
            new RegExp(`/files/a\\.yaml has sha256 ${sha256}, the lock says 0{64}.*npm run lock`),
        );
        assert.equal(fs.existsSync(cachePath(wrong.sha256, home)), false);
    });

    it("that was changed in the cache is fetched anew", async () => {
        const file = cachePath(sha256, home);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, "half of it");
        assert.equal(await loadUpstreamFile(locked("files/a.yaml"), undefined, ca, { home }), content);
        assert.equal(fs.readFileSync(file, "utf8"), content);
    });

    it("that cannot be had ends in an error that names URL, cause and what to do", async () => {
        await assert.rejects(
            loadUpstreamFile(locked("missing"), undefined, ca, { home }),
            /\/missing could not be fetched: the server answered 404\. Check that it can be reached/,
        );
        await assert.rejects(loadUpstreamFile(locked("files/a.yaml"), undefined, undefined, { home }), /self-signed/);
        await assert.rejects(
            loadUpstreamFile(locked("files/a.yaml"), "http://localhost", ca, { home }),
            /^Error: http:\/\/localhost\/files\/a\.yaml is not fetched: only https is/,
        );
        await assert.rejects(
            loadUpstreamFile(locked("silent"), undefined, ca, { home, timeout: 300 }),
            /\/silent could not be fetched: no full answer within 0\.3 s/,
        );
    });
});
