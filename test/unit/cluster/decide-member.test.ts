import assert from "node:assert/strict";
import { test } from "node:test";
import { decideLastLeave, decideLeave, decideMember, Standing, Wanted } from "../../../components/cluster/decide";
import { ca, etcdMember, memberHolding, node, nothing } from "./fixtures";

const fqdn = "cp-01.osl.node";
const wanted: Wanted = { region: "no-oslo-1", fqdn, role: "control-plane", version: "1.36.4", settings: "s1" };
const asWorker: Wanted = { ...wanted, role: "worker" };
const standing: Standing = { ca, node: node(fqdn), etcd: [etcdMember(fqdn, 11)] };
const absent: Standing = { ca, etcd: [] };
const freshJoin = { do: "join", reset: false, waitForSilence: false, removeNode: false, removeEtcd: [] };

test("a member is left alone, also before the network makes it Ready", () => {
    assert.deepEqual(decideMember(wanted, memberHolding(), standing), { do: "nothing" });
    assert.deepEqual(decideMember(asWorker, memberHolding(), { ca, node: node(fqdn, { ready: false }), etcd: [] }), {
        do: "nothing",
    });
});

test("an empty machine joins", () => {
    assert.deepEqual(decideMember(wanted, nothing, absent), freshJoin);
});

test("a replaced machine takes its stale traces out first, and waits while another runs under its name", () => {
    assert.deepEqual(decideMember(wanted, nothing, { ...standing, node: node(fqdn, { ready: false }) }), {
        ...freshJoin,
        removeNode: true,
        removeEtcd: ["a11"],
    });
    assert.deepEqual(decideMember(asWorker, nothing, { ca, node: node(fqdn), etcd: [] }), {
        ...freshJoin,
        removeNode: true,
        waitForSilence: true,
    });
});

test("leftovers of an interrupted join are reset; nobody is waited for, since it is this machine that goes silent", () => {
    const half = { ...nothing, started: { verb: "join", region: "no-oslo-1" } as const, credentials: true, ca };
    assert.deepEqual(decideMember(wanted, half, { ...standing, etcd: [etcdMember("", 11, { learner: true })] }), {
        do: "join",
        reset: true,
        waitForSilence: false,
        removeNode: true,
        removeEtcd: ["a11"],
    });
});

test("a member whose etcd membership, node or CA is not the cluster's joins anew", () => {
    assert.equal(decideMember(wanted, memberHolding(), { ...standing, etcd: [] }).do, "join");
    assert.equal(decideMember(asWorker, memberHolding(), absent).do, "join");
    assert.deepEqual(decideMember(asWorker, memberHolding({ ca: "of a lost cluster" }), absent), {
        ...freshJoin,
        reset: true,
    });
});

test("machines of others are refused", () => {
    assert.equal(decideMember(wanted, { ...nothing, credentials: true }, absent).do, "refuse");
    assert.equal(
        decideMember(wanted, memberHolding({ completed: { region: "other", settings: "s1" } }), absent).do,
        "refuse",
    );
});

test("a patch version and settings roll, a minor version is refused with the reason", () => {
    assert.deepEqual(decideMember({ ...wanted, version: "1.36.5" }, memberHolding(), standing), {
        do: "roll",
        version: { from: "1.36.4", to: "1.36.5" },
    });
    assert.deepEqual(decideMember({ ...wanted, settings: "s2" }, memberHolding(), standing), {
        do: "roll",
        settings: true,
    });
    const refusal = decideMember({ ...wanted, version: "1.37.1" }, memberHolding(), standing);
    assert.equal(refusal.do, "refuse");
    assert.match(refusal.do === "refuse" ? `${refusal.problem} ${refusal.fix}` : "", /1\.36\.4.*1\.37\.1.*1\.36\.x/);
});

const leaving = { fqdn: "worker-01", nodeAddress: "10.0.0.21", role: "worker" } as const;

test("a worker is drained where its pods have somewhere to go, and not where there is nobody", () => {
    const plan = decideLeave(leaving, { nodes: [node("worker-01"), node("worker-02")], etcd: [] });
    assert.deepEqual(plan, { do: "leave", drain: true, removeEtcd: [], deleteNode: true });
    const taint = { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" };
    for (const other of [
        node("cp-01", { taints: [taint] }),
        node("worker-02", { ready: false }),
        node("worker-02", { unschedulable: true }),
    ]) {
        const last = decideLeave(leaving, { nodes: [node("worker-01"), other], etcd: [] });
        assert.match(last.do === "leave" && last.drain !== true ? last.drain.skipped : "", /no other node/);
    }
});

test("a machine that the cluster does not know, or that is dead, is not drained", () => {
    assert.deepEqual(decideLeave(leaving, { nodes: [node("worker-02")], etcd: [] }), {
        do: "leave",
        drain: { skipped: "the cluster has no node of that name" },
        removeEtcd: [],
        deleteNode: false,
    });
    const dead = decideLeave(leaving, { nodes: [node("worker-01", { ready: false }), node("worker-02")], etcd: [] });
    assert.notEqual(dead.do === "leave" && dead.drain, true);
});

test("a control plane leaves etcd, unless that would end the cluster", () => {
    const cp = { fqdn: "cp-03", nodeAddress: "10.0.0.13", role: "control-plane" } as const;
    const nodes = [node("cp-03")];
    const three = [etcdMember("cp-01", 11), etcdMember("cp-02", 12), etcdMember("cp-03", 13)];
    const plan = decideLeave(cp, { nodes, etcd: three });
    assert.deepEqual(plan.do === "leave" && plan.removeEtcd, ["a13"]);
    const refusal = decideLeave(cp, {
        nodes,
        etcd: [etcdMember("cp-01", 11), etcdMember("cp-02", 12, { healthy: false }), etcdMember("cp-03", 13)],
    });
    assert.match(refusal.do === "refuse" ? refusal.fix : "", /FJORD_GIVE_UP_CLUSTER/);
});

for (const [what, nodes, etcd, expected] of [
    ["a region goes, and it is alone", ["cp-01"], [11], undefined],
    ["a lost worker's node was deleted, its own too", [], [11], undefined],
    ["it never began", [], [], undefined],
    ["the other control planes have just left, the workers are still there", ["cp-01", "worker-01", "worker-02"], [11], /last control plane .* still has nodes: worker-01, worker-02$/],
    ["many workers are there", ["cp-01", "w1", "w2", "w3", "w4", "w5", "w6", "w7"], [11], /w5 and 2 more$/],
    ["the others are there, but do not answer here", ["cp-01", "cp-02"], [11, 12], /etcd has 1 other members/],
] as const) {
    test(`the last control plane that answers leaves: ${what}`, () => {
        const refusal = decideLastLeave("cp-01", {
            nodes: nodes.map((name) => node(name)),
            etcd: etcd.map((last) => etcdMember(`cp-${last}`, last)),
        });
        assert.ok(expected ? expected.test(refusal?.problem ?? "") : refusal === undefined, refusal?.problem);
        assert.match(refusal?.fix ?? "FJORD_GIVE_UP_CLUSTER", /FJORD_GIVE_UP_CLUSTER/);
    });
}
