import { planLab, type Lab } from "../../lab/plan";
import { regionStory } from "../lab/story";
import { guestJoins, guestLeaves, hypervisorLeaves, killedWhileMade, onlyOneHalfMade, planChanges } from "../lab/stories/guest";
import { guestAdded, guestRemoved, imageChanged } from "../lab/stories/guest-changes";
import { hypervisorFaults } from "../lab/stories/hypervisor-faults";
import { prepare } from "../lab/stories/interruption";

/** One server that existed is the control plane; its worker is a guest that the region makes. */
const plan = (): Lab =>
    planLab({
        name: "guest",
        range: "10.83.0.0/24",
        machines: ["cp-01"],
        hypervisors: ["hv-01"],
        guests: ["worker-01"],
    });

const story = regionStory(plan);

story.part("the trust stack comes up", prepare);
story.part("what is wrong with a hypervisor is named, and no guest is made", hypervisorFaults);
story.part("a guest joins as a worker and serves a page", guestJoins);
story.part("another plan restarts it and is announced", planChanges);
story.part("one more guest joins, and the first one does not notice", guestAdded);
story.part("another image makes it anew, and the first one does not notice", imageChanged);
story.part("it leaves, and the first one does not notice", guestRemoved);
story.part("a guest that was half made and is not wanted leaves nothing", killedWhileMade);
story.part("a guest leaves the cluster, and then its hypervisor", guestLeaves);
story.part("the only guest, half made and not wanted, leaves nothing either", onlyOneHalfMade);
story.part("a destroyed region leaves nothing on its hypervisor", hypervisorLeaves);
