import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { Lock } from "../../../infra/config/lock";
import { LockError, readLock } from "../../../infra/config/lock-file";
import { directory, problems, project, region, set } from "./fixtures";

const good = path.join(directory, "stacks/upstream.lock.json");

/** Reads a changed copy of the lock, and gives the reasons why it is refused. */
function reasons(change: (lock: Record<string, Record<string, unknown>>) => unknown): readonly string[] {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-lock-"));
    const file = path.join(folder, "x.lock.json");
    try {
        const lock = JSON.parse(fs.readFileSync(good, "utf8"));
        const changed = change(lock);
        fs.writeFileSync(file, typeof changed === "string" ? changed : JSON.stringify(lock));
        readLock(file);
        return [];
    } catch (error) {
        assert.ok(error instanceof LockError);
        return error.reasons;
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

test("a complete lock is read", () => {
    const lock: Lock = readLock(good);
    assert.equal(lock.packages.kubelet, "1.36.4-1.1");
    assert.deepEqual(
        reasons(() => undefined),
        [],
    );
});

test("what is wrong with a lock is said, all at once", () => {
    const found = reasons((lock) => {
        lock["packages"]!["kubelet"] = "";
        lock["images"]!["etcd"] = { name: "registry.k8s.io/etcd", tag: "3.6.8-0", digest: "" };
        lock["images"]!["pause"] = { name: "registry.k8s.io/pause:3", tag: "3", digest: "sha256:12" };
        delete lock["files"]!["argocd-manifest"];
        lock["files"]!["other"] = {};
    });
    assert.deepEqual(found, [
        "packages.kubelet: is not resolved",
        "images.pause.name: is not registry/name without a tag",
        "images.pause.digest: is not a digest, sha256: and 64 hex digits",
        "images.etcd.digest: is not resolved",
        "files.argocd-manifest: Invalid input: expected object, received undefined",
        'files: Unrecognized key: "other"',
    ]);
    assert.match(reasons(() => "<<<<<<< HEAD").join(), /not JSON; a merge conflict/);
    assert.throws(() => readLock("/nowhere/x.lock.json"), /cannot be read: ENOENT[^]*npm run lock/);
});

test("the committed lock is whole, or says that it is not resolved and what to run", () => {
    try {
        readLock(path.join(project, "stacks/upstream.lock.json"));
    } catch (error) {
        assert.ok(error instanceof LockError);
        assert.deepEqual(
            error.reasons.filter((reason) => !reason.endsWith("is not resolved")),
            [],
        );
        assert.match(error.message, /npm run lock/);
    }
});

test("a stack and its lock are of one version", () => {
    assert.deepEqual(problems(set(region(), ["kubernetes", "version"], "1.36.5")), [
        "fjord:kubernetes.version: 1.36.5 is wanted, stacks/upstream.lock.json pins 1.36.4",
    ]);
    assert.deepEqual(problems(set(region(), ["lock"], "stacks/none.json")), [
        "fjord:lock: stacks/none.json: cannot be read: ENOENT",
    ]);
});
