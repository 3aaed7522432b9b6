import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { place, PlacementGuest, PlacementHypervisor } from "../../../components/machines/libvirt/placement";
import { mib } from "../../../infra/config/types";

const nowhere: ReadonlyMap<string, string> = new Map();
const hypervisorName = (index: number): string => `hv-${String(index).padStart(2, "0")}`;
const share = { vcpus: 4, memory: 16, diskGiB: 100 };

const anyHypervisors: fc.Arbitrary<readonly PlacementHypervisor[]> = fc
    .array(
        fc.record({
            scale: fc.integer({ min: 1, max: 8 }),
            lean: fc.integer({ min: 0, max: 2 }),
            vcpuRatio: fc.constantFrom(1, 1.15, 1.5, 2, 3),
        }),
        { minLength: 1, maxLength: 6 },
    )
    .map((all) =>
        all.map(({ scale, lean, vcpuRatio }, index) => ({
            name: hypervisorName(index),
            capacity: {
                vcpus: share.vcpus * scale + lean,
                memory: mib(share.memory * scale * 1024),
                diskGiB: share.diskGiB * scale,
            },
            vcpuRatio,
        })),
    );

const anyGuests = (pins: fc.Arbitrary<number | undefined>): fc.Arbitrary<readonly PlacementGuest[]> =>
    fc
        .array(
            fc.record({
                role: fc.constantFrom("control-plane" as const, "worker" as const),
                size: fc.constantFrom(1, 1, 1, 2, 3),
                pin: pins,
            }),
            { maxLength: 12 },
        )
        .map((all) =>
            all.map(({ role, size, pin }, index) => ({
                name: `${role}-${String(index).padStart(2, "0")}`,
                role,
                vcpus: 2 * size,
                memory: mib(4096 * size),
                diskGiB: 40 * size,
                ...(pin === undefined ? {} : { pin: hypervisorName(pin) }),
            })),
        );

const noPins = anyGuests(fc.constant(undefined));
const somePins = anyGuests(fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 4 }));

/** Guests with where they were, which may be nowhere or on a hypervisor that is gone. */
const anyCurrent = (guests: readonly PlacementGuest[]): fc.Arbitrary<ReadonlyMap<string, string>> =>
    fc
        .array(fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined }), {
            minLength: guests.length,
            maxLength: guests.length,
        })
        .map(
            (places) =>
                new Map(
                    guests.flatMap(({ name }, index) => {
                        const at = places[index];
                        return at === undefined ? [] : [[name, hypervisorName(at)] as const];
                    }),
                ),
        );

const anyRegion = somePins.chain((guests) => fc.tuple(fc.constant(guests), anyHypervisors, anyCurrent(guests)));

/** What is used of each kind on a hypervisor. */
function usedOn(name: string, guests: readonly PlacementGuest[], on: ReadonlyMap<string, string>) {
    const there = guests.filter((guest) => on.get(guest.name) === name);
    const sum = (key: "vcpus" | "memory" | "diskGiB") => there.reduce((total, guest) => total + guest[key], 0);
    return { vcpus: sum("vcpus"), memory: sum("memory"), diskGiB: sum("diskGiB") };
}

function controlPlaneCounts(
    guests: readonly PlacementGuest[],
    hypervisors: readonly PlacementHypervisor[],
    on: ReadonlyMap<string, string>,
): readonly number[] {
    return hypervisors.map(
        ({ name }) => guests.filter((guest) => guest.role === "control-plane" && on.get(guest.name) === name).length,
    );
}

/** All ways to give each guest a hypervisor of its own that could hold it alone, by trying them. */
function canBeApart(guests: readonly PlacementGuest[], hypervisors: readonly PlacementHypervisor[]): boolean {
    const [first, ...rest] = guests;
    return (
        first === undefined ||
        hypervisors.some(
            ({ name, capacity, vcpuRatio }) =>
                first.vcpus <= capacity.vcpus * vcpuRatio + 1e-9 &&
                first.memory <= capacity.memory &&
                first.diskGiB <= capacity.diskGiB &&
                canBeApart(
                    rest,
                    hypervisors.filter((other) => other.name !== name),
                ),
        )
    );
}

test("everybody is on a hypervisor of the stack, by the pin where there is one, and none has more than it can give", () => {
    let successes = 0;
    fc.assert(
        fc.property(anyRegion, ([guests, hypervisors, current]) => {
            const placement = place(guests, hypervisors, current);
            if (!placement.ok) {
                return;
            }
            successes += 1;
            assert.deepEqual([...placement.on.keys()], guests.map((guest) => guest.name).sort());
            for (const { name, pin } of guests) {
                assert.ok(hypervisors.some((one) => one.name === placement.on.get(name)));
                assert.ok(pin === undefined || placement.on.get(name) === pin);
            }
            for (const { name, capacity, vcpuRatio } of hypervisors) {
                const used = usedOn(name, guests, placement.on);
                assert.ok(used.vcpus <= capacity.vcpus * vcpuRatio + 1e-6, `vcpus of ${name}`);
                assert.ok(used.memory <= capacity.memory, `memory of ${name}`);
                assert.ok(used.diskGiB <= capacity.diskGiB, `disk of ${name}`);
            }
        }),
        { numRuns: 600 },
    );
    assert.ok(successes > 60, `only ${successes} regions could be placed: the property says little`);
});

test("control planes are apart wherever that is possible", () => {
    fc.assert(
        fc.property(noPins, anyHypervisors, (guests, hypervisors) => {
            const controlPlanes = guests.filter((guest) => guest.role === "control-plane");
            const placement = place(guests, hypervisors, nowhere);
            if (placement.ok && canBeApart(controlPlanes, hypervisors)) {
                assert.ok(controlPlaneCounts(guests, hypervisors, placement.on).every((count) => count <= 1));
            }
        }),
        { numRuns: 500 },
    );
});

