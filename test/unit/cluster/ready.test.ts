import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeState } from "../../../components/cluster/nodes";
import { awaitReady } from "../../../components/cluster/ready";
import { StepError } from "../../../components/cluster/session";
import { seconds } from "../../../infra/config/types";
import { node } from "./fixtures";

const name = "worker-01.osl.node";
const trouble = "container runtime network not ready: cni plugin not initialized";
const notReady = node(name, { ready: false, trouble });

/** A cluster that shows a node differently each time it is asked, the last state for ever. */
function cluster(network: boolean, ...states: readonly (NodeState | undefined)[]) {
    let asked = 0;
    return {
        asked: () => asked,
        node: async () => states[Math.min(asked++, states.length - 1)],
        kubectl: async () => (network ? "daemonset.apps/kube-flannel-ds\n" : "\n"),
    };
}

test("a node that joined is waited for until it takes pods", async () => {
    const live = cluster(true, notReady, node(name));
    await awaitReady(live, name, seconds(30));
    assert.equal(live.asked(), 2);
});

test("a node that no network is there for is not waited for", async () => {
    const live = cluster(false, notReady);
    await awaitReady(live, name, seconds(30));
    assert.equal(live.asked(), 1);
});

for (const [what, state, words] of [
    ["does not become Ready", notReady, trouble],
    ["never said anything", node(name, { ready: false }), "its kubelet does not say why"],
    ["is deleted meanwhile", undefined, "the cluster has no node of that name any more"],
] as const) {
    test(`a node that ${what} fails its step, with the reason`, async () => {
        await assert.rejects(awaitReady(cluster(true, state), name, seconds(1)), (error: Error) => {
            assert.ok(error instanceof StepError);
            assert.match(error.message, /^fjord: worker-01\.osl\.node: step member failed: it joined, but is not Ready after 1 s: /);
            assert.ok(error.message.includes(words), error.message);
            return true;
        });
    });
}
