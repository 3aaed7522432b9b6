import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, TestContext } from "node:test";
import * as tls from "node:tls";
import { writeAccess } from "../../../components/cluster/access";
import { stackFiles } from "../../../components/cluster/home";
import { alive } from "../../../components/cluster/lock";
import { startServer } from "../../unit/cluster/ssh-server";
import { kubernetes } from "../../unit/cluster/fixtures";
import { keyPair } from "../../support/ssh-key";

const stack = "no-oslo-1";

/** Something that says it is ready over TLS, as an API server does. */
async function api(t: TestContext, folder: string): Promise<number> {
    const [key, cert] = [path.join(folder, "api.key"), path.join(folder, "api.crt")];
    const made = spawnSync("openssl", [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        "-subj",
        "/CN=api",
        "-days",
        "1",
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    const server = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    return (server.address() as net.AddressInfo).port;
}

async function freePort(): Promise<number> {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}

/** Runs what kubeconfig runs, from somewhere else than the checkout. */
function shim(home: string): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) =>
        execFile(
            stackFiles(stack, home).shim,
            { cwd: "/", env: { PATH: process.env["PATH"], FJORD_HOME: home } },
            (error, stdout, stderr) => resolve({ code: error ? 1 : 0, stdout, stderr }),
        ),
    );
}

const tokenOf = (stdout: string) => (JSON.parse(stdout) as { status: { token: string } }).status.token;

async function ended(pid: number): Promise<void> {
    for (let i = 0; i < 100 && alive(pid); i++) {
        await sleep(100);
    }
    assert.ok(!alive(pid), "the tunnel outlived its stack's access");
}

test("kubeconfig's plugin starts one tunnel, mints a token through it, and all ends with the access", async (t) => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-access-"));
    t.after(() => fs.rmSync(home, { recursive: true, force: true }));
    const key = keyPair();
    fs.writeFileSync(path.join(home, "id"), key.private, { mode: 0o600 });
    const apiPort = await api(t, home);
    let minted = 0;
    const server = await startServer({
        name: "cp-01",
        authorized: key.public,
        forwardTo: () => apiPort,
        run: (command) => {
            assert.match(command, /kubectl .* create token fjord-operator -n kube-system --duration 1h/);
            minted += 1;
            const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString();
            return { code: 0, stdout: JSON.stringify({ status: { token: `token-${minted}`, expirationTimestamp } }) };
        },
    });
    t.after(() => server.stop());
    const { name: _, ...ssh } = server.target;
    const accessPort = await freePort();
    const config = {
        name: stack,
        ssh: { identityFile: path.join(home, "id") },
        kubernetes: { ...kubernetes, accessPort },
    };
    writeAccess(config, [{ fqdn: "cp-01.osl.node", nodeAddress: ssh.address, ssh }], "CA", home);
    const files = stackFiles(stack, home);

    const both = await Promise.all([shim(home), shim(home)]);
    assert.deepEqual(
        both.map(({ code }) => code),
        [0, 0],
        both.map(({ stderr }) => stderr).join(),
    );
    const pid = Number(fs.readFileSync(files.tunnelPid, "utf8"));
    t.after(() => alive(pid) && process.kill(pid));
    const mintedSoFar = minted;
    const again = await shim(home);
    assert.match(tokenOf(again.stdout), /^token-\d$/);
    assert.equal(minted, mintedSoFar, "a good token is used again");
    assert.equal(Number(fs.readFileSync(files.tunnelPid, "utf8")), pid, "one tunnel serves all");
    assert.ok(!fs.readFileSync(files.tunnelLog, "utf8").includes("token-"));

    const answer = await new Promise<string>((resolve, reject) => {
        const socket = tls.connect({ host: "127.0.0.1", port: accessPort, rejectUnauthorized: false }, () =>
            socket.write("GET / HTTP/1.1\r\n\r\n"),
        );
        socket.once("data", (chunk: Buffer) => (resolve(chunk.toString()), socket.destroy()));
        socket.once("error", reject);
    });
    assert.match(answer, /200 OK/);

    fs.rmSync(files.access);
    await ended(pid);
    const unknown = await shim(home);
    assert.equal(unknown.code, 1);
});

test("a port that somebody else holds is an error that names it", async (t) => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-access-"));
    t.after(() => fs.rmSync(home, { recursive: true, force: true }));
    const other = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => other.close());
    const { port } = other.address() as net.AddressInfo;
    writeAccess(
        {
            name: stack,
            ssh: {},
            kubernetes: { ...kubernetes, accessPort: port },
        },
        [],
        undefined,
        home,
    );
    const { code, stderr } = await shim(home);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${port} on this computer is taken.*\\n.*what to do`));
});
