import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { markNode, NodePatch } from "../../../components/cluster/marks";
import { NodeState, NodeTaint } from "../../../components/cluster/nodes";
import { node } from "./fixtures";

function patched(state: NodeState, patch: NodePatch): NodeState {
    const labels = { ...state.labels, ...patch.metadata.labels };
    return {
        ...state,
        labels: Object.fromEntries(
            Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== null),
        ),
        annotations: { ...state.annotations, ...patch.metadata.annotations },
        taints: patch.spec?.taints ?? state.taints,
    };
}

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
const own = { key: "dedicated", value: "ingress", effect: "NoSchedule" };

test("the stack's labels and taints are set, others' stay, and those that leave the stack leave the node", () => {
    const start = node("w", { labels: { "kubernetes.io/os": "linux" }, taints: [notReady] });
    const first = markNode(start, { zone: "a" }, [own]);
    assert.ok(first);
    const marked = patched(start, first);
    assert.deepEqual(marked.labels, { "kubernetes.io/os": "linux", zone: "a" });
    assert.deepEqual(marked.taints, [notReady, own]);
    const second = markNode(marked, {}, []);
    assert.ok(second);
    const cleared = patched(marked, second);
    assert.deepEqual(cleared.labels, { "kubernetes.io/os": "linux" });
    assert.deepEqual(cleared.taints, [notReady]);
});

test("a changed value replaces the taint instead of standing beside it", () => {
    const start = node("w", { taints: [own] });
    const patch = markNode(start, {}, [{ ...own, value: "batch" }]);
    assert.deepEqual(patch?.spec?.taints, [{ ...own, value: "batch" }]);
    assert.equal(patch?.metadata.resourceVersion, "1");
});

const keys = fc.constantFrom("a", "b", "c");
const taints: fc.Arbitrary<NodeTaint[]> = fc.uniqueArray(
    fc.record({ key: keys, value: keys, effect: fc.constantFrom("NoSchedule", "NoExecute") }),
    {
        selector: ({ key, effect }) => key + effect,
    },
);
const labels = fc.dictionary(keys, keys);

test("property: after one patch nothing is left to do", () => {
    fc.assert(
        fc.property(labels, taints, labels, taints, labels, taints, (startLabels, startTaints, l1, t1, l2, t2) => {
            let state = node("w", { labels: startLabels, taints: startTaints });
            for (const [wantLabels, wantTaints] of [
                [l1, t1],
                [l2, t2],
            ] as const) {
                const patch = markNode(state, wantLabels, wantTaints);
                state = patch ? patched(state, patch) : state;
                assert.equal(markNode(state, wantLabels, wantTaints), undefined);
                for (const [key, value] of Object.entries(wantLabels)) {
                    assert.equal(state.labels[key], value);
                }
            }
        }),
    );
});
