import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { removeNode } from "../../../lab/node";
import type { TestRegion } from "../test-region";
import { expectWholeRegion } from "./whole";

/** The machine on which the cluster began is lost for good, taken out, and comes back empty. */
export async function replaceFirstControlPlane(t: TestContext, region: TestRegion): Promise<void> {
    const cluster = await region.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}");
    await removeNode(region.lab, region.node("cp-01"), region.made.host);

    await region.configure((input) => ({
        ...input,
        machines: input.machines.map((machine) => (machine.name === "cp-01" ? { ...machine, out: true } : machine)),
    }));
    const removed = await region.up();
    const names = (await region.etcdMembers()).map(({ name }) => name);
    assert.deepEqual(names, ["cp-02.lab.node", "cp-03.lab.node"]);
    assert.doesNotMatch(await region.kubectl("get", "nodes", "-o", "name"), /cp-01/);
    t.diagnostic(`cp-01 lost and taken out in ${removed.seconds.toFixed(1)} s; etcd members: ${names.join(", ")}`);

    await region.setMachines();
    await region.configure();
    const added = await region.up();
    t.diagnostic(`an empty cp-01 added in ${added.seconds.toFixed(1)} s`);
    await expectWholeRegion(t, region);
    assert.equal(
        await region.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"),
        cluster,
        "it is the same cluster",
    );
    t.diagnostic(`etcd members: ${(await region.etcdMembers()).map(({ name }) => name).join(", ")}`);
}
