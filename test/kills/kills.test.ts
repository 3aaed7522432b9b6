import { describe } from "node:test";
import { defaultMachines, planLab, type Lab } from "../../lab/plan";
import { regionStory } from "../lab/story";
import { kill, moments, prepare } from "../lab/stories/interruption";
import { unchanged } from "../lab/stories/unchanged";
import { expectWholeRegion } from "../lab/stories/whole";

// A region from nothing for each moment at which its run is killed; the very next run makes it whole.

const plan = (machines: readonly string[] = defaultMachines): Lab => planLab({ name: "kills", range: "10.85.0.0/24", machines });

for (const moment of moments(plan().name)) {
    describe(`killed in ${moment.name}`, () => {
        const story = regionStory(plan);
        story.part("the trust stack comes up", prepare);
        story.part("the next run makes the region whole, and the one after it changes nothing", async (t, one) => {
            await kill(t, one, moment);
            const next = await one.up();
            t.diagnostic(`the run after it: ${next.seconds.toFixed(1)} s`);
            await expectWholeRegion(t, one);
            await unchanged(t, one);
        });
    });
}
