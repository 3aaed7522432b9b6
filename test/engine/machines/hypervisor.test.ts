import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
    hypervisorChecks,
    HypervisorSubject,
    hypervisorStep,
    parseHypervisorReport,
} from "../../../components/machines/libvirt/hypervisor-checks";
import { judge } from "../../../components/nodes/report";
import { ScriptExit, ScriptMode } from "../../../components/remote/script";
import { mib, milliseconds, PreflightBounds } from "../../../infra/config/types";
import { bridge, pool, PrivateHypervisor } from "./private-hypervisor";
import type { Outcome } from "./private-root";

const bounds: PreflightBounds = {
    fdatasyncP99: { warn: milliseconds(500), fail: milliseconds(1000) },
    steal: { warn: 100, fail: 100 },
    clockOffset: { warn: milliseconds(1e6), fail: milliseconds(1e6) },
    otherFirewall: "fail",
};
/** What the hypervisor of the tests can hold: it has no KVM. */
const subject: HypervisorSubject = {
    pool,
    bridge,
    acceleration: "emulation",
    capacity: { vcpus: 1, memory: mib(256), diskGiB: 1 },
};

let hypervisor: PrivateHypervisor;
before(async () => {
    hypervisor = await PrivateHypervisor.start();
});
after(async () => hypervisor?.stop());

function measure(change: Partial<HypervisorSubject> = {}, mode: ScriptMode = "apply"): Outcome {
    const { script, params } = hypervisorStep({ ...subject, ...change }, bounds);
    return hypervisor.script(script, params, { mode });
}

test("a hypervisor is measured, and nothing is changed", () => {
    hypervisor.run(
        `cat >/run/db.xml <<XML
<domain type='qemu'><name>db-01</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>
XML
virsh -q -c qemu:///system define /run/db.xml`,
    );
    const files = hypervisor.files(pool);
    const { code, stdout, stderr } = measure();
    assert.equal(code, ScriptExit.ok, stderr);
    const report = parseHypervisorReport("hv-01", stdout);
    assert.match(report.libvirt, /^\d+\.\d+\.\d+$/);
    assert.match(report.qemu, /^\d+\.\d+\.\d+$/);
    assert.equal(report.tools, "none");
    assert.equal(report.daemon, "answers");
    assert.equal(report.kvm, "absent");
    assert.equal(report.domains, "db-01");
    assert.equal(report.bridge, "present");
    assert.equal(report.pool, "present");
    assert.equal(report.filesystem, "tmpfs");
    assert.match(report.fdatasync, /^\d+\.\d\d$/);
    assert.ok(Number(report.cpus) >= 1);
    const findings = judge({ ...report, unwanted: "none" }, hypervisorChecks(subject, bounds));
    assert.deepEqual(findings.filter(({ verdict }) => verdict === "fail"), []);
    assert.equal(findings.find(({ figure }) => figure === "kvm")?.verdict, "warn");
    assert.deepEqual(hypervisor.files(pool), files);
});

test("a pool that is not there is measured where it will be, and check measures as well", () => {
    const { code, stdout, stderr } = measure({ pool: "/var/lib/libvirt/images/other" }, "check");
    assert.equal(code, ScriptExit.ok, stderr);
    assert.equal(parseHypervisorReport("hv-01", stdout).pool, "to be made");
    assert.equal(hypervisor.exists("/var/lib/libvirt/images/other"), false);
});

test("all that is not as it has to be is said at once, with what to do", () => {
    const { code, stdout, stderr } = measure({
        acceleration: "kvm",
        bridge: "br7",
        pool: "/mnt/nvme/guests",
        capacity: { vcpus: 4096, memory: mib(1 << 30), diskGiB: 1 << 20 },
    });
    assert.equal(code, ScriptExit.failed);
    assert.equal(stdout, "");
    for (const message of [
        /kvm is absent, must be one of usable: turn on virtualization in the firmware/,
        /bridge is absent, must be one of present: make it.*ip link add br7 type bridge/,
        /pool is absent, and so is \/mnt\/nvme, must be .*install -d -m 0711 \/mnt\/nvme\/guests/,
        /cpus is \d+, must be at least 4096: the stack declares 4096 vcpus/,
        /memory is \d+ MiB, must be at least 1073741824 MiB/,
        /disk is \d+ MiB, must be at least 1073741824 MiB: the stack declares 1048576 GiB/,
    ]) {
        assert.match(stderr, message);
    }
});

test("a device node is not taken for KVM, nor any link for a bridge", () => {
    // It opens, and is no KVM.
    hypervisor.run("mknod /dev/kvm c 1 3");
    try {
        const { code, stderr } = measure({ acceleration: "kvm", bridge: "lo" });
        assert.equal(code, ScriptExit.failed);
        assert.match(stderr, /bridge is no bridge, must be one of present/);
        assert.match(stderr, /kvm is broken \(.*KVM.*\), must be one of usable/i);
    } finally {
        hypervisor.run("rm /dev/kvm");
    }
});

test("tools that are missing and a daemon that does not answer are said", () => {
    hypervisor.run("mkdir /run/empty; mount --bind /run/empty /usr/share/qemu/firmware; mv /run/libvirt/libvirt-sock /run/libvirt/aside");
    try {
        const { code, stderr } = measure();
        assert.equal(code, ScriptExit.failed);
        assert.match(stderr, /tools is ovmf, must be one of none: install them: apt-get install .*ovmf/);
        assert.match(stderr, /daemon is silent \(.*libvirt-sock.*\), must be one of answers: start it: systemctl/);
    } finally {
        hypervisor.run("umount /usr/share/qemu/firmware; mv /run/libvirt/aside /run/libvirt/libvirt-sock");
    }
});
