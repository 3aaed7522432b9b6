import assert from "node:assert/strict";
import { test } from "node:test";
import { reach } from "../../../components/remote/reach";
import { SshError, SshFailure } from "../../../components/remote/ssh";
import { seconds } from "../../../infra/config/types";

/** A machine that fails in these ways, one after the other, the last for ever; `up` lets in. */
function machine(...course: readonly (SshFailure | "up")[]) {
    const tries: number[] = [];
    return {
        tries,
        enter: async (timeout: number) => {
            tries.push(timeout);
            const now = course[Math.min(tries.length, course.length) - 1] ?? "up";
            if (now !== "up") {
                throw new SshError(now, "worker-01", now, "look");
            }
            return "inside";
        },
    };
}

test("a machine that reboots is waited for, whatever it does to connections meanwhile", async () => {
    const rebooting = machine("broken", "refused", "no-answer", "up");
    assert.deepEqual(await reach(rebooting.enter, seconds(30)), { entered: "inside" });
    assert.equal(rebooting.tries.length, 4);
    assert.ok(rebooting.tries.every((timeout) => timeout <= 20));
});

for (const kind of ["no-answer", "refused"] as const) {
    test(`a machine that is silent all the time is lost: ${kind}`, async () => {
        const off = machine(kind);
        const reached = await reach(off.enter, seconds(2));
        assert.equal("lost" in reached && reached.lost.kind, kind);
        assert.ok(off.tries.length > 1, "it was tried again");
    });
}

test("without patience there is one try, a short one", async () => {
    const off = machine("refused", "up");
    assert.ok("lost" in (await reach(off.enter, seconds(0))));
    assert.deepEqual(off.tries, [10]);
});

for (const kind of ["jump", "key", "host-key"] as const) {
    test(`what is no silence of the machine is a failure at once: ${kind}`, async () => {
        const other = machine(kind);
        await assert.rejects(reach(other.enter, seconds(30)), (error: SshError) => error.kind === kind);
        assert.equal(other.tries.length, 1);
    });
}

test("connections that break to the end are a failure", async () => {
    await assert.rejects(reach(machine("broken").enter, seconds(1)), (error: SshError) => error.kind === "broken");
});
