import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { nodeFiles, nspawnArguments } from "../../../lab/node";
import { labNode, planLab } from "../../../lab/plan";
import {
    recordedProcesses,
    run,
    runningPid,
    startProcess,
    startTime,
    stopProcess,
    succeeds,
} from "../../../lab/process";

const lab = planLab({ labsDir: "/labs" });
const node = labNode(lab, "cp-02");

test("a server's own files", () => {
    const keys = { operator: "ssh-ed25519 OPERATOR", hostPrivate: "PRIVATE", hostPublic: "ssh-ed25519 HOST" };
    const files = Object.fromEntries(
        nodeFiles(lab, node, keys, { aptKey: "-----BEGIN-----\n\nabc\n" }).map((file) => [file.path, file]),
    );
    assert.equal(files["/etc/hostname"]?.content, "cp-02.lab.node\n");
    assert.equal(files["/etc/resolv.conf"]?.content, "search lab.node\nnameserver 10.77.0.2\n");
    assert.match(files["/etc/hosts"]?.content ?? "", /^10\.77\.0\.12 cp-02\.lab\.node cp-02$/m);
    // In deb822 an empty line of a key is a dot, or the stanza would end there.
    assert.match(
        files["/etc/apt/sources.list.d/debian.sources"]?.content ?? "",
        /Signed-By:\n -----BEGIN-----\n \.\n abc\n/,
    );
    assert.deepEqual(
        [files["/etc/ssh/ssh_host_ed25519_key"]?.mode, files["/home/ops/.ssh/authorized_keys"]?.owner],
        [0o600, 1000],
    );
    assert.match(files["/etc/machine-id"]?.content ?? "", /^[0-9a-f]{32}\n$/);
    const other = nodeFiles(lab, labNode(lab, "cp-03"), keys, { suite: "trixie" }).find(
        (file) => file.path === "/etc/machine-id",
    );
    assert.notEqual(other?.content, files["/etc/machine-id"]?.content);
});

test("systemd-nspawn gets the workarounds of cgroup v1 only where there is v1", () => {
    const v1 = nspawnArguments(
        node,
        { cgroup: { version: 1, controllers: [], tracking: [] }, systemd: false, sysResource: false },
        ["/dev/kmsg"],
    );
    assert.ok(
        v1.includes("--tmpfs=/sys/fs/cgroup:mode=755") && v1.includes("--keep-unit") && v1.includes("--bind=/dev/kmsg"),
    );
    const v2 = nspawnArguments(
        node,
        { cgroup: { version: 2, controllers: [], tracking: [] }, systemd: true, sysResource: true },
        [],
    );
    assert.ok(!v2.some((word) => word.startsWith("--tmpfs")) && !v2.includes("--keep-unit"));
});

test("a process is recorded, found, and ended; a record of another process counts as gone", async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const log = path.join(dir, "log");
    const pid = startProcess(dir, "one", "sleep", ["60"], { log });
    assert.equal(runningPid(dir, "one"), pid);
    assert.equal(startProcess(dir, "one", "sleep", ["60"], { log }), pid, "started twice");
    assert.deepEqual(recordedProcesses(dir), ["one"]);
    fs.writeFileSync(path.join(dir, "two.json"), JSON.stringify({ pid, started: "1", command: "sleep" }));
    await stopProcess(dir, "two");
    assert.notEqual(startTime(pid), undefined, "a process that is not the recorded one was ended");
    await stopProcess(dir, "one");
    assert.equal(startTime(pid), undefined);
    assert.deepEqual(recordedProcesses(dir), []);
    assert.throws(
        () => startProcess(dir, "three", "/no/such/command", [], { log }),
        /three: cannot start \/no\/such\/command/,
    );
});

test("a command that fails names itself, its code, and the end of what it said", async () => {
    assert.equal(await run("cat", [], { input: "text\n" }), "text");
    await assert.rejects(run("sh", ["-c", "echo because >&2; exit 3"]), /sh -c .* ended with code 3\n {2}\| because/s);
    await assert.rejects(run("no-such-command", []), /no-such-command .*could not be run \(ENOENT\)/);
    await assert.rejects(run("sleep", ["5"], { timeout: 50 }), /did not end within 0.05 s/);
    assert.equal(await succeeds("false", []), false);
});
