import * as assert from "node:assert/strict";
import * as path from "node:path";
import type { TestContext } from "node:test";
import { until } from "../../../lab/process";
import { waitForApplication } from "../../../lab/region";
import { labStatus, type LabStatus } from "../../../lab/status";
import type { TestRegion } from "../test-region";

/** Pods that restart after a change get this long. */
const settle = 90_000;

/** The region is whole: every node Ready, one etcd member a control plane, the application healthy and its page served. */
export async function expectWholeRegion(t: TestContext, region: TestRegion): Promise<void> {
    const { lab } = region;
    const kubectl = path.join(region.made.content.toolchain.bin, "kubectl");
    const start = Date.now();
    let status: LabStatus | undefined;
    await until(settle, async () => (status = await labStatus(lab, kubectl)).healthy, 1000);
    assert.ok(
        status?.healthy,
        `the region is not healthy after ${settle / 1000} s: ${JSON.stringify(status, undefined, 2)}`,
    );
    assert.deepEqual(status.nodes.map(({ name }) => name).sort(), lab.nodes.map(({ fqdn }) => fqdn).sort());

    const controlPlanes = lab.nodes.filter(({ role }) => role === "control-plane").map(({ fqdn }) => fqdn);
    const members = await region.etcdMembers();
    assert.deepEqual(
        members,
        controlPlanes.map((name) => ({ name, learner: false })),
    );

    const { page } = await waitForApplication(lab);
    assert.match(page, /opened-[0-9a-f]{12}/, "the page shows the value that came out of the SealedSecret");
    t.diagnostic(
        `${status.nodes.length} nodes Ready, ${members.length} etcd members, ${status.applications.map(({ name, sync, health }) => `${name} ${sync} ${health}`).join(", ")}, ` +
            `page with the secret's value; settled ${((Date.now() - start) / 1000).toFixed(1)} s after the run`,
    );
}
