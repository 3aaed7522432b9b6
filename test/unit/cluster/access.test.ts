import assert from "node:assert/strict";
import { spawnSync, SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { load } from "js-yaml";
import { AccessConfig, readAccess, removeAccess, writeAccess } from "../../../components/cluster/access";
import { fjordHome, stackFiles } from "../../../components/cluster/home";
import { kubeconfig } from "../../../components/cluster/kubeconfig";
import { ask, serveControl, socketPath } from "../../../operations/kube/control";
import { cachedToken, cacheToken, execCredential } from "../../../operations/kube/token-cache";
import { kubernetes, machine } from "./fixtures";

function temporary(t: TestContext): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-home-"));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    return folder;
}

const config: AccessConfig = {
    name: "no-oslo-1",
    ssh: { identityFile: "~/.ssh/id" },
    kubernetes,
};
const points = [machine("cp-01", "control-plane", 11)];

interface Kubeconfig {
    clusters: { cluster: Record<string, string> }[];
    users: { user: { exec: { command: string; args: string[]; apiVersion: string } } }[];
}

test("kubeconfig is the same everywhere and finds the user's own shim, FJORD_HOME included", (t) => {
    const home = temporary(t);
    const text = kubeconfig({ stack: "no-oslo-1", apiName: "api.osl.node", accessPort: 16443, caCertificate: "PEM" });
    assert.ok(!text.includes(os.homedir()) && !text.includes(process.cwd()));
    const { clusters, users } = load(text) as Kubeconfig;
    assert.deepEqual(clusters[0]?.cluster, {
        server: "https://127.0.0.1:16443",
        "tls-server-name": "api.osl.node",
        "certificate-authority-data": Buffer.from("PEM\n").toString("base64"),
    });
    const exec = users[0]?.user.exec;
    assert.ok(exec);
    const homes: [string, NodeJS.ProcessEnv][] = [
        [path.join(home, "a b"), { FJORD_HOME: path.join(home, "a b") }],
        [path.join(home, ".fjord"), { HOME: home }],
    ];
    for (const [at, env] of homes) {
        fs.mkdirSync(path.join(at, "no-oslo-1"), { recursive: true });
        fs.writeFileSync(path.join(at, "no-oslo-1", "kube-access"), "#!/bin/sh\necho found\n", { mode: 0o700 });
        const result: SpawnSyncReturns<string> = spawnSync(exec.command, exec.args, {
            env: { PATH: process.env["PATH"], ...env },
            encoding: "utf8",
        });
        assert.equal(result.stdout, "found\n", result.stderr);
    }
});

test("access files hold no secret and are the owner's alone; a new CA drops the old cluster's token", (t) => {
    const home = temporary(t);
    writeAccess(config, points, undefined, home);
    const files = stackFiles("no-oslo-1", home);
    const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);
    assert.deepEqual([files.directory, files.shim, files.access].map(mode), ["700", "700", "600"]);
    const access = readAccess("no-oslo-1", home);
    assert.deepEqual(
        access.controlPlanes.map(({ name }) => name),
        ["cp-01.osl.node"],
    );
    assert.equal(access.identityFile, path.join(os.homedir(), ".ssh/id"));
    assert.ok(!fs.existsSync(files.kubeconfig));

    cacheToken(files.token, { token: "t", expires: new Date(Date.now() + 3_600_000).toISOString() });
    writeAccess(config, points, "CA one", home);
    assert.ok(!fs.existsSync(files.token));
    cacheToken(files.token, { token: "t", expires: new Date(Date.now() + 3_600_000).toISOString() });
    const before = fs.statSync(files.kubeconfig).mtimeMs;
    writeAccess(config, points, "CA one", home);
    assert.ok(fs.existsSync(files.token));
    assert.equal(fs.statSync(files.kubeconfig).mtimeMs, before);
    writeAccess(config, points, "CA two", home);
    assert.ok(!fs.existsSync(files.token));

    removeAccess("no-oslo-1", home);
    assert.throws(() => readAccess("no-oslo-1", home), /not known on this computer.*\n.*pulumi preview/);
});

test("a stack's name cannot lead out of the folder", () => {
    assert.throws(() => stackFiles("../etc"), /is not a name/);
    assert.throws(() => stackFiles(".."), /is not a name/);
    assert.equal(fjordHome({ FJORD_HOME: "/x" }), "/x");
});

test("a token is kept until five minutes before its end, and the client is told that end", (t) => {
    const file = path.join(temporary(t), "token");
    const now = Date.parse("2026-11-23T12:00:00Z");
    cacheToken(file, { token: "abc", expires: "2026-11-23T13:00:00Z" });
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal(cachedToken(file, now)?.token, "abc");
    assert.equal(cachedToken(file, now + 54 * 60_000)?.token, "abc");
    assert.equal(cachedToken(file, now + 56 * 60_000), undefined);
    assert.equal(cachedToken(`${file}-none`, now), undefined);
    fs.writeFileSync(file, "half writ");
    assert.equal(cachedToken(file, now), undefined);
    assert.deepEqual(JSON.parse(execCredential({ token: "abc", expires: "2026-11-23T13:00:00Z" })), {
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: "abc", expirationTimestamp: "2026-11-23T12:55:00Z" },
    });
});

test("the tunnel is asked over a socket of its user, also where the path is long, and a stale socket does no harm", async (t) => {
    const deep = path.join(temporary(t), "x".repeat(120));
    fs.mkdirSync(deep);
    for (const file of [path.join(temporary(t), "tunnel.sock"), path.join(deep, "tunnel.sock")]) {
        assert.equal(await ask(file, { op: "status" }), undefined);
        fs.writeFileSync(socketPath(file), "stale");
        const server = await serveControl(file, async ({ op }) => {
            if (op === "token") {
                throw new Error("no token");
            }
            return { ok: true, stack: op, port: 1, pid: 2 };
        });
        assert.equal(fs.statSync(socketPath(file)).mode & 0o777, 0o600);
        assert.deepEqual(await ask(file, { op: "status" }), { ok: true, stack: "status", port: 1, pid: 2 });
        assert.deepEqual(await ask(file, { op: "token" }), { ok: false, error: "no token" });
        await new Promise((resolve) => server.close(resolve));
    }
});
