import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestPlan, GuestRecords, GuestRegion, outRecords, planGuests, recordsOf } from "../../../components/machines/libvirt/plan";
import { LibvirtMachine } from "../../../infra/config/types";
import { parseGuests } from "../../../infra/previous-guests";
import { guest, guestLock, guestRegion } from "../../fixtures/guests";

const images = guestLock.guestImages;
const plan = (region: GuestRegion, previous: GuestRecords = {}): GuestPlan => planGuests(region, images, previous);

function planned(region: GuestRegion, previous: GuestRecords = {}) {
    const result = plan(region, previous);
    assert.ok(result.ok, result.ok ? "" : result.problems.join("\n"));
    return result.guests;
}

function problems(region: GuestRegion, previous: GuestRecords = {}): readonly string[] {
    const result = plan(region, previous);
    assert.ok(!result.ok, "a problem was expected");
    return result.problems;
}

const edit = (region: GuestRegion, name: string, change: Partial<LibvirtMachine>): GuestRegion => ({
    ...region,
    machines: region.machines.map((machine) =>
        machine.kind === "libvirt" && machine.name === name ? { ...machine, ...change } : machine,
    ),
});

const controlPlanes: GuestRegion = {
    ...guestRegion,
    machines: ["cp-01", "cp-02", "cp-03"].map((name, index) => guest(name, `10.20.0.1${index}`)),
};

test("an output of the stack gives back what was recorded, and nothing that is not a record", () => {
    const records = recordsOf(planned(guestRegion));
    assert.deepEqual(parseGuests(JSON.parse(JSON.stringify(records))), records);
    assert.deepEqual(parseGuests({ ...records, other: { hypervisor: 1 }, none: null }), records);
    assert.deepEqual(parseGuests(undefined), {});
    assert.deepEqual(parseGuests("text"), {});
});

test("what it takes to change a guest: another system, or not", () => {
    const before = planned(guestRegion)[0]?.system;
    const after = (change: Partial<LibvirtMachine>) => planned(edit(guestRegion, "worker-01", change))[0]?.system;
    assert.equal(after({ plan: "nvme-32gb" }), before, "a plan restarts");
    assert.equal(after({ labels: { a: "b" } }), before);
    assert.notEqual(after({ image: "debian-13" }), before);
    assert.notEqual(after({ address: "10.20.0.99" }), before);
    assert.notEqual(after({ user: "root" }), before);
});

test("guests stay where the last run left them", () => {
    const records = recordsOf(planned(guestRegion));
    const elsewhere = Object.fromEntries(
        Object.entries(records).map(([name, record]) => [name, { ...record, hypervisor: record.hypervisor === "hv-01" ? "hv-02" : "hv-01" }]),
    );
    for (const previous of [records, elsewhere]) {
        for (const { machine, spec } of planned(guestRegion, previous)) {
            assert.equal(spec.hypervisor, previous[machine.name]?.hypervisor, machine.name);
        }
    }
});

test("only workers that exist have a turn", () => {
    const { "worker-02": _, ...previous } = recordsOf(planned(guestRegion));
    assert.deepEqual(
        planned(guestRegion, previous).map(({ machine, turn }) => [machine.name, turn]),
        [["worker-01", 0], ["worker-02", undefined], ["worker-03", 1]],
    );
});

test("a plan with a smaller disk is refused for a guest that stays, and not for one that is made anew", () => {
    const previous = recordsOf(planned(guestRegion));
    const smaller = edit(guestRegion, "worker-01", { plan: "nvme-8gb" });
    assert.match(problems(smaller, previous).join(), /worker-01: its disk has 160 GiB .* 80 GiB.*what to do/s);
    planned(edit(smaller, "worker-01", { image: "debian-13" }), previous);
});

test("control planes are made anew one at a time, and never the only one", () => {
    const previous = recordsOf(planned(controlPlanes));
    const one = edit(controlPlanes, "cp-02", { image: "debian-13" });
    planned(one, previous);
    assert.match(problems(edit(one, "cp-03", { image: "debian-13" }), previous).join(), /cp-02, cp-03 would be made anew in one run.*majority/);
    const alone = { ...controlPlanes, machines: controlPlanes.machines.slice(0, 1) };
    assert.match(
        problems(edit(alone, "cp-01", { image: "debian-13" }), recordsOf(planned(alone))).join(),
        /cp-01 is the only control plane/,
    );
    // A server that existed is a control plane like any other.
    const beside = { ...alone, machines: [...alone.machines, ...guestRegion.machines.filter(({ kind }) => kind === "existing")] };
    planned(edit(beside, "cp-01", { image: "debian-13" }), recordsOf(planned(beside)));
});

