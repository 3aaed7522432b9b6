import assert from "node:assert/strict";
import { test } from "node:test";
import { drain, stuck } from "../../../components/cluster/drain";
import { NodeState } from "../../../components/cluster/nodes";
import { StepError } from "../../../components/cluster/session";
import { seconds } from "../../../infra/config/types";
import { node } from "./fixtures";

const leaving = "worker-01.osl.node";
const dedicated = [{ key: "dedicated", effect: "NoSchedule" }];

for (const [what, nodes, expected] of [
    ["the node runs and another takes its pods", [node(leaving), node("worker-02")], undefined],
    ["the node went silent", [node(leaving, { ready: false }), node("worker-02")], /not Ready any more/],
    ["the node was deleted meanwhile", [node("worker-02")], /not Ready any more/],
    ["the other node is silent", [node(leaving), node("worker-02", { ready: false })], /no other node/],
    ["the other node leaves too", [node(leaving), node("worker-02", { unschedulable: true })], /no other node/],
    ["the other node takes none", [node(leaving), node("worker-02", { taints: dedicated })], /no other node/],
] as const satisfies readonly (readonly [string, readonly NodeState[], RegExp | undefined])[]) {
    test(`pods that stay: ${what}`, () => {
        const reason = stuck(nodes, leaving);
        assert.ok(expected ? expected.test(reason ?? "") : reason === undefined, reason);
    });
}

/** A cluster in which the first `failures` tries to drain end without success. */
function cluster(failures: number, nodes: readonly NodeState[]) {
    const commands: string[] = [];
    return {
        commands,
        kubectl: async (words: readonly string[]) => {
            commands.push(words.join(" "));
            if (words[0] === "drain" && commands.length - 1 <= failures) {
                throw StepError.of("cp-02", "cluster", "pods are left", "look at them");
            }
            return "";
        },
        nodes: async () => [...nodes],
    };
}

test("a drain that does not succeed at once goes on while it may", async () => {
    const live = cluster(1, [node(leaving), node("worker-02")]);
    assert.deepEqual(await drain(live, leaving, seconds(30)), { drained: true });
    assert.deepEqual(
        live.commands.map((command) => command.split(" ")[0]),
        ["cordon", "drain", "drain"],
    );
});

test("a machine that is lost is not drained for longer than it takes to see that", async () => {
    const live = cluster(99, [node(leaving, { ready: false }), node("worker-02")]);
    const result = await drain(live, leaving, seconds(30));
    assert.match(result.drained ? "" : result.left, /not Ready any more/);
    assert.equal(live.commands.length, 2);
});

test("pods that do not leave in time are said to be there", async () => {
    const live = cluster(99, [node(leaving), node("worker-02")]);
    assert.deepEqual(await drain(live, leaving, seconds(1)), { drained: false, left: "pods did not leave within 1 s" });
});
