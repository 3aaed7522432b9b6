import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { atMost } from "../../../components/remote/at-most";

test("property: never more than the limit at a time, all of them in the end, in their order, failures too", async () => {
    await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.record({ ms: fc.nat(3), fails: fc.boolean() }), { maxLength: 12 }), async (limit, works) => {
            const inTurn = atMost(limit);
            const begun: number[] = [];
            let running = 0;
            const results = await Promise.allSettled(
                works.map(({ ms, fails }, index) =>
                    inTurn(async () => {
                        begun.push(index);
                        running += 1;
                        assert.ok(running <= limit);
                        await sleep(ms);
                        running -= 1;
                        if (fails) {
                            throw new Error(`${index}`);
                        }
                        return index;
                    }),
                ),
            );
            assert.deepEqual(
                results.map((result) => (result.status === "fulfilled" ? result.value : Number((result.reason as Error).message))),
                works.map((_, index) => index),
            );
            assert.deepEqual(begun, works.map((_, index) => index));
        }),
        { numRuns: 40 },
    );
});
