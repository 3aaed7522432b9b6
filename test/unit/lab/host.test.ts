import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { cgroupPids, cgroupSetup, existingCgroups, makeCgroups, removeCgroups } from "../../../lab/cgroup";
import { hasSysResource, missingPackages } from "../../../lab/host";
import { mountsBelow } from "../../../lab/mounts";
import { collisions } from "../../../lab/network";
import { belongsTo } from "../../../lab/remains";

function folder(t: { after(work: () => void): void }): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

test("only what is missing is installed, each package once", () => {
    assert.deepEqual(
        missingPackages(() => true, true),
        [],
    );
    assert.deepEqual(
        missingPackages((command) => !command.startsWith("ssh"), true),
        ["openssh-client"],
    );
    assert.deepEqual(
        missingPackages((command) => command !== "systemd-nspawn", false),
        ["debian-archive-keyring", "systemd-container"],
    );
});

test("CAP_SYS_RESOURCE is read from the bounding set", () => {
    assert.equal(hasSysResource("CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"), true);
    assert.equal(hasSysResource("CapBnd:\t000001fffeffffff\n"), false);
    assert.equal(hasSysResource("Name:\tsh\n"), false);
});

test("cgroup v2 needs no folders of ours", (t) => {
    const root = folder(t);
    fs.writeFileSync(path.join(root, "cgroup.controllers"), "cpu memory");
    assert.deepEqual(cgroupSetup(root), { version: 2, controllers: [], tracking: [] });
    assert.throws(() => cgroupSetup(path.join(root, "nothing")), /no control groups below/);
});

test("with cgroup v1 a node gets a folder in every controller and in both trees of systemd", (t) => {
    const root = folder(t);
    for (const name of ["memory", "cpuset", "systemd", "unified", "net_cls"]) {
        fs.mkdirSync(path.join(root, name));
        fs.writeFileSync(path.join(root, name, "cgroup.procs"), "");
    }
    const setup = cgroupSetup(root);
    assert.deepEqual(
        setup.controllers.map((dir) => path.basename(dir)),
        ["cpuset", "memory"],
    );
    assert.deepEqual(
        setup.tracking.map((dir) => path.basename(dir)),
        ["systemd", "unified"],
    );
    fs.writeFileSync(path.join(root, "cpuset/cpuset.cpus"), "0-1\n");
    fs.writeFileSync(path.join(root, "cpuset/cpuset.mems"), "0\n");
    // The kernel makes these files; here the test does.
    for (const below of ["fjord", "fjord/lab", "fjord/lab/cp-01"]) {
        fs.mkdirSync(path.join(root, "cpuset", below), { recursive: true });
        fs.writeFileSync(path.join(root, "cpuset", below, "cpuset.cpus"), "\n");
        fs.writeFileSync(path.join(root, "cpuset", below, "cpuset.mems"), "\n");
    }
    const made = makeCgroups(setup, "fjord/lab/cp-01");
    assert.deepEqual(
        made,
        ["cpuset", "memory", "systemd", "unified"].map((name) => path.join(root, name, "fjord/lab/cp-01")),
    );
    assert.equal(fs.readFileSync(path.join(root, "cpuset/fjord/lab/cp-01/cpuset.cpus"), "utf8"), "0-1\n");
    fs.writeFileSync(path.join(root, "memory/fjord/lab/cp-01/cgroup.procs"), "12\n7\n");
    fs.writeFileSync(path.join(root, "systemd/fjord/lab/cp-01/cgroup.procs"), "7\n");
    assert.deepEqual(cgroupPids(setup, "fjord/lab"), [7, 12]);
});

test("removing control groups goes from the deepest up, and leaves other labs alone", (t) => {
    const root = folder(t);
    const setup = { version: 1, controllers: [path.join(root, "memory")], tracking: [] } as const;
    for (const below of ["fjord/lab/cp-01/kubepods/pod1", "fjord/lab/cp-02", "fjord/other/cp-01"]) {
        fs.mkdirSync(path.join(root, "memory", below), { recursive: true });
    }
    removeCgroups(setup, "fjord/lab");
    assert.deepEqual(existingCgroups(setup, "fjord/lab"), []);
    assert.equal(existingCgroups(setup, "fjord/other").length, 2);
    removeCgroups(setup, "fjord/lab");
});

test("mount points below a folder, deepest first, and no neighbour's", () => {
    const line = (point: string): string => `1 2 0:3 / ${point} rw - ext4 /dev/vda rw`;
    const text = ["/l/lab/nodes/a/root", "/l/lab/nodes/a/root/var", "/l/lab2/x", "/l/lab/nodes/b\\040c", "/"]
        .map(line)
        .join("\n");
    assert.deepEqual(mountsBelow(text, "/l/lab"), [
        "/l/lab/nodes/b c",
        "/l/lab/nodes/a/root/var",
        "/l/lab/nodes/a/root",
    ]);
});

test("a range that the host uses is seen, whichever of the two networks is the larger", () => {
    const lab = { range: "10.77.0.0/24", bridge: "fj-lab" };
    const at = (link: string, address: string, prefixLength: number) => ({ link, address, prefixLength });
    assert.equal(collisions(lab, [at("eth0", "10.77.0.9", 32)]).length, 1);
    assert.equal(collisions(lab, [at("eth0", "10.1.2.3", 8)]).length, 1);
    assert.equal(
        collisions(lab, [at("fj-lab", "10.77.0.1", 24), at("eth0", "10.77.1.1", 24), at("lo", "127.0.0.1", 8)]).length,
        0,
    );
});

test("what belongs to a lab is told apart by whole names", () => {
    const lab = { bridge: "fj-lab" };
    assert.deepEqual(
        ["fj-lab", "fj-lab-11", "fj-lab-cp-01", "fj-lab2", "fj-lab2-11", "eth0"].filter((name) => belongsTo(lab, name)),
        ["fj-lab", "fj-lab-11", "fj-lab-cp-01"],
    );
});
