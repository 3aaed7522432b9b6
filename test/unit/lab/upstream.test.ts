import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { test, type TestContext } from "node:test";
import { natRules, natTable, tableNames } from "../../../lab/internet";
import { debianSources } from "../../../lab/node";
import { planLab } from "../../../lab/plan";
import { bareServer, rootfsKey } from "../../../lab/rootfs";
import { servicesOf } from "../../../lab/services";
import { dnsmasqConfig, resolverFile } from "../../../lab/services/dns";
import { debianOf } from "../../../lab/supply";
import { versions } from "../../../lab/toolchain/table";
import { downloadFile, downloadText, sumOf } from "../../../lab/upstream/download";
import { keyUrl } from "../../../lab/upstream/keys";
import { fetchKubectl, fetchPulumi, requiredPulumi, satisfies, versionIn } from "../../../lab/upstream/programs";
import { blobsOf } from "../../../lab/upstream/sample";

const lab = planLab({ labsDir: "/l", name: "one", range: "10.81.0.0/24" });
const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

test("the engine on PATH is used only if the project admits its version", () => {
    assert.equal(satisfies("3.248.0", ">=3.248.0"), true);
    assert.equal(satisfies("3.259.0", ">= v3.248.0"), true);
    assert.equal(satisfies("3.247.9", ">=3.248.0"), false);
    assert.equal(satisfies("4.0.0", ">=3.248.0"), true);
    assert.throws(() => satisfies("3.248.0", ">=3.248.0 <4"), /requiredPulumiVersion is ">=3\.248\.0 <4"/);
    assert.equal(satisfies("3.0.0", requiredPulumi()), false);
    assert.deepEqual(["v3.259.0\n", "3.259.0-dev.0", "no version", "v3.2"].map(versionIn), [
        "3.259.0",
        "3.259.0",
        undefined,
        undefined,
    ]);
});

test("a published list of sums is read, a bare sum too, and anything else is refused", () => {
    const [a, b] = [sum("a"), sum("b")];
    assert.equal(sumOf(`${a}  pulumi-v1-linux-x64.tar.gz\n${b} *other.tar.gz\n`, "other.tar.gz"), b);
    assert.equal(sumOf(`${a}\n`, "kubectl"), a);
    assert.throws(() => sumOf(`${a}  one\n${b}  two\n`, "three"), /name no sha256 of three/);
    assert.throws(() => sumOf(`${a}  one\n`, "three"), /name no sha256 of three/);
    assert.throws(() => sumOf("<html>not found</html>", "kubectl"), /do not go on/);
    assert.throws(() => sumOf("d41d8cd98f00b204e9800998ecf8427e  kubectl", "kubectl"), /no sha256/);
});

