import assert from "node:assert/strict";
import { test } from "node:test";
import {
    HypervisorReport,
    HypervisorSubject,
    hypervisorChecks,
    hypervisorStep,
    parseHypervisorReport,
    parseUnwanted,
} from "../../../components/machines/libvirt/hypervisor-checks";
import { judge, Verdict } from "../../../components/nodes/report";
import { mib, milliseconds, PreflightBounds } from "../../../infra/config/types";

const bounds: PreflightBounds = {
    fdatasyncP99: { warn: milliseconds(5), fail: milliseconds(10) },
    steal: { warn: 3, fail: 10 },
    clockOffset: { warn: milliseconds(100), fail: milliseconds(1000) },
    otherFirewall: "fail",
};
const subject: HypervisorSubject = {
    pool: "/var/lib/libvirt/images/fjord",
    bridge: "br0",
    acceleration: "kvm",
    capacity: { vcpus: 32, memory: mib(122880), diskGiB: 1600 },
};

/** A server as it should be; each test breaks one figure. */
const good: HypervisorReport = {
    cpu: "AMD EPYC 9354P 32-Core Processor",
    cpus: "64",
    memory: "128000",
    available: "120000",
    tools: "none",
    daemon: "answers",
    libvirt: "9.0.0",
    qemu: "7.2.22",
    domains: "db-01 no-oslo-1-worker-01",
    kvm: "usable",
    pool: "present",
    filesystem: "ext2/ext3",
    disk: "1800000",
    inodes: "1000000",
    direct: "yes",
    nvme: "yes",
    fdatasync: "0.12",
    synchronised: "yes",
    clock: "0.2",
    bridge: "present",
    filtered: "no",
    steal: "0.0",
    unwanted: "none",
};

function verdictOf(change: Partial<HypervisorReport>, on: Partial<HypervisorSubject> = {}): Verdict | undefined {
    const [figure] = Object.keys(change);
    const findings = judge({ ...good, ...change }, hypervisorChecks({ ...subject, ...on }, bounds));
    return findings.find((finding) => finding.figure === figure)?.verdict;
}

test("a good server passes everything", () => {
    assert.deepEqual(
        judge(good, hypervisorChecks(subject, bounds)).filter(({ verdict }) => verdict !== "pass"),
        [],
    );
});

for (const [change, expected] of [
    [{ tools: "ovmf" }, "fail"],
    [{ daemon: "silent (no such file)" }, "fail"],
    [{ unwanted: "no-oslo-1-worker-04" }, "warn"],
    [{ libvirt: "8.10.0" }, "fail"],
    [{ libvirt: "10.0.0" }, "pass"],
    [{ libvirt: "" }, "warn"],
    [{ qemu: "6.2.0" }, "fail"],
    [{ qemu: "7.2" }, "pass"],
    [{ qemu: "10.0.2" }, "pass"],
    [{ kvm: "absent" }, "fail"],
    [{ kvm: "broken (error: failed to set MSR 0x10a)" }, "fail"],
    [{ kvm: "" }, "warn"],
    [{ cpus: "32" }, "pass"],
    [{ cpus: "31" }, "fail"],
    [{ memory: "123904" }, "pass"],
    [{ memory: "123903" }, "warn"],
    [{ memory: "122879" }, "fail"],
    [{ available: "1023" }, "warn"],
    [{ disk: "1638400" }, "pass"],
    [{ disk: "1638399" }, "fail"],
    [{ pool: "to be made" }, "pass"],
    [{ pool: "absent, and so is /mnt/nvme" }, "fail"],
    [{ inodes: "" }, "pass"],
    [{ inodes: "999" }, "fail"],
    [{ direct: "no" }, "fail"],
    [{ nvme: "no" }, "warn"],
    [{ nvme: "" }, "warn"],
    [{ fdatasync: "5.01" }, "warn"],
    [{ fdatasync: "10.01" }, "fail"],
    [{ synchronised: "no" }, "warn"],
    [{ clock: "" }, "pass"],
    [{ clock: "100.1" }, "warn"],
    [{ clock: "1000.1" }, "fail"],
    [{ bridge: "absent" }, "fail"],
    [{ bridge: "no bridge" }, "fail"],
    [{ filtered: "yes" }, "warn"],
    [{ steal: "3.1" }, "warn"],
    [{ steal: "10.1" }, "fail"],
] as const satisfies readonly (readonly [Partial<HypervisorReport>, Verdict])[]) {
    test(`${JSON.stringify(change)} is a ${expected}`, () => assert.equal(verdictOf(change), expected));
}

test("where the stack says emulation, guests without KVM are a warning that says what they cost", () => {
    const emulation = { acceleration: "emulation" } as const;
    for (const kvm of ["absent", "broken (no words)"]) {
        assert.equal(verdictOf({ kvm }, emulation), "warn");
    }
    const findings = judge({ ...good, kvm: "absent" }, hypervisorChecks({ ...subject, ...emulation }, bounds));
    assert.match(findings.find(({ figure }) => figure === "kvm")?.fix ?? "", /8-10 times slower/);
});

test("messages hold the figures and names of the stack", () => {
    const fixes = (on: Partial<HypervisorSubject>): string =>
        hypervisorChecks({ ...subject, ...on }, bounds)
            .map(({ fix }) => fix)
            .join("\n");
    assert.match(fixes({ bridge: "br-guests" }), /ip link add br-guests type bridge/);
    assert.match(fixes({ pool: "/srv/guests" }), /install -d -m 0711 \/srv\/guests/);
    assert.match(fixes({}), /declares 32 vcpus/);
    assert.match(fixes({}), /declares 122880 MiB/);
    assert.match(fixes({}), /declares 1600 GiB/);
});

test("the hypervisor gets exactly the bounds that fail, five fields each", () => {
    const checks = hypervisorChecks(subject, bounds);
    const lines = hypervisorStep(subject, bounds).params["BOUNDS"] as readonly string[];
    assert.equal(lines.length, checks.filter((check) => check.fail !== undefined).length);
    for (const line of lines) {
        assert.equal(line.split("|").length, 5, line);
    }
});

test("a report is read, and anything else is an error that names the hypervisor", () => {
    const { unwanted: _unwanted, ...measured } = good;
    assert.deepEqual(parseHypervisorReport("hv-01", JSON.stringify(good)), measured);
    assert.throws(() => parseHypervisorReport("hv-01", "no JSON"), /hv-01: step hypervisor printed no report: .*hypervisor\.log/);
    const { kvm: _, ...rest } = good;
    assert.throws(() => parseHypervisorReport("hv-01", JSON.stringify(rest)), /hv-01/);
});

test("the guests that nobody wants are read from what the pool's script prints", () => {
    const printed = (unwanted: string) => JSON.stringify({ removed: "", unwanted, pruned: "" });
    assert.equal(parseUnwanted("hv-01", printed("")), "none");
    assert.equal(parseUnwanted("hv-01", printed("no-oslo-1-worker-04 no-oslo-1-worker-05")), "no-oslo-1-worker-04 no-oslo-1-worker-05");
    assert.throws(() => parseUnwanted("hv-01", ""), /hv-01: step pool printed no report/);
});
