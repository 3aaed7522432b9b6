import * as assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { cgroupSetup } from "../../lab/cgroup";
import { findRemains, nothingRemains } from "../../lab/remains";
import { planTestLab, TestRegion, type LabPlan } from "./test-region";

/** The parts of one story, in order: after one that fails the rest would test another region than it means to. */
export class Story {
    private failed: string | undefined;

    /** @param region the region, once it has been made */
    constructor(private readonly region: () => TestRegion) {}

    /** Adds a part; it starts from what the part before it left. */
    part(name: string, tell: (t: TestContext, region: TestRegion) => Promise<void>): void {
        test(name, async (t) => {
            if (this.failed !== undefined) {
                t.skip(`"${this.failed}" failed`);
                return;
            }
            this.failed = name;
            const start = Date.now();
            await tell(t, this.region());
            t.diagnostic(`took ${((Date.now() - start) / 1000).toFixed(0)} s`);
            this.failed = undefined;
        });
    }
}

/** The story of one region: its lab is made before the first part and removed after the last, with nothing left of it. */
export function regionStory(plan: LabPlan = planTestLab): Story {
    let region: TestRegion;
    before(async () => {
        region = await TestRegion.make(plan);
    });
    after(async () => {
        await TestRegion.remove(plan);
        const remains = await findRemains(plan(), cgroupSetup());
        assert.ok(nothingRemains(remains), JSON.stringify(remains));
    });
    return new Story(() => region);
}
