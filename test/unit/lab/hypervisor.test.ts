import assert from "node:assert/strict";
import { test } from "node:test";
import { hypervisorFiles, hypervisorServer } from "../../../lab/hypervisor";
import { nodeFiles } from "../../../lab/node";
import { labNode, planLab } from "../../../lab/plan";
import { bareServer, mmdebstrapArguments, rootfsKey } from "../../../lab/rootfs";

const lab = planLab({ labsDir: "/labs", machines: ["cp-01"], hypervisors: ["hv-01"] });
const node = labNode(lab, "hv-01");

test("a hypervisor is a bare server with libvirt, QEMU and what its guests' disks and seeds are made with", () => {
    const [hypervisor, bare] = [hypervisorServer(), bareServer()];
    assert.deepEqual(hypervisor.packages.slice(0, bare.packages.length), bare.packages);
    assert.deepEqual(hypervisor.packages.slice(bare.packages.length), [
        "libvirt-daemon-system",
        "libvirt-clients",
        "qemu-system-x86",
        "qemu-utils",
        "ovmf",
        "genisoimage",
    ]);
    assert.ok(!bare.packages.some((name) => hypervisor.packages.indexOf(name) !== hypervisor.packages.lastIndexOf(name)));
    assert.notEqual(rootfsKey(hypervisor), rootfsKey(bare));
    assert.equal(hypervisorServer("trixie").suite, "trixie");
});

test("every part of a recipe changes the root file system's key", () => {
    const hypervisor = hypervisorServer();
    const others = [
        { ...hypervisor, files: { ...hypervisor.files, "/etc/libvirt/qemu.conf": "" } },
        { ...hypervisor, enabled: [] },
        { ...hypervisor, masked: [] },
        { ...hypervisor, mirrored: ["runc"] },
        { ...hypervisor, packages: [] },
        { ...hypervisor, suite: "trixie" },
    ];
    assert.equal(new Set([hypervisor, ...others].map(rootfsKey)).size, 7);
    assert.equal(rootfsKey({ ...hypervisor, title: "another" }), rootfsKey(hypervisor));
});

test("packages are fetched for the mirror only where a recipe has some", () => {
    const fetches = (words: readonly string[]): boolean => words.some((word) => word.includes("--download-only"));
    assert.ok(fetches(mmdebstrapArguments(bareServer(), "/r", "/d")));
    assert.ok(!fetches(mmdebstrapArguments(hypervisorServer(), "/r", "/d")));
    assert.deepEqual(mmdebstrapArguments(hypervisorServer("trixie"), "/r", "/d").slice(-2), ["trixie", "/r"]);
});

test("libvirt asks a container for nothing that it has not got", () => {
    const conf = hypervisorServer().files?.["/etc/libvirt/qemu.conf"] ?? "";
    for (const line of ["cgroup_controllers = []", "namespaces = []", 'security_driver = "none"', 'user = "root"']) {
        assert.ok(conf.split("\n").includes(line), line);
    }
});

test("the bridge has the server's own address and MAC, the cable none", () => {
    const files = hypervisorFiles(lab, node);
    assert.deepEqual(files["/etc/lab-bridge"]?.split("\n"), [
        "link add br0 address 02:00:0a:4d:00:c9 type bridge forward_delay 0",
        "link set eth0 master br0",
        "address flush dev eth0",
        "address add 10.77.0.201/24 dev br0",
        "link set br0 up",
        "route replace default via 10.77.0.1",
        "",
    ]);
    const unit = hypervisorServer().files?.["/etc/systemd/system/lab-bridge.service"] ?? "";
    assert.match(unit, /^ExecStart=\/sbin\/ip -batch \/etc\/lab-bridge$/m);
    assert.deepEqual(hypervisorServer().enabled, ["lab-bridge.service"]);
});

test("only a hypervisor gets the files of one", () => {
    const keys = { operator: "ssh-ed25519 OPERATOR", hostPrivate: "PRIVATE", hostPublic: "ssh-ed25519 HOST" };
    const has = (name: string): boolean =>
        nodeFiles(lab, labNode(lab, name), keys, { suite: "bookworm" }).some((file) => file.path === "/etc/lab-bridge");
    assert.deepEqual([has("hv-01"), has("cp-01")], [true, false]);
});
