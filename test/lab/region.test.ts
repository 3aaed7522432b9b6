import { after, before } from "node:test";
import { regionStory } from "./story";
import { configErrors } from "./stories/config-errors";
import { replaceFirstControlPlane } from "./stories/control-plane";
import { destruction } from "./stories/destruction";
import { gitRefuses, noImage, noPackages, unreachable } from "./stories/faults";
import { backlog, commit, drift } from "./stories/healing";
import { interruptedEarly, interruptedLate, prepare } from "./stories/interruption";
import { CommandLines, secrets } from "./stories/secrets";
import { unchanged } from "./stories/unchanged";
import { addAndRemoveWorker } from "./stories/workers";

// The life of one region, from bare servers to nothing. Each part starts from what the part before it left; after one
// that fails the rest would test another region than it means to, and is skipped.

const story = regionStory();

/** Watched all the while: a secret in a command line shows only while the command runs. */
let commandLines: CommandLines;

before(() => {
    commandLines = new CommandLines();
});

after(() => commandLines?.stop());

story.part("the trust stack comes up, and its deploy key is registered", prepare);
story.part("every mistake of a configuration is reported at once, and no server is touched", configErrors);
story.part("servers that cannot be entered are named, and no other is changed", unreachable);
story.part("servers whose packages do not come are named, with the cause", noPackages);
story.part("an image that no registry has is named", noImage);
story.part("a run that is killed at four moments goes on", interruptedEarly);
story.part("a Git server that refuses is reported in Argo CD's words", gitRefuses);
story.part("a run that is killed once more converges", interruptedLate);
story.part("a second run changes nothing", unchanged);
story.part("a ConfigMap that was edited by hand goes back", drift);
story.part("a commit arrives", commit);
story.part("NGINX listens with the stack's backlog", backlog);
story.part("a worker comes and goes, and every request is answered", addAndRemoveWorker);
story.part("the first control plane is lost and replaced", replaceFirstControlPlane);
story.part("no secret is written anywhere in clear", (t, one) => secrets(t, one, commandLines));
story.part("the machines are given back clean, and the trust stack is not given up", destruction);
