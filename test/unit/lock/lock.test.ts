import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { readLock } from "../../../infra/config/lock-file";
import { compareVersions, newest, parsePackages } from "../../../operations/lock/apt-index";
import { resolveDigest } from "../../../operations/lock/registry";
import { lockChanges, resolveLock } from "../../../operations/lock/resolve";
import { wanted } from "../../../operations/lock/wanted";

const project = path.resolve(__dirname, "../../..");
const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Upstream, all of it, on one port: a registry that wants anonymous tokens, apt indexes, files. */
const platform = { os: "linux", architecture: "amd64" };
const index = (name: string) =>
    JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [{ digest: "x", platform }],
        name,
    });
const packages = (...entries: readonly (readonly [string, string, string?])[]) =>
    gzipSync(
        entries
            .map(
                ([name, version, architecture = "amd64"]) =>
                    `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nDescription: x\n more\n`,
            )
            .join("\n"),
    );

interface Upstream {
    /** Answers by path; a missing one is 404. */
    readonly bodies: Map<string, Buffer | string>;
    digestHeader: string | undefined;
    readonly asked: string[];
}
const upstream: Upstream = { bodies: new Map(), digestHeader: undefined, asked: [] };

const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://x");
    upstream.asked.push(request.url!);
    if (pathname === "/token") {
        response.end(JSON.stringify({ token: `for ${searchParams.get("service")} ${searchParams.get("scope")}` }));
        return;
    }
    const [, name] = /^\/v2\/(.+)\/manifests\//.exec(pathname) ?? [];
    if (name !== undefined && request.headers.authorization !== `Bearer for fake repository:${name}:pull`) {
        response.setHeader(
            "www-authenticate",
            `Bearer realm="https://auth.example/token",service="fake",scope="repository:${name}:pull"`,
        );
        response.writeHead(401).end();
        return;
    }
    const body = upstream.bodies.get(pathname) ?? (name === undefined ? undefined : index(pathname));
    if (body === undefined) {
        response.writeHead(404).end();
        return;
    }
    if (name !== undefined && upstream.digestHeader !== undefined) {
        response.setHeader("docker-content-digest", upstream.digestHeader);
    }
    response.end(body);
});

const hosts = [
    "registry.k8s.io",
    "ghcr.io",
    "quay.io",
    "public.ecr.aws",
    "registry-1.docker.io",
    "auth.example",
    "pkgs.k8s.io",
    "download.docker.com",
    "raw.githubusercontent.com",
];
let detours = new Map<string, string>();
let folder = "";

before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    detours = new Map(hosts.map((host) => [host, `http://127.0.0.1:${(server.address() as AddressInfo).port}`]));
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-lock-"));
});
after(() => {
    server.close();
    fs.rmSync(folder, { recursive: true });
});
beforeEach(() => {
    upstream.digestHeader = undefined;
    upstream.asked.length = 0;
    upstream.bodies.clear();
    const table = wanted();
    upstream.bodies.set(
        "/core:/stable:/v1.36/deb/Packages.gz",
        packages(
            ["kubelet", "1.36.4-1.1"],
            ["kubelet", "1.36.4-2.1", "arm64"],
            ["kubelet", "1.36.3-1.1"],
            ["kubeadm", "1.36.4-1.1"],
            ["kubectl", "1.36.4-1.1"],
            ["kubectl", "1.36.40-1.1"],
            ["kubernetes-cni", "1.9.1-1.1"],
            ["kubernetes-cni", "1.10.0-1.1"],
            ["cri-tools", "1.36.0-1.1"],
        ),
    );
    upstream.bodies.set(
        "/linux/debian/dists/trixie/stable/binary-amd64/Packages.gz",
        packages(["containerd.io", "2.3.7-1~debian.13~trixie"], ["containerd.io", "2.3.6-1~debian.13~trixie"]),
    );
    Object.values(table.files).forEach(({ url }) => upstream.bodies.set(new URL(url).pathname, `bytes of ${url}`));
});

const resolve = (previous?: ReturnType<typeof readLock>) =>
    resolveLock(wanted(), { detours, debian: "trixie", ...(previous && { previous }) });

test("everything is resolved: digests over anonymous tokens, versions from indexes, checksums from bytes", async () => {
    const { lock, failures } = await resolve();
    assert.deepEqual(failures, []);
    assert.deepEqual(lock.packages, {
        "containerd.io": "2.3.7-1~debian.13~trixie",
        kubelet: "1.36.4-1.1",
        kubeadm: "1.36.4-1.1",
        kubectl: "1.36.4-1.1",
        "kubernetes-cni": "1.10.0-1.1",
        "cri-tools": "1.36.0-1.1",
    });
    assert.equal(lock.images.coredns.digest, `sha256:${sha256(index("/v2/coredns/coredns/manifests/v1.14.2"))}`);
    assert.equal(lock.files["argocd-manifest"].sha256, sha256(`bytes of ${lock.files["argocd-manifest"].url}`));
    const file = path.join(folder, "whole.json");
    fs.writeFileSync(file, JSON.stringify(lock));
    assert.deepEqual(readLock(file), lock);
    assert.equal(upstream.asked.filter((url) => url.endsWith("/deb/Packages.gz")).length, 1, "one index is read once");
});

