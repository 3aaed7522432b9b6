import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { CatalogueImage, imageNamed, imageNames } from "../../../components/machines/images";
import { Lock } from "../../../infra/config/lock";
import { readLock } from "../../../infra/config/lock-file";
import { checksumIn, lockGuestImage, wantedGuestImages } from "../../../operations/lock/guest-images";
import { lockChanges, resolveLock } from "../../../operations/lock/resolve";
import { wanted } from "../../../operations/lock/wanted";

const project = path.resolve(__dirname, "../../..");
const sum = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest("hex");
const disk = (content: string) => Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.from(content)]);

/** Vendors and a region's own server on one port. A missing body is 404. */
const bodies = new Map<string, Buffer | string>();
let breaksOff = false;
const server = http.createServer((request, response) => {
    const body = bodies.get(request.url!);
    if (body === undefined) {
        response.writeHead(404).end();
    } else if (breaksOff && Buffer.isBuffer(body)) {
        response.writeHead(200, { "content-length": body.length + 10 });
        response.write(body, () => response.destroy());
    } else {
        response.end(body);
    }
});

const [debian, ubuntu] = [imageNamed("debian-12")!, imageNamed("ubuntu-24.04")!];
const own = { name: "debian-12-hardened", url: "https://images.bgo.node/hardened.qcow2" };
const hosts = [
    "cloud.debian.org",
    "cloud-images.ubuntu.com",
    "images.bgo.node",
    // Of what else a lock has; nothing of it is there.
    "registry.k8s.io",
    "ghcr.io",
    "quay.io",
    "public.ecr.aws",
    "registry-1.docker.io",
    "pkgs.k8s.io",
    "download.docker.com",
    "raw.githubusercontent.com",
];
let detours = new Map<string, string>();
let folder = "";

/** Puts an image at its vendor's, with its line among others in the list of checksums. */
function publish({ url, sums }: CatalogueImage, bytes: Buffer, mark = " "): void {
    bodies.set(new URL(url).pathname, bytes);
    const lines = [`${"0".repeat(64)}  other.img`, `${sum(sums.algorithm, bytes)} ${mark}${path.basename(url)}`];
    bodies.set(new URL(sums.url).pathname, `${lines.join("\n")}\n`);
}

