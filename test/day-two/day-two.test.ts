import { defaultMachines, planLab, type Lab } from "../../lab/plan";
import { regionStory } from "../lab/story";
import { driftEnds, driftFound } from "../lab/stories/drifting";
import { prepare } from "../lab/stories/interruption";
import { previewedBlind, reviewed } from "../lab/stories/review";
import { settingsRoll, versionRoll } from "../lab/stories/roll";
import { expectWholeRegion } from "../lab/stories/whole";

// What is done to a region that runs: it is reviewed, looked at, and rolled. The life before and after is test/lab's.

const plan = (machines: readonly string[] = defaultMachines): Lab => planLab({ name: "days", range: "10.84.0.0/24", machines });

const story = regionStory(plan);

story.part("the trust stack comes up", prepare);
story.part("a region comes up", async (t, one) => {
    await one.configure();
    await one.up();
    await expectWholeRegion(t, one);
});
story.part("its review passes", reviewed);
story.part("a reviewer without a credential sees what would change", previewedBlind);
story.part("what was changed by hand is found, and mended as it says", driftFound);
story.part("a drift job that is not wanted any more has no way in", driftEnds);
story.part("settings roll, a node at a time", settingsRoll);
story.part("the next patch release rolls, a node at a time", versionRoll);
