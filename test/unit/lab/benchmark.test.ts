import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { comparisons, formatComparisons, type Measured, spread, type Way } from "../../../lab/benchmark/figures";
import { availableMemory } from "../../../lab/benchmark/memory";

const run = (way: Way, seconds: number, milestones: Record<string, number> = {}): Measured => ({
    way,
    seconds,
    milestones,
    phases: { "trust stack": 5 },
    peakMemory: 1000,
    disk: 2000,
});

test("the median of an odd number of figures is one of them, of an even number the middle of two", () => {
    assert.deepEqual(spread([9, 1, 5]), { min: 1, median: 5, max: 9 });
    assert.deepEqual(spread([4, 1, 3, 2]), { min: 1, median: 2.5, max: 4 });
    assert.deepEqual(spread([7]), { min: 7, median: 7, max: 7 });
    assert.throws(() => spread([]), /at least one run/);
});

test("as many figures lie above the median as below it", () => {
    fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), (figures) => {
            const { min, median, max } = spread(figures);
            assert.ok(min <= median && median <= max);
            assert.ok(figures.filter((figure) => figure < median).length <= figures.length / 2);
            assert.ok(figures.filter((figure) => figure > median).length <= figures.length / 2);
        }),
    );
});

test("the ratio is that of the medians; what only one way has gets none", () => {
    const runs = [
        run("pulumi up", 110, { begun: 40 }),
        run("by hand", 100, { "first server": 20 }),
        run("pulumi up", 130, { begun: 50 }),
        run("by hand", 100),
    ];
    const { region, milestones } = comparisons(runs);
    assert.equal(region.ratio, 1.2);
    assert.deepEqual(milestones.map(({ name, ratio }) => [name, ratio]), [["begun", undefined], ["first server", undefined]]);
    assert.match(formatComparisons(runs), /region in all \[s\] +110\.0 +120\.0 +130\.0 +100\.0 +100\.0 +100\.0 +1\.20$/m);
});

test("available memory is the kernel's own judgement, in MiB", () => {
    assert.equal(availableMemory("MemTotal:  4096 kB\nMemAvailable:    2048 kB\n"), 2);
    assert.throws(() => availableMemory("MemFree: 1 kB\n"), /MemAvailable/);
});