test("control planes that must share are spread evenly", () => {
    fc.assert(
        fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 }), (count, hosts) => {
            const guests: PlacementGuest[] = Array.from({ length: count }, (_, index) => ({
                name: `cp-${index}`,
                role: "control-plane",
                vcpus: 2,
                memory: mib(1024),
                diskGiB: 10,
            }));
            const hypervisors = Array.from({ length: hosts }, (_, index) => ({
                name: hypervisorName(index),
                // Unequal, so that the largest would have most left for long.
                capacity: { vcpus: 100 * (index + 1), memory: mib(102_400 * (index + 1)), diskGiB: 1000 * (index + 1) },
                vcpuRatio: 1,
            }));
            const placement = place(guests, hypervisors, nowhere);
            assert.ok(placement.ok);
            const counts = controlPlaneCounts(guests, hypervisors, placement.on);
            assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(" "));
        }),
    );
});

test("nobody who is somewhere moves without a pin, whoever comes and goes", () => {
    fc.assert(
        fc.property(anyRegion, ([guests, hypervisors, current]) => {
            const placement = place(guests, hypervisors, current);
            if (!placement.ok) {
                return;
            }
            for (const { name, pin } of guests) {
                const at = current.get(name);
                const stays = pin === undefined && hypervisors.some((one) => one.name === at);
                assert.ok(!stays || placement.on.get(name) === at, name);
            }
        }),
        { numRuns: 600 },
    );
});

test("a region that was placed stays placed: again, with another hypervisor, and with a guest less", () => {
    fc.assert(
        fc.property(somePins, anyHypervisors, fc.nat(), (guests, hypervisors, pick) => {
            const before = place(guests, hypervisors, nowhere);
            if (!before.ok) {
                return;
            }
            assert.deepEqual(place(guests, hypervisors, before.on), before);
            const another = { ...hypervisors[0]!, name: "hv-99" };
            assert.deepEqual(place(guests, [another, ...hypervisors], before.on), before);
            const fewer = guests.filter((_, index) => index !== pick % Math.max(1, guests.length));
            const after = place(fewer, hypervisors, before.on);
            assert.ok(after.ok);
            assert.ok([...after.on].every(([name, at]) => before.on.get(name) === at));
        }),
    );
});

test("without a memory too, a worker that is last by name moves nobody", () => {
    fc.assert(
        fc.property(noPins, anyHypervisors, (guests, hypervisors) => {
            const before = place(guests, hypervisors, nowhere);
            const last: PlacementGuest = { name: "zz", role: "worker", vcpus: 2, memory: mib(4096), diskGiB: 40 };
            const after = place([...guests, last], hypervisors, nowhere);
            if (before.ok && after.ok) {
                assert.deepEqual(
                    [...after.on].filter(([name]) => name !== "zz"),
                    [...before.on],
                );
            }
            assert.ok(before.ok || !after.ok, "one guest more made room");
        }),
        { numRuns: 300 },
    );
});

test("the order of lists decides nothing", () => {
    const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
    fc.assert(
        fc.property(
            anyRegion.chain(([guests, hypervisors, current]) =>
                fc.tuple(
                    fc.constant(place(guests, hypervisors, current)),
                    shuffled(guests),
                    shuffled(hypervisors),
                    shuffled([...current]),
                ),
            ),
            ([expected, guests, hypervisors, current]) => {
                const actual = place(guests, hypervisors, new Map(current));
                assert.deepEqual(actual, expected);
                assert.ok(!actual.ok || !expected.ok || [...actual.on].join() === [...expected.on].join());
            },
        ),
        { numRuns: 300 },
    );
});

test("every problem explains every hypervisor, says what to do, and is never without a reason", () => {
    let failures = 0;
    fc.assert(
        fc.property(anyRegion, ([guests, hypervisors, current]) => {
            const placement = place(guests, hypervisors, current);
            if (placement.ok) {
                return;
            }
            failures += 1;
            assert.ok(placement.problems.length > 0);
            for (const problem of placement.problems) {
                assert.deepEqual(
                    problem.hypervisors.map((one) => one.hypervisor),
                    hypervisors.map((one) => one.name),
                );
                for (const { hypervisor, missing } of problem.hypervisors) {
                    assert.match(
                        problem.message,
                        new RegExp(`^ {2}${hypervisor}: .*${missing.length > 0 ? "\\d" : "has room"}`, "m"),
                    );
                }
                const lacking = (name: string) =>
                    problem.hypervisors.some((one) => one.hypervisor === name && one.missing.length > 0);
                switch (problem.kind) {
                    case "no-room":
                        assert.ok(hypervisors.every(({ name }) => lacking(name)));
                        break;
                    case "pinned-without-room":
                        assert.ok(lacking(problem.pin));
                        break;
                    case "over-capacity":
                        assert.ok(lacking(problem.hypervisor));
                        // Only what was there before can be too much: nobody is placed where there is no room.
                        assert.ok(problem.guests.every((name) => current.get(name) === problem.hypervisor));
                        break;
                    case "unknown-pin":
                        assert.ok(hypervisors.every(({ name }) => name !== problem.pin));
                        break;
                }
                assert.match(problem.message, /\n {2}what to do: .+$/);
            }
        }),
        { numRuns: 500 },
    );
    assert.ok(failures > 60, `only ${failures} regions had a problem: the property says little`);
});