test("what cannot be resolved is named; what the lock had for the same thing stays", async () => {
    const { lock: previous } = await resolve();
    upstream.bodies.set("/core:/stable:/v1.36/deb/Packages.gz", packages(["kubelet", "1.36.5-1.1"]));
    upstream.bodies.delete(new URL(wanted().files["sealed-secrets-crd"].url).pathname);
    const { name, tag } = previous.images.argocd;
    upstream.bodies.set(`/v2/argoproj/argocd/manifests/${tag}`, JSON.stringify({ manifests: [{}] }));
    const fresh = await resolve();
    assert.equal(fresh.lock.packages.kubelet, "");
    assert.equal(fresh.lock.images.argocd.digest, "");
    assert.equal(fresh.lock.files["sealed-secrets-crd"].sha256, "");
    assert.match(
        fresh.failures.join("\n"),
        /packages.kubelet: the repository has no kubelet 1.36.4; its newest: 1.36.5-1.1/,
    );
    assert.match(fresh.failures.join("\n"), /files.sealed-secrets-crd: https:.* answers 404/);
    const kept = await resolve(previous);
    assert.deepEqual(kept.lock, previous);
    const otherTag = {
        ...previous,
        images: { ...previous.images, argocd: { name, tag: "v3.5.6", digest: "sha256:0" } },
    };
    assert.equal((await resolve(otherTag)).lock.images.argocd.digest, "");
    assert.match(kept.failures.join("\n"), /packages.kubelet: .*\(keeps what the lock had\)/);
});

test("bytes that are not what the registry says, and images for another machine, are refused", async () => {
    const image = { name: "quay.io/a/b", tag: "v1" };
    upstream.digestHeader = "sha256:beef";
    await assert.rejects(resolveDigest(image, detours), /the registry says sha256:beef, its bytes are sha256:/);
    upstream.digestHeader = undefined;
    upstream.bodies.set(
        "/v2/a/b/manifests/v1",
        JSON.stringify({ manifests: [{ platform: { os: "linux", architecture: "arm64" } }] }),
    );
    await assert.rejects(resolveDigest(image, detours), /no image for linux\/amd64/);
    await assert.rejects(
        resolveDigest(image, new Map([["quay.io", "http://127.0.0.1:9"]])),
        /127.0.0.1:9 does not answer/,
    );
});

test("a tag that moved is pointed at", async () => {
    const { lock: first } = await resolve();
    assert.deepEqual(lockChanges(first, first), []);
    upstream.bodies.set("/v2/argoproj/argocd/manifests/v3.5.7", index("other bytes"));
    const changes = lockChanges(first, (await resolve(first)).lock);
    assert.equal(changes.length, 1);
    assert.match(changes[0]!, /^images.argocd: .* \(the tag has MOVED from sha256:/);
});

function command(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const from = [...detours].flatMap(([host, base]) => ["--from", `${host}=${base}`]);
    const child = spawn(process.execPath, ["--import", "tsx", "operations/lock.ts", ...from, ...args], {
        cwd: project,
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    return new Promise((done) => child.on("close", (code) => done({ code, output })));
}

test("the command writes a lock only when it is whole, and says what changed", async () => {
    const out = path.join(folder, "command.json");
    upstream.bodies.delete("/core:/stable:/v1.36/deb/Packages.gz");
    const failed = await command("--out", out);
    assert.equal(failed.code, 1);
    assert.match(
        failed.output,
        /unresolved: packages.cri-tools: https:\/\/pkgs.k8s.io.* answers 404[^]*5 things could not be resolved/,
    );
    assert.ok(!fs.existsSync(out));
    const partial = await command("--out", out, "--allow-unresolved");
    assert.equal(partial.code, 0, partial.output);
    assert.throws(() => readLock(out), /packages.kubelet: is not resolved/);
    upstream.bodies.set(
        "/core:/stable:/v1.36/deb/Packages.gz",
        packages(
            ["kubelet", "1.36.4-1.1"],
            ["kubeadm", "1.36.4-1.1"],
            ["kubectl", "1.36.4-1.1"],
            ["kubernetes-cni", "1"],
            ["cri-tools", "1"],
        ),
    );
    const whole = await command("--out", out);
    assert.match(whole.output, /packages.kubelet: - -> 1.36.4-1.1[^]*: 5 changes/);
    assert.equal(readLock(out).packages.kubelet, "1.36.4-1.1");
    assert.match((await command("--out", out)).output, /nothing changed/);
    assert.deepEqual(
        fs.readdirSync(folder).filter((file) => file.includes(".new")),
        [],
    );
});

test("Debian's order of versions", () => {
    const ascending = [
        "1.0~rc1",
        "1.0",
        "1.0-1",
        "1.0-1.1",
        "1.0a",
        "1.0+b",
        "1.2",
        "1.10",
        "2.3.7-1~debian.12~bookworm",
        "2.3.7-1",
        "1:0.1",
    ];
    fc.assert(
        fc.property(fc.nat(ascending.length - 1), fc.nat(ascending.length - 1), (a, b) => {
            assert.equal(
                Math.sign(compareVersions(ascending[a]!, ascending[b]!)),
                Math.sign(a - b),
                `${ascending[a]} ${ascending[b]}`,
            );
        }),
    );
});

test("an index is read paragraph by paragraph", () => {
    const parsed = parsePackages(
        "Package: a\nVersion: 1\nArchitecture: all\n\n\nPackage: a\nArchitecture: amd64\nVersion: 2\nDepends: b (= 3)\n\nPackage: b\nVersion: 9\nArchitecture: arm64\n",
    );
    assert.deepEqual([...parsed], [["a", ["1", "2"]]]);
    assert.equal(newest(parsed, "a"), "2");
    assert.throws(() => newest(parsed, "b"), /has no b; its newest: none at all/);
});
