import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { planNamed } from "../../../components/machines/plans";
import { parseReport, preflightChecks, PreflightReport, PreflightSubject } from "../../../components/nodes/preflight";
import { boundParams, formatReport, judge, Verdict } from "../../../components/nodes/report";
import { exampleRegion } from "./example";

const subject: PreflightSubject = {
    role: "control-plane",
    plan: planNamed("nvme-16gb"),
    bounds: exampleRegion.preflight,
    kubernetes: exampleRegion.kubernetes,
    containerd: "2.3.7-1",
};

/** A server as it should be; each test breaks one figure. */
const good: PreflightReport = {
    os: "debian-12",
    kernel: "6.1",
    architecture: "x86_64",
    virtualization: "kvm",
    cgroup: "2",
    cpus: "6",
    memory: "15990",
    swap: "0",
    disk: "100000",
    foreign: "none",
    firewall: "none",
    ports: "none",
    synchronised: "yes",
    clock: "0.4",
    fdatasync: "0.84",
    steal: "0.0",
};

function verdictOf(change: Partial<PreflightReport>, on: PreflightSubject = subject): Verdict | undefined {
    const [figure] = Object.keys(change);
    return judge({ ...good, ...change }, preflightChecks(on)).find((finding) => finding.figure === figure)?.verdict;
}

for (const [containerd, os, expected] of [
    ["2.3.7-1~debian.12~bookworm", "debian-12", "pass"],
    ["2.3.7-1~debian.13~trixie", "debian-12", "fail"],
    ["2.3.7-1~ubuntu.24.04~noble", "ubuntu-24.04", "pass"],
    ["2.3.7-1~ubuntu.24.04~noble", "debian-12", "fail"],
    ["2.3.7-1~debian.11~bullseye", "debian-11", "fail"],
] as const) {
    test(`a server with ${os} and containerd ${containerd}: ${expected}`, () => {
        assert.equal(verdictOf({ os }, { ...subject, containerd }), expected);
    });
}

test("a package for another release is named, with what to do", () => {
    const [found] = judge({ ...good, os: "debian-12" }, preflightChecks({ ...subject, containerd: "2.3.7-1~debian.13~trixie" })).filter(({ verdict }) => verdict === "fail");
    assert.match(`${found?.bound}: ${found?.fix}`, /debian-13: .*2\.3\.7-1~debian\.13~trixie.*npm run lock/);
});

test("a good server passes everything", () => {
    assert.deepEqual(
        judge(good, preflightChecks(subject)).filter((finding) => finding.verdict !== "pass"),
        [],
    );
});

for (const [change, expected] of [
    [{ os: "debian-11" }, "fail"],
    [{ os: "ubuntu-24.04" }, "pass"],
    [{ kernel: "5.4" }, "fail"],
    [{ kernel: "5.15" }, "pass"],
    [{ architecture: "aarch64" }, "fail"],
    [{ virtualization: "openvz" }, "fail"],
    [{ virtualization: "systemd-nspawn" }, "warn"],
    [{ virtualization: "none" }, "pass"],
    [{ cgroup: "1" }, "fail"],
    [{ cpus: "5" }, "fail"],
    [{ memory: "15400" }, "pass"],
    [{ memory: "15399" }, "fail"],
    [{ disk: "19000" }, "warn"],
    [{ disk: "4000" }, "fail"],
    [{ swap: "512" }, "fail"],
    [{ ports: "tcp:6443" }, "fail"],
    [{ firewall: "ufw, ip filter INPUT" }, "fail"],
    [{ firewall: "" }, "warn"],
    [{ foreign: "/etc/kubernetes/admin.conf" }, "fail"],
    [{ synchronised: "no" }, "warn"],
    [{ clock: "" }, "warn"],
    [{ clock: "150.0" }, "warn"],
    [{ clock: "1000.1" }, "fail"],
    [{ fdatasync: "5.00" }, "pass"],
    [{ fdatasync: "5.01" }, "warn"],
    [{ fdatasync: "10.01" }, "fail"],
    [{ steal: "3.1" }, "warn"],
    [{ steal: "10.1" }, "fail"],
] as const satisfies readonly (readonly [Partial<PreflightReport>, Verdict])[]) {
    test(`${JSON.stringify(change)} is a ${expected}`, () => assert.equal(verdictOf(change), expected));
}

test("cgroup 1 and swap are warnings only where the stack says so", () => {
    const lab = { ...subject, kubernetes: { failCgroupV1: false, ignorePreflightErrors: ["Swap"] } };
    assert.equal(verdictOf({ cgroup: "1" }, lab), "warn");
    assert.equal(verdictOf({ swap: "512" }, lab), "warn");
});

test("another firewall is a warning only where the stack says that it lets the region's ports in", () => {
    const open = { ...subject, bounds: { ...subject.bounds, otherFirewall: "warn" as const } };
    assert.equal(verdictOf({ firewall: "ufw" }, open), "warn");
    assert.equal(verdictOf({ firewall: "none" }, open), "pass");
    assert.ok(!boundParams(preflightChecks(open)).some((line) => line.startsWith("firewall|")));
});

test("etcd's disk is measured on control planes only", () => {
    assert.equal(verdictOf({ fdatasync: "99.0" }, { ...subject, role: "worker" }), undefined);
});

test("the machine gets exactly the bounds that fail, five fields each", () => {
    const checks = preflightChecks(subject);
    const lines = boundParams(checks);
    assert.equal(lines.length, checks.filter((check) => check.fail !== undefined).length);
    for (const line of lines) {
        assert.equal(line.split("|").length, 5, line);
    }
});

test("a worse fdatasync never gets a better verdict", () => {
    const rank: Record<Verdict, number> = { pass: 0, warn: 1, fail: 2 };
    const figure = fc.double({ min: 0, max: 50, noNaN: true });
    fc.assert(
        fc.property(figure, figure, (a, b) => {
            const [low, high] = [Math.min(a, b), Math.max(a, b)].map((value) =>
                verdictOf({ fdatasync: value.toFixed(2) })!,
            );
            assert.ok(rank[low!] <= rank[high!]);
        }),
    );
});

test("the report has a column a machine, marks what is not well, and says what to do", () => {
    const text = formatReport({
        "cp-01": judge(good, preflightChecks(subject)),
        "cp-02": judge({ ...good, fdatasync: "12.50" }, preflightChecks(subject)),
    });
    assert.match(text, /^preflight +cp-01 +cp-02$/m);
    assert.match(text, /^fdatasync p99 +0\.84 ms +12\.50 ms \(X\)$/m);
    assert.match(text, /^fail cp-02: fdatasync p99 is 12\.50 ms, should be at most 10 ms: /m);
    assert.doesNotMatch(text, /cp-01:/);
});

test("output that is no report names the machine", () => {
    assert.deepEqual(parseReport("cp-01.osl.node", JSON.stringify(good)), good);
    assert.throws(() => parseReport("cp-01.osl.node", "Last login: today"), /^Error: cp-01\.osl\.node: step preflight/);
});