test("what is the same for all control planes is refused with a way out that works", () => {
    const previous = recordsOf(planned(controlPlanes));
    const network = { ...controlPlanes, guestNetwork: { ...guestRegion.guestNetwork!, gateway: "10.20.0.2" } };
    assert.match(problems(network, previous).join(), /cp-01, cp-02, cp-03 would .*fjord:guestNetwork .*put them back, or bring up a fresh region/s);

    // A newer build of an image in the lock: the one before stays under a name of the region's own.
    const before = images!["debian-12"]!;
    const newer = { ...images, "debian-12": { ...before, sha256: "ef".repeat(32) }, "debian-12-before": before };
    const refused = planGuests(controlPlanes, newer, previous);
    assert.match(refused.ok ? "" : refused.problems.join(), /declare the one that they have.* in fjord:images under another name/);
    const named = (names: readonly string[]) =>
        names.reduce((region, name) => edit(region, name, { image: "debian-12-before" }), controlPlanes);
    const kept = planGuests(named(["cp-01", "cp-02", "cp-03"]), newer, previous);
    assert.deepEqual(kept.ok && recordsOf(kept.guests), previous, "another name is no other image");
    const first = planGuests(named(["cp-02", "cp-03"]), newer, previous);
    assert.ok(first.ok);
    assert.deepEqual(
        first.guests.filter(({ machine, system }) => previous[machine.name]?.system !== system).map(({ machine }) => machine.name),
        ["cp-01"],
    );
});

/** A region with one of its guests out. */
function withOut(region: GuestRegion, name: string): GuestRegion {
    const isOut = (machine: GuestRegion["machines"][number]): machine is LibvirtMachine => machine.kind === "libvirt" && machine.name === name;
    return { ...region, machines: region.machines.filter((machine) => !isOut(machine)), outGuests: region.machines.filter(isOut) };
}

test("a guest that is out keeps its place, and its room from others", () => {
    const previous = recordsOf(planned(guestRegion));
    const out = withOut(guestRegion, "worker-02");
    const records = recordsOf(planned(out, previous), outRecords(out, previous));
    assert.deepEqual(records, { ...previous, "worker-02": { ...previous["worker-02"], out: true } });
    assert.deepEqual(recordsOf(planned(out, records), outRecords(out, records)), records, "also in a run after that");
    assert.deepEqual(parseGuests(JSON.parse(JSON.stringify(records))), records);

    // Room for one guest on each hypervisor: the place of the one that is out is not given away.
    const two: GuestRegion = {
        ...guestRegion,
        machines: [guest("worker-01", "10.20.0.31"), guest("worker-02", "10.20.0.32")],
        hypervisors: guestRegion.hypervisors.map((one) => ({ ...one, capacity: { ...one.capacity, vcpus: 6 } })),
    };
    const before = recordsOf(planned(two));
    const one = withOut(two, "worker-02");
    const kept = recordsOf(planned(one, before), outRecords(one, before));
    assert.match(problems({ ...one, machines: [...one.machines, guest("worker-03", "10.20.0.33")] }, kept).join(), /worker-03: no hypervisor has room/);
    planned({ ...one, outGuests: [], machines: [...one.machines, guest("worker-03", "10.20.0.33")] }, kept);
});

test("a guest that is back is made like a new one, where it was", () => {
    const previous = recordsOf(planned(controlPlanes));
    const out = withOut(controlPlanes, "cp-02");
    const records = recordsOf(planned(out, previous), outRecords(out, previous));
    const back = planned(edit(controlPlanes, "cp-02", { image: "debian-13", plan: "nvme-8gb" }), records);
    const returned = back.find(({ machine }) => machine.name === "cp-02");
    assert.equal(returned?.spec.hypervisor, previous["cp-02"]?.hypervisor);
    assert.ok(!("out" in recordsOf(back)["cp-02"]!));
    // It is not there to keep a majority, nor to wait for a turn.
    const alone = { ...controlPlanes, machines: controlPlanes.machines.slice(0, 2) };
    const one = withOut(alone, "cp-02");
    const left = recordsOf(planned(one, recordsOf(planned(alone))), outRecords(one, recordsOf(planned(alone))));
    assert.match(problems(edit(alone, "cp-01", { image: "debian-13" }), left).join(), /cp-01 is the only control plane/);
    const workers = withOut(guestRegion, "worker-01");
    const gone = recordsOf(planned(workers, recordsOf(planned(guestRegion))), outRecords(workers, recordsOf(planned(guestRegion))));
    assert.equal(planned(guestRegion, gone)[0]?.turn, undefined);
});

test("a place is not kept on a hypervisor that is gone, nor for a guest that never was", () => {
    const previous = recordsOf(planned(guestRegion));
    const out = withOut(guestRegion, "worker-02");
    assert.deepEqual(outRecords({ ...out, hypervisors: [] }, previous), {});
    assert.deepEqual(outRecords(out, {}), {});
});

test("a new region may have any number of control planes at once", () => {
    assert.equal(new Set(planned(controlPlanes).map(({ spec }) => spec.hypervisor)).size, 2);
});

test("every guest that finds no room is a problem", () => {
    const tight = { ...guestRegion, hypervisors: guestRegion.hypervisors.map((one) => ({ ...one, capacity: { ...one.capacity, vcpus: 6 } })) };
    assert.match(problems(tight).join("\n"), /worker-0\d.*hv-01.*hv-02/s);
});

test("limits of a plan's disk reach the guest", () => {
    const region = {
        ...edit(guestRegion, "worker-01", { plan: "nvme-slow" }),
        plans: [{ name: "nvme-slow", vcpus: 2, memory: guestRegion.hypervisors[0]!.capacity.memory, diskGiB: 40, io: { iops: 500, throughputMiBs: 100 } }],
    };
    assert.deepEqual(planned(region)[0]?.spec.io, { iopsSec: 500, bytesSec: 104_857_600 });
});
