import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, type TestContext } from "node:test";
import { imageNames } from "../../../infra/config/lock-file";
import { imageConfig, imageIndex } from "../../../lab/images/build";
import { packLayer, writeBlob } from "../../../lab/images/layer";
import { imageName, imageRecipe, labImages, registriesOf } from "../../../lab/images/recipes";
import { run } from "../../../lab/process";

function folder(t: TestContext): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

test("every image of the lock is built, and the sample application's", () => {
    assert.deepEqual([...labImages].sort(), [...imageNames, "payment-service"].sort());
    assert.deepEqual(registriesOf("registry.lab.node"), [
        "docker.io",
        "ghcr.io",
        "public.ecr.aws",
        "quay.io",
        "registry.k8s.io",
        "registry.lab.node",
    ]);
    assert.deepEqual(imageName("payment-service", "registry.lab.node"), {
        name: "registry.lab.node/payment-service",
        tag: "1.0.0",
    });
});

test("what is not upstream's program says so, in the lock and on the image", () => {
    const named = labImages.filter((name) => imageRecipe(name).standIn !== undefined);
    assert.deepEqual(named, ["pause", "flannel-cni-plugin", "argocd", "redis", "nginx-ingress"]);
    const config = JSON.stringify(imageConfig(imageRecipe("redis"), []));
    assert.match(config, /"org.opencontainers.image.description":"stand-in: Debian's redis-server/);
});

test("the same files give the same layer, whenever and wherever they were written", async (t) => {
    const dir = folder(t);
    const blobs = path.join(dir, "blobs");
    const make = (name: string, order: readonly string[]): string => {
        for (const file of order) {
            fs.mkdirSync(path.join(dir, name), { recursive: true });
            fs.writeFileSync(path.join(dir, name, file), file.repeat(1000));
            fs.chmodSync(path.join(dir, name, file), 0o644);
        }
        return path.join(dir, name);
    };
    const one = await packLayer(make("one", ["a", "b"]), blobs);
    fs.utimesSync(path.join(make("two", ["b", "a"]), "a"), 1, 1);
    const two = await packLayer(path.join(dir, "two"), blobs);
    assert.deepEqual(one, two);
    const file = path.join(blobs, one.digest.slice("sha256:".length));
    const bytes = fs.readFileSync(file);
    assert.equal(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, one.digest);
    assert.equal(bytes.length, one.size);
    assert.equal(await run("sh", ["-c", `zstd -dc ${file} | sha256sum`]), `${one.diffId.slice("sha256:".length)}  -`);
    fs.writeFileSync(path.join(dir, "two/a"), "other");
    assert.notEqual((await packLayer(path.join(dir, "two"), blobs)).digest, one.digest);
    assert.deepEqual(
        fs.readdirSync(blobs).filter((name) => !/^[0-9a-f]{64}$/.test(name)),
        [],
    );
});

test("configuration and index", (t) => {
    const layer = { digest: "sha256:1", diffId: "sha256:2", size: 3 };
    const config = imageConfig({ entries: {}, entrypoint: ["/x"], user: "999" }, [layer]) as {
        config: Record<string, unknown>;
        rootfs: { diff_ids: string[] };
    };
    assert.deepEqual(
        [config.config["Entrypoint"], config.config["User"], config.config["Labels"], config.rootfs.diff_ids],
        [["/x"], "999", undefined, ["sha256:2"]],
    );
    const blob = writeBlob(folder(t), "{}");
    assert.deepEqual(blob, { digest: `sha256:${createHash("sha256").update("{}").digest("hex")}`, size: 2 });
    const images = Object.fromEntries(
        labImages.map((name) => [name, { ...imageName(name, "own"), digest: "sha256:d" }]),
    ) as Parameters<typeof imageIndex>[0];
    assert.equal(imageIndex(images)["registry.k8s.io/coredns/coredns:v1.14.2"], "sha256:d");
});
