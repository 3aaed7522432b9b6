import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestPlan, GuestRecords, GuestRegion, planGuests, recordsOf } from "../../../components/machines/libvirt/plan";
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
