import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import * as fs from "node:fs";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { test, type TestContext } from "node:test";
import { Client, utils, type ParsedKey } from "ssh2";
import { planLab } from "../../../lab/plan";
import { run } from "../../../lab/process";
import { controlFile, packageVersions } from "../../../lab/services/debs";
import { corefile, hostsLines } from "../../../lab/services/dns";
import { gitCommand, gitServer } from "../../../lab/services/git";
import { requestPath, serve, staticFiles } from "../../../lab/services/http";
import { registry, registryRequest, resolveManifest } from "../../../lab/services/registry";

const lab = planLab({ labsDir: "/labs" });
const digest = `sha256:${"a".repeat(64)}`;

function folder(t: TestContext): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

test("a request never leaves the folder", () => {
    assert.equal(requestPath("/a/b?x=1"), "a/b");
    assert.equal(requestPath("/a%20b"), "a b");
    for (const url of ["/../etc/passwd", "/a/%2e%2e/b", "/%00", "/%zz"]) {
        assert.equal(requestPath(url), undefined, url);
    }
});

test("one registry stands before several: containerd names the one it wants", () => {
    assert.deepEqual(registryRequest("/v2/", "own"), { kind: "ping" });
    assert.deepEqual(registryRequest("/v2/coredns/coredns/manifests/v1?ns=registry.k8s.io", "own"), {
        kind: "manifest",
        name: "registry.k8s.io/coredns/coredns",
        reference: "v1",
    });
    assert.deepEqual(registryRequest("/v2/payment-service/manifests/1.0.0", "own"), {
        kind: "manifest",
        name: "own/payment-service",
        reference: "1.0.0",
    });
    assert.deepEqual(registryRequest(`/v2/pause/blobs/${digest}`, "own"), { kind: "blob", digest });
    for (const url of ["/v2/pause/blobs/sha256:..", "/v2/../manifests/x", "/v2/_catalog", "/"]) {
        assert.equal(registryRequest(url, "own"), undefined, url);
    }
});

test("an image is served under its own name only, by tag and by digest", () => {
    const images = { "registry.k8s.io/pause:3.10.2": digest };
    assert.equal(resolveManifest(images, "registry.k8s.io/pause", "3.10.2"), digest);
    assert.equal(resolveManifest(images, "registry.k8s.io/pause", digest), digest);
    assert.equal(resolveManifest(images, "registry.k8s.io/pause", "3.9"), undefined);
    assert.equal(resolveManifest(images, "quay.io/pause", digest), undefined);
});

test("the registry over HTTP: manifest, ranges, and an image that is taken away while it runs", async (t) => {
    const dir = folder(t);
    const index = path.join(dir, "index.json");
    fs.writeFileSync(path.join(dir, "a".repeat(64)), "0123456789");
    fs.writeFileSync(index, JSON.stringify({ "quay.io/x/y:1": digest }));
    const server = await serve({ address: "127.0.0.1", port: 0 }, registry(dir, index, "own"));
    t.after(() => server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const manifest = await fetch(`${base}/v2/x/y/manifests/1?ns=quay.io`);
    assert.deepEqual(
        [manifest.status, manifest.headers.get("docker-content-digest"), await manifest.text()],
        [200, digest, "0123456789"],
    );
    const range = await fetch(`${base}/v2/x/y/blobs/${digest}`, { headers: { range: "bytes=4-" } });
    assert.deepEqual(
        [range.status, range.headers.get("content-range"), await range.text()],
        [206, "bytes 4-9/10", "456789"],
    );
    fs.writeFileSync(index, "{}");
    const missing = await fetch(`${base}/v2/x/y/manifests/1?ns=quay.io`);
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /MANIFEST_UNKNOWN.*quay\.io\/x\/y:1 is not in this registry/);
    assert.equal((await fetch(`${base}/v2/x/y/blobs/${digest}`, { method: "DELETE" })).status, 405);
});

test("static files over HTTP", async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, "file"), "content");
    const server = await serve({ address: "127.0.0.1", port: 0 }, staticFiles(dir));
    t.after(() => server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.equal(await (await fetch(`${base}/file`)).text(), "content");
    assert.deepEqual([(await fetch(`${base}/`)).status, (await fetch(`${base}/nothing`)).status], [404, 404]);
});

test("DNS knows the lab's names and asks nobody else", () => {
    const text = corefile(lab, "/h");
    assert.match(text, /bind 10\.77\.0\.2/);
    assert.doesNotMatch(text, /forward|fallthrough/);
    const hosts = hostsLines(lab, { "pay.lab.node": ["10.77.0.21", "10.77.0.22"] });
    assert.match(hosts, /^10\.77\.0\.11 cp-01\.lab\.node$/m);
    assert.match(hosts, /^10\.77\.0\.21 pay\.lab\.node\n10\.77\.0\.22 pay\.lab\.node$/m);
});

test("only Git's two commands on a repository of the folder are understood", () => {
    assert.deepEqual(gitCommand("git-upload-pack 'payments/infra-manifests.git'"), {
        service: "upload-pack",
        repository: "payments/infra-manifests.git",
    });
    assert.deepEqual(gitCommand("git receive-pack '/a.git'"), { service: "receive-pack", repository: "a.git" });
    for (const line of [
        "sh",
        "git-upload-pack '../a.git'",
        "git-upload-pack 'a/../b.git'",
        "git-upload-pack 'a.git'; id",
        "git-upload-pack '/etc'",
        "git-upload-archive 'a.git'",
    ]) {
        assert.equal(gitCommand(line), undefined, line);
    }
});

