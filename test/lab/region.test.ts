import * as assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { cgroupSetup } from "../../lab/cgroup";
import { findRemains, nothingRemains } from "../../lab/remains";
import { interruption, prepare } from "./stories/interruption";
import { unchanged } from "./stories/unchanged";
import { planTestLab, TestRegion } from "./test-region";

// The life of one region, from bare servers to nothing. Each part starts from what the part before it left; after one
// that fails the rest would test another region than it means to, and is skipped.

let region: TestRegion;
let failed: string | undefined;

before(async () => {
    region = await TestRegion.make();
});

after(async () => {
    await TestRegion.remove();
    const remains = await findRemains(planTestLab(), cgroupSetup());
    assert.ok(nothingRemains(remains), JSON.stringify(remains));
});

function part(name: string, story: (t: TestContext, region: TestRegion) => Promise<void>): void {
    test(name, async (t) => {
        if (failed !== undefined) {
            t.skip(`"${failed}" failed`);
            return;
        }
        failed = name;
        const start = Date.now();
        await story(t, region);
        t.diagnostic(`took ${((Date.now() - start) / 1000).toFixed(0)} s`);
        failed = undefined;
    });
}

part("the trust stack comes up, and its deploy key is registered", prepare);
part("a run that is killed at five moments converges", interruption);
part("a second run changes nothing", unchanged);