async function serve(t: TestContext, answer: http.RequestListener): Promise<string> {
    const server = http.createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

test("a file gets its name only when it has the published bytes", async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const base = await serve(t, (request, response) => {
        response.statusCode = request.url === "/file" ? 200 : 404;
        response.end("content");
    });
    const target = path.join(dir, "below", "file");
    const said: string[] = [];
    await assert.rejects(
        downloadFile(`${base}/file`, sum("other"), target, () => undefined),
        new RegExp(`has sha256 ${sum("content")}, its publisher says ${sum("other")}\\n {2}what to do`),
    );
    assert.deepEqual(fs.readdirSync(path.dirname(target)), []);
    await downloadFile(`${base}/file`, sum("content"), target, (line) => said.push(line));
    assert.equal(fs.readFileSync(target, "utf8"), "content");
    assert.deepEqual(said, ["file: 0 of 1 MiB"]);
    await assert.rejects(downloadText(`${base}/gone`), /\/gone answers 404\n {2}what to do/);
    await assert.rejects(downloadText("http://127.0.0.1:1/"), /cannot be fetched \(ECONNREFUSED|cannot be fetched \(/);
});

test("the official programs are fetched from where they are published, and only with the right sums", async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    fs.mkdirSync(path.join(dir, "pulumi"));
    fs.writeFileSync(path.join(dir, "pulumi", "pulumi"), "engine", { mode: 0o755 });
    fs.writeFileSync(path.join(dir, "pulumi", "pulumi-language-nodejs"), "host", { mode: 0o755 });
    const archive = execFileSync("tar", ["--create", "--gzip", "--directory", dir, "pulumi"]);
    const name = `pulumi-v${versions.pulumi}-linux-x64.tar.gz`;
    const sumOfArchive = createHash("sha256").update(archive).digest("hex");
    const files: Record<string, string | Buffer> = {
        [`/${name}`]: archive,
        [`/pulumi-${versions.pulumi}-checksums.txt`]: `${sum("x")}  other.tar.gz\n${sumOfArchive}  ${name}\n`,
        "/v1.36.4/bin/linux/amd64/kubectl": "kubectl",
        "/v1.36.4/bin/linux/amd64/kubectl.sha256": sum("kubectl"),
    };
    const base = await serve(t, (request, response) => {
        const content = files[request.url ?? ""];
        response.statusCode = content === undefined ? 404 : 200;
        response.end(content);
    });
    const bin = path.join(dir, "bin");
    fs.mkdirSync(bin);
    await fetchPulumi(base, bin, () => undefined);
    await fetchKubectl(base, "1.36.4", bin, () => undefined);
    assert.deepEqual(fs.readdirSync(bin).sort(), ["kubectl", "pulumi", "pulumi-language-nodejs"]);
    assert.equal(fs.readFileSync(path.join(bin, "pulumi"), "utf8"), "engine");
    assert.equal(fs.statSync(path.join(bin, "kubectl")).mode & 0o777, 0o755);
    files[`/${name}`] = "other bytes";
    await assert.rejects(
        fetchPulumi(base, bin, () => undefined),
        /its publisher says/,
    );
    await assert.rejects(
        fetchKubectl(base, "1.36.5", bin, () => undefined),
        /answers 404/,
    );
});

test("the servers' Debian is that of the lock's container runtime, and has to run on the machine", () => {
    const lock = (version: string) => ({
        packages: { "containerd.io": version } as Parameters<typeof debianOf>[0]["packages"],
    });
    assert.equal(debianOf(lock("2.3.7-1~debian.13~trixie"), 2), "trixie");
    assert.equal(debianOf(lock("2.3.7-1~debian.12~bookworm"), 1), "bookworm");
    assert.throws(() => debianOf(lock("2.3.7-1~debian.13~trixie"), 1), /trixie, whose systemd .*--debian bookworm/s);
    assert.throws(() => debianOf(lock("2.3.7-1"), 2), /no Debian release can be read/);
    assert.notEqual(rootfsKey(bareServer("trixie")), rootfsKey(bareServer("bookworm")));
    assert.equal(rootfsKey(bareServer()), rootfsKey(bareServer("bookworm")));
});

test("without mirrors a server has Debian's own sources, and only DNS and Git run", () => {
    const text = debianSources(lab, { suite: "trixie" });
    assert.match(text, /^Types: deb\nURIs: http:\/\/deb\.debian\.org\/debian\nSuites: trixie trixie-updates\n/);
    assert.match(text, /\n\nTypes: deb\nURIs: http:\/\/deb\.debian\.org\/debian-security\nSuites: trixie-security\n/);
    assert.equal(text.match(/^Signed-By: \/usr\/share\/keyrings\/debian-archive-keyring\.gpg$/gm)?.length, 2);
    assert.doesNotMatch(text, /lab\.node/);
    assert.deepEqual(servicesOf({}), ["dns", "git"]);
    assert.equal(servicesOf({ mirrors: { apt: "", files: "", blobs: "", imageIndex: "" } }).length, 5);
});

test("the lab's DNS asks the machine's resolvers, but not those that only the machine can reach", () => {
    assert.match(dnsmasqConfig(lab, "/names", "/etc/resolv.conf"), /^listen-address=10\.81\.0\.2$/m);
    assert.match(dnsmasqConfig(lab, "/names", "/r"), /^local=\/lab\.node\/$[^]*^resolv-file=\/r$/m);
    const files = (own: string, systemd?: string) => (file: string) => (file === "/etc/resolv.conf" ? own : systemd);
    assert.equal(resolverFile(files("nameserver 192.0.2.1\n")), "/etc/resolv.conf");
    assert.equal(
        resolverFile(files("nameserver 127.0.0.53\n", "nameserver 192.0.2.1\n")),
        "/run/systemd/resolve/resolv.conf",
    );
    assert.throws(() => resolverFile(files("nameserver 127.0.0.1\nnameserver ::1\n")), /listen on loopback only\n/);
    assert.throws(() => resolverFile(() => undefined), /what to do/);
});

test("a lab's packet filter rules are a table of its own, which replaces itself", () => {
    assert.equal(natTable(lab), "fjord-one");
    const rules = natRules(lab, "why");
    assert.match(rules, /^add table ip fjord-one\ndelete table ip fjord-one\ntable ip fjord-one \{\n/);
    assert.match(rules, /ip saddr 10\.81\.0\.0\/24 oifname != "fj-one" masquerade/);
    assert.doesNotMatch(rules, /flush/);
    const tables = [
        { metainfo: {} },
        ["ip", "fjord-one"],
        ["ip6", "fjord-two"],
        ["ip", "nat"],
        ["ip", "fjord-two"],
    ].map((one) => (Array.isArray(one) ? { table: { family: one[0], name: one[1] } } : one));
    assert.deepEqual(tableNames(JSON.stringify({ nftables: tables })), ["fjord-one", "fjord-two"]);
});

test("keys come from where a person would fetch them, and an image is all of its blobs", () => {
    assert.equal(keyUrl("kubernetes"), "https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key");
    assert.equal(keyUrl("containerd"), "https://download.docker.com/linux/debian/gpg");
    const manifest = { config: { digest: "sha256:c" }, layers: [{ digest: "sha256:l" }, { digest: "sha256:m" }] };
    assert.deepEqual(blobsOf("sha256:a", JSON.stringify(manifest)), ["sha256:a", "sha256:c", "sha256:l", "sha256:m"]);
});