before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    detours = new Map(hosts.map((host) => [host, `http://127.0.0.1:${(server.address() as AddressInfo).port}`]));
});
after(() => {
    server.close();
});
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-images-"));
    fs.mkdirSync(path.join(folder, "stacks"));
    breaksOff = false;
    bodies.clear();
    publish(debian, disk("debian"));
    publish(ubuntu, disk("ubuntu"), "*");
    bodies.set("/hardened.qcow2", disk("hardened"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A stack with guests of these images, in the folder. */
function stack(name: string, images: readonly string[], more: object = {}): void {
    const machines = images.map((image, i) => ({ kind: "libvirt", name: `worker-0${i + 1}`, role: "worker", image }));
    const config = { kind: "region", machines, ...more };
    const keyed = Object.fromEntries(Object.entries(config).map(([key, value]) => [`fjord:${key}`, value]));
    // YAML is a superset of JSON.
    fs.writeFileSync(path.join(folder, `stacks/Pulumi.${name}.yaml`), JSON.stringify({ config: keyed }));
}

const lockFile = () => path.join(folder, "stacks/upstream.lock.json");
const found = () => wantedGuestImages(path.join(folder, "stacks"), lockFile());

test("an image is pinned by the bytes it has, in the vendor's way of checksums", async () => {
    const published = [
        [debian, disk("debian")],
        [ubuntu, disk("ubuntu")],
    ] as const;
    for (const [image, bytes] of published) {
        assert.deepEqual(await lockGuestImage(image, detours), {
            url: image.url,
            sha256: sum("sha256", bytes),
            bytes: bytes.length,
        });
    }
    assert.equal((await lockGuestImage(own, detours)).sha256, sum("sha256", disk("hardened")));
});

test("a large image is read whole, in many pieces", async () => {
    const large = disk("x".repeat(3_000_000));
    publish(debian, large);
    const { sha256, bytes } = await lockGuestImage(debian, detours);
    assert.deepEqual([sha256, bytes], [sum("sha256", large), large.length]);
});

test("bytes that the vendor does not vouch for are refused, and so is what is no image", async () => {
    const { pathname } = new URL(debian.url);
    bodies.set(pathname, disk("other"));
    await assert.rejects(
        lockGuestImage(debian, detours),
        /SHA512SUMS says [0-9a-f]{128} of debian-12-.*, its bytes are [0-9a-f]{128}/,
    );
    bodies.set(new URL(debian.sums.url).pathname, "");
    await assert.rejects(lockGuestImage(debian, detours), /SHA512SUMS has no checksum of debian-12-generic-amd64-/);
    bodies.set("/hardened.qcow2", "<html>log in first</html>");
    await assert.rejects(lockGuestImage(own, detours), /hardened.qcow2 is not an image in qcow2 format/);
    bodies.set("/hardened.qcow2", "QF");
    await assert.rejects(lockGuestImage(own, detours), /is not an image in qcow2 format: it has 2 bytes/);
    bodies.delete("/hardened.qcow2");
    await assert.rejects(lockGuestImage(own, detours), /hardened.qcow2 answers 404/);
    breaksOff = true;
    bodies.set("/hardened.qcow2", disk("hardened"));
    await assert.rejects(lockGuestImage(own, detours), /hardened.qcow2 broke off after 12 bytes/);
    await assert.rejects(
        lockGuestImage(own, new Map([["images.bgo.node", "http://127.0.0.1:9"]])),
        /127.0.0.1:9 does not answer/,
    );
});

test("no image of the catalogue has a kernel that cannot read the seed's CD-ROM", () => {
    for (const name of imageNames) {
        assert.doesNotMatch(imageNamed(name)!.url, /genericcloud|nocloud|minimal|-kvm/, name);
    }
});

test("a list of checksums is read as sha256sum writes it", () => {
    const list = "ee00  a.img.manifest\nAB01  a.img\ncd02 *b.img\r\n# no line\n";
    assert.equal(checksumIn(list, "a.img"), "ab01");
    assert.equal(checksumIn(list, "b.img"), "cd02");
    assert.equal(checksumIn(list, ".img"), undefined);
});

test("wanted are the images of the stacks that have this lock, each once", () => {
    assert.deepEqual(found(), []);
    fs.writeFileSync(path.join(folder, "stacks/Pulumi.trust.yaml"), "config:\n  fjord:kind: trust\n");
    stack("a", ["debian-12", "debian-12", own.name, "ubuntu-20.04", "no-such"], { images: [own] });
    stack("b", ["ubuntu-24.04", "debian-12"], { lock: "stacks/upstream.lock.json" });
    stack("c", ["debian-13"], { lock: "stacks/other.lock.json" });
    const named = ({ name, url, sums }: CatalogueImage) => ({ name, url, sums });
    assert.deepEqual(found(), [named(debian), own, named(ubuntu)]);
    stack("d", [own.name], { images: [{ ...own, url: "https://images.bgo.node/other.qcow2" }] });
    assert.throws(
        found,
        /"debian-12-hardened" is https:.*hardened.qcow2 in Pulumi.a.yaml and .*other.qcow2 in Pulumi.d.yaml: rename/,
    );
});

test("the example on guests wants the image that its machines name", () => {
    const images = wantedGuestImages(path.join(project, "stacks"), path.join(project, "stacks/upstream.lock.json"));
    assert.deepEqual(
        images.map(({ name }) => name),
        ["debian-12"],
    );
});

/** A lock of nothing but guest images; what else is wanted fails, and is not looked at. */
async function resolved(previous?: Lock) {
    const { lock, failures } = await resolveLock(wanted(), {
        detours,
        debian: "trixie",
        guestImages: found(),
        ...(previous && { previous }),
    });
    return { lock, failures: failures.filter((failure) => failure.startsWith("guestImages")) };
}

test("an image that cannot be read stays as the lock had it, or out of it; changed bytes are pointed at", async () => {
    stack("a", ["debian-12", own.name], { images: [own] });
    const first = await resolved();
    assert.deepEqual(first.failures, []);
    assert.deepEqual(Object.keys(first.lock.guestImages!), ["debian-12", own.name]);
    assert.deepEqual(lockChanges(first.lock, first.lock), []);

    bodies.set("/hardened.qcow2", disk("other"));
    const changes = lockChanges(first.lock, (await resolved(first.lock)).lock);
    assert.equal(changes.length, 1);
    assert.match(
        changes[0]!,
        /^guestImages.debian-12-hardened: https:.* \(its bytes have CHANGED from [0-9a-f]{64}; find out why/,
    );

    bodies.clear();
    const kept = await resolved(first.lock);
    assert.deepEqual(kept.lock.guestImages, first.lock.guestImages);
    assert.match(kept.failures.join("\n"), /guestImages.debian-12: https:.* answers 404 .*\(keeps what the lock had\)/);
    const without = await resolved();
    assert.ok(!("guestImages" in without.lock));
    assert.doesNotMatch(without.failures.join("\n"), /keeps/);

    stack("a", []);
    assert.deepEqual(lockChanges(first.lock, (await resolved(first.lock)).lock), [
        "guestImages.debian-12: no longer there",
        "guestImages.debian-12-hardened: no longer there",
    ]);
});

test("the command reads the images of its stacks, says which, and writes their checksums", async () => {
    stack("a", [own.name], { images: [own] });
    const from = [...detours].flatMap(([host, base]) => ["--from", `${host}=${base}`]);
    const args = ["--stacks", path.join(folder, "stacks"), "--out", lockFile(), "--allow-unresolved"];
    const command = ["--import", "tsx", "operations/lock.ts", ...from, ...args];
    const child = spawn(process.execPath, command, { cwd: project });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    assert.equal(await new Promise((done) => child.on("close", done)), 0, output);
    assert.match(output, /reading all of debian-12-hardened from https:\/\/images.bgo.node\/hardened.qcow2/);
    const { guestImages } = JSON.parse(fs.readFileSync(lockFile(), "utf8")) as Lock;
    const bytes = disk("hardened");
    assert.deepEqual(guestImages, { [own.name]: { url: own.url, sha256: sum("sha256", bytes), bytes: bytes.length } });
    assert.throws(
        () => readLock(lockFile()),
        (error: Error) => !error.message.includes("guestImages"),
    );
});
