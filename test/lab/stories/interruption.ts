import * as assert from "node:assert/strict";
import * as os from "node:os";
import type { TestContext } from "node:test";
import { upTrust, seedRepository } from "../../../lab/region";
import { stackFiles } from "../../../lab/pulumi";
import { clearHalfWritten } from "../../../operations/unlock/attributes";
import { findProcess } from "../../../operations/unlock/process";
import { clearDead, findLocks, lockFolder } from "../../../operations/unlock/unlock";
import { killUpAt, type Moment } from "../interrupt";
import type { TestRegion } from "../test-region";
import { expectWholeRegion } from "./whole";

/** Moments from the first server on: where a run is cut, something is half done on one. */
const early = (lab: string): readonly Moment[] => [
    { name: "node preparation", line: new RegExp(`${lab}-nodes-worker-02-(packages|containerd|images) creating`), later: 1_000 },
    { name: "kubeadm init", line: new RegExp(`${lab}-cluster-init creating`), later: 5_000 },
    { name: "control plane join", line: new RegExp(`${lab}-cluster-cp-02 creating`), later: 6_000 },
    { name: "platform", line: new RegExp(`${lab}-platform-argocd-repo-server-deployment creating`), later: 500 },
];

/** The platform is there, and its application on the way. */
const late = (lab: string): Moment => ({ name: "application", line: new RegExp(`${lab}-payment-service-prod-healthy creating`), later: 1_500 });

/** All moments at which a run is killed. */
export const moments = (lab: string): readonly Moment[] => [...early(lab), late(lab)];

/** What `npm run unlock` does; gives what it cleared. */
export function unlock(region: TestRegion): string[] {
    const backend = `file://${stackFiles(region.lab).state}`;
    const locks = findLocks(lockFolder(backend, "fjord", region.lab.name), os.hostname(), findProcess);
    assert.equal(locks.length, 1, "a killed run leaves one lock");
    assert.deepEqual(clearDead(locks), [], "its owner is provably dead");
    clearHalfWritten(backend, "fjord", region.lab.name);
    return locks.map(({ verdict }) => verdict.why);
}

/** Kills a run at a moment, and takes its lock away. */
export async function kill(t: TestContext, region: TestRegion, moment: Moment): Promise<void> {
    const { seconds, pid } = await killUpAt(region.lab, region.made.programs, moment);
    const [why = ""] = unlock(region);
    assert.match(why, new RegExp(`\\b${pid}\\b`));
    t.diagnostic(`killed in ${moment.name} after ${seconds.toFixed(1)} s; unlock: ${why}`);
}

/** A run killed at four moments, one after the other, goes on each time where it was. */
export async function interruptedEarly(t: TestContext, region: TestRegion): Promise<void> {
    for (const moment of early(region.lab.name)) {
        await kill(t, region, moment);
    }
}

/** Killed once more, it ends as a run does that nobody has killed. */
export async function interruptedLate(t: TestContext, region: TestRegion): Promise<void> {
    await kill(t, region, late(region.lab.name));
    const last = await region.up();
    t.diagnostic(`the run after the fifth kill: ${last.seconds.toFixed(1)} s`);
    await expectWholeRegion(t, region);
}

/** The trust stack and the repository, which a region needs; they are not interrupted. */
export async function prepare(t: TestContext, region: TestRegion): Promise<void> {
    const { seconds } = await upTrust(region.made);
    await seedRepository(region.made);
    await region.configure();
    t.diagnostic(`trust stack: ${seconds.toFixed(1)} s`);
}
