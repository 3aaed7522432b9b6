import assert from "node:assert/strict";
import { test } from "node:test";
import { place, Placement, PlacementGuest, PlacementHypervisor } from "../../../components/machines/libvirt/placement";
import { mib } from "../../../infra/config/types";

const nowhere: ReadonlyMap<string, string> = new Map();

function hypervisor(name: string, vcpus = 16, gib = 64, diskGiB = 1000, vcpuRatio = 1): PlacementHypervisor {
    return { name, capacity: { vcpus, memory: mib(gib * 1024), diskGiB }, vcpuRatio };
}

function guest(name: string, change: Partial<PlacementGuest> = {}): PlacementGuest {
    const role = name.startsWith("cp") ? "control-plane" : "worker";
    return { name, role, vcpus: 4, memory: mib(8192), diskGiB: 80, ...change };
}

const three = [hypervisor("hv-01"), hypervisor("hv-02"), hypervisor("hv-03")];

/** Where everybody is. Fails where the placement has problems. */
function placed(placement: Placement): Record<string, string> {
    assert.ok(placement.ok, placement.ok ? "" : placement.problems.map((problem) => problem.message).join("\n"));
    return Object.fromEntries(placement.on);
}

function problemsOf(placement: Placement): readonly string[] {
    assert.ok(!placement.ok, "the placement has no problem");
    return placement.problems.map((problem) => problem.message);
}

test("three control planes and three workers use three hypervisors alike", () => {
    const guests = ["cp-01", "cp-02", "cp-03", "worker-01", "worker-02", "worker-03"].map((name) => guest(name));
    const on = placed(place(guests, three, nowhere));
    for (const role of ["cp", "worker"]) {
        assert.deepEqual(["01", "02", "03"].map((number) => on[`${role}-${number}`]).sort(), [
            "hv-01",
            "hv-02",
            "hv-03",
        ]);
    }
});

test("control planes are apart also where only one order of choice leads there", () => {
    // cp-01 fits everywhere and would like hv-02 best, which is the only one that can hold cp-02.
    const guests = [guest("cp-01"), guest("cp-02", { memory: mib(96 * 1024) })];
    const hypervisors = [hypervisor("hv-01"), hypervisor("hv-02", 64, 256, 4000)];
    assert.deepEqual(placed(place(guests, hypervisors, nowhere)), { "cp-01": "hv-01", "cp-02": "hv-02" });
});

test("control planes share only where they must", () => {
    const on = placed(place([guest("cp-01"), guest("cp-02"), guest("cp-03")], three.slice(0, 2), nowhere));
    assert.deepEqual([...new Set(Object.values(on))].sort(), ["hv-01", "hv-02"]);
});

test("a control plane that comes later keeps apart from those that are there, however large their hypervisors are", () => {
    const hypervisors = [hypervisor("hv-01", 256, 1024, 9000), hypervisor("hv-02"), hypervisor("hv-03")];
    const guests = ["cp-01", "cp-02", "cp-03", "cp-04"].map((name) => guest(name));
    const on = placed(place(guests, hypervisors, new Map([["cp-01", "hv-01"]])));
    assert.deepEqual([on["cp-02"], on["cp-03"]].sort(), ["hv-02", "hv-03"]);
    assert.equal(on["cp-04"], "hv-01");
});

test("a pin wins, and moves a guest", () => {
    const pinned = guest("worker-01", { pin: "hv-02" });
    assert.deepEqual(placed(place([pinned], three, nowhere)), { "worker-01": "hv-02" });
    assert.deepEqual(placed(place([pinned], three, new Map([["worker-01", "hv-01"]]))), { "worker-01": "hv-02" });
});

test("a guest that moves away leaves room for one that is pinned to where it was", () => {
    const guests = [guest("worker-01", { vcpus: 16, pin: "hv-02" }), guest("worker-02", { vcpus: 16, pin: "hv-01" })];
    const current = new Map([
        ["worker-01", "hv-01"],
        ["worker-02", "hv-02"],
    ]);
    assert.deepEqual(placed(place(guests, three, current)), { "worker-01": "hv-02", "worker-02": "hv-01" });
});

test("a guest whose hypervisor is gone is placed anew, and a guest that is gone takes no room", () => {
    const current = new Map([
        ["worker-01", "hv-00"],
        ["worker-09", "hv-01"],
    ]);
    const on = placed(place([guest("worker-01", { vcpus: 16 })], three.slice(0, 1), current));
    assert.deepEqual(on, { "worker-01": "hv-01" });
});

test("vcpus are given out by the ratio, memory and disk once", () => {
    const one = [hypervisor("hv-01", 45, 64, 1000, 1.4)];
    const guests = (count: number, change: Partial<PlacementGuest>) =>
        Array.from({ length: count }, (_, index) =>
            guest(`worker-${index}`, { memory: mib(64), diskGiB: 1, ...change }),
        );
    // 45 x 1.4 is 63, though not in floating point.
    assert.ok(place(guests(63, { vcpus: 1 }), one, nowhere).ok);
    assert.ok(!place(guests(64, { vcpus: 1 }), one, nowhere).ok);
    assert.ok(!place(guests(2, { vcpus: 1, memory: mib(32 * 1024 + 1) }), one, nowhere).ok);
    assert.ok(!place(guests(2, { vcpus: 1, diskGiB: 501 }), one, nowhere).ok);
});