test("the Git server: an operator pushes, a deploy key only reads, a stranger gets nothing", async (t) => {
    const dir = folder(t);
    const keys = Object.fromEntries(
        await Promise.all(
            ["host", "operator", "deploy", "stranger"].map(async (name) => {
                await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path.join(dir, name)]);
                return [name, fs.readFileSync(path.join(dir, `${name}.pub`), "utf8")] as const;
            }),
        ),
    );
    const access = { writers: path.join(dir, "writers"), readers: path.join(dir, "readers") };
    fs.writeFileSync(access.writers, keys["operator"] ?? "");
    fs.writeFileSync(access.readers, keys["deploy"] ?? "");
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", path.join(dir, "git/a.git")]);
    const server = await gitServer(
        { address: "127.0.0.1", port: 0 },
        fs.readFileSync(path.join(dir, "host"), "utf8"),
        path.join(dir, "git"),
        access,
    );
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    fs.writeFileSync(path.join(dir, "known"), `[127.0.0.1]:${port} ${keys["host"]}`);
    const git = (key: string, ...args: string[]): Promise<string> =>
        run("git", args, {
            cwd: dir,
            timeout: 20_000,
            env: {
                GIT_SSH_COMMAND: [
                    `ssh -F /dev/null -p ${port} -i ${path.join(dir, key)} -o IdentitiesOnly=yes -o BatchMode=yes`,
                    `-o IdentityAgent=none -o UserKnownHostsFile=${path.join(dir, "known")}`,
                ].join(" "),
                GIT_AUTHOR_NAME: "a",
                GIT_AUTHOR_EMAIL: "a@b",
                GIT_COMMITTER_NAME: "a",
                GIT_COMMITTER_EMAIL: "a@b",
            },
        });
    const url = "git@127.0.0.1:a.git";
    await git("operator", "clone", "--quiet", url, "work");
    await git("operator", "-C", "work", "commit", "--quiet", "--allow-empty", "-m", "one");
    await git("operator", "-C", "work", "push", "--quiet", "origin", "HEAD:main");
    assert.match(await git("deploy", "ls-remote", url), /refs\/heads\/main/);
    await git("deploy", "-C", "work", "commit", "--quiet", "--allow-empty", "-m", "two");
    await assert.rejects(git("deploy", "-C", "work", "push", "origin", "HEAD:main"), /this key may only read a\.git/);
    await assert.rejects(git("deploy", "ls-remote", "git@127.0.0.1:b.git"), /there is no repository b\.git/);
    await assert.rejects(git("stranger", "ls-remote", url), /Permission denied/);
    fs.writeFileSync(access.readers, "");
    await assert.rejects(git("deploy", "ls-remote", url), /Permission denied/);
});

test("a login is a proof, not a claim: a known public key with another key's signature is refused", async (t) => {
    const dir = folder(t);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(dir, "known")]);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(dir, "other")]);
    fs.copyFileSync(path.join(dir, "known.pub"), path.join(dir, "readers"));
    const host = generateKeyPairSync("rsa", {
        modulusLength: 2048,
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const server = await gitServer({ address: "127.0.0.1", port: 0 }, host.privateKey, dir, {
        writers: path.join(dir, "none"),
        readers: path.join(dir, "readers"),
    });
    t.after(() => server.close());
    const parse = (name: string): ParsedKey =>
        utils.parseKey(fs.readFileSync(path.join(dir, name), "utf8")) as ParsedKey;
    const login = (key: ParsedKey): Promise<string> =>
        new Promise((resolve) => {
            const client = new Client();
            const end = (result: string): void => {
                client.end();
                resolve(result);
            };
            client.on("ready", () => end("in")).on("error", (error) => end(error.message));
            const { port } = server.address() as AddressInfo;
            client.connect({
                host: "127.0.0.1",
                port,
                username: "git",
                authHandler: [{ type: "publickey", username: "git", key }] as never,
            });
        });
    const known = parse("known");
    assert.equal(await login(known), "in");
    const forged = Object.assign(Object.create(known) as ParsedKey, {
        sign: (data: Buffer, hash?: string) => parse("other").sign(data, hash),
    });
    assert.match(await login(forged), /authentication methods failed/);
});

test("packages carry upstream's names and version scheme", () => {
    assert.deepEqual(packageVersions("1.36.4"), {
        "containerd.io": "2.3.7-1",
        kubelet: "1.36.4-1.1",
        kubeadm: "1.36.4-1.1",
        kubectl: "1.36.4-1.1",
        "kubernetes-cni": "1.9.1-1.1",
        "cri-tools": "1.36.0-1.1",
    });
    const control = controlFile({ name: "kubeadm", version: "1-1", depends: "", description: "text" });
    assert.match(control, /^Package: kubeadm\nVersion: 1-1\n/);
    assert.doesNotMatch(control, /Depends/);
    assert.match(control, /\nDescription: text .*\n$/);
});