test("a worker goes where most of the scarcest resource is left", () => {
    const hypervisors = [hypervisor("hv-01", 64, 32), hypervisor("hv-02", 16, 64)];
    assert.deepEqual(placed(place([guest("worker-01", { vcpus: 1 })], hypervisors, nowhere)), { "worker-01": "hv-02" });
    assert.deepEqual(placed(place([guest("worker-01", { memory: mib(64) })], hypervisors, nowhere)), {
        "worker-01": "hv-01",
    });
});

test("equals are told apart by both names: no hypervisor is always the first", () => {
    const chosen = Array.from(
        { length: 60 },
        (_, index) => placed(place([guest(`w-${index}`)], three, nowhere))[`w-${index}`],
    );
    for (const { name } of three) {
        assert.ok(chosen.filter((one) => one === name).length > 8, `${name} was chosen too seldom`);
    }
});

test("a guest that fits nowhere is told why not on each hypervisor, with figures", () => {
    const hypervisors = [hypervisor("hv-01", 2), hypervisor("hv-02", 16, 4, 50)];
    assert.deepEqual(problemsOf(place([guest("worker-01")], hypervisors, nowhere)), [
        [
            "worker-01: no hypervisor has room for it; it asks for 4 vcpus, 8192 MiB of memory and 80 GiB of disk",
            "  hv-01: 2 of 2 vcpus free, 4 asked for",
            "  hv-02: 4096 of 4096 MiB of memory free, 8192 asked for; 50 of 50 GiB of disk free, 80 asked for",
            "  what to do: add a hypervisor, raise a capacity that is lower than what the host has, choose a smaller plan, or pin guests that are not made yet so that one hypervisor stays free for this one",
        ].join("\n"),
    ]);
    assert.match(
        problemsOf(place([guest("worker-01")], [], nowhere))[0] ?? "",
        /the stack has no hypervisor\n {2}what to do: /,
    );
});

test("a pin to no hypervisor names the one that was meant, or all of them", () => {
    const [typo] = problemsOf(place([guest("worker-01", { pin: "hv-1" })], three, nowhere));
    assert.match(typo ?? "", /^worker-01: it is pinned to hv-1, which is no hypervisor of the stack;/);
    assert.match(typo ?? "", /\n {2}hv-03: has room\n {2}what to do: write hv-0\d in place of hv-1,/);
    const [far] = problemsOf(place([guest("worker-01", { pin: "elsewhere" })], three, nowhere));
    assert.match(far ?? "", /\(it has hv-01, hv-02, hv-03\)/);
});

test("a pin to a full hypervisor names those with room", () => {
    const guests = [guest("worker-01", { vcpus: 14 }), guest("worker-02", { pin: "hv-01" })];
    const [problem] = problemsOf(place(guests, three, new Map([["worker-01", "hv-01"]])));
    assert.match(problem ?? "", /^worker-02: it is pinned to hv-01, which has no room for it;/);
    assert.match(problem ?? "", /\n {2}hv-01: 2 of 16 vcpus free, 4 asked for\n {2}hv-02: has room\n/);
    assert.match(problem ?? "", /what to do: pin it to hv-02 or hv-03, or leave the pin out$/);
});

test("a capacity below what runs is a problem, and moves nobody", () => {
    const guests = [guest("worker-01"), guest("worker-02", { memory: mib(16384) })];
    const current = new Map(guests.map((one) => [one.name, "hv-01"]));
    const [problem] = problemsOf(place(guests, [hypervisor("hv-01", 7, 20), hypervisor("hv-02")], current));
    assert.equal(
        problem,
        [
            "hv-01: its guests (worker-01, worker-02) have 8 vcpus, 24576 MiB of memory and 160 GiB of disk, which is more than its capacity; none of them is moved for that",
            "  hv-01: 1 vcpu over its 7; 4096 MiB of memory over its 20480",
            "  hv-02: has room",
            "  what to do: raise the capacity of hv-01 if the host has more, or move a guest by a pin, which makes it anew: hv-02 can hold worker-01",
        ].join("\n"),
    );
    const asked = guests.map((one) => (one.name === "worker-01" ? { ...one, pin: "hv-02" } : one));
    const on = placed(place(asked, [hypervisor("hv-01", 7, 20), hypervisor("hv-02")], current));
    assert.deepEqual(on, { "worker-01": "hv-02", "worker-02": "hv-01" });
});

test("all problems are reported at once", () => {
    const guests = [
        guest("worker-01", { pin: "hv-09" }),
        guest("worker-02", { vcpus: 99 }),
        guest("cp-01", { memory: mib(1 << 20) }),
    ];
    assert.equal(problemsOf(place(guests, three, nowhere)).length, 3);
});
