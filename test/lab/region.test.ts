import * as assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { cgroupSetup } from "../../lab/cgroup";
import { findRemains, nothingRemains } from "../../lab/remains";
import { configErrors } from "./stories/config-errors";
import { replaceFirstControlPlane } from "./stories/control-plane";
import { destruction } from "./stories/destruction";
import { gitRefuses, noImage, noPackages, unreachable } from "./stories/faults";
import { backlog, commit, drift } from "./stories/healing";
import { interruptedEarly, interruptedLate, prepare } from "./stories/interruption";
import { CommandLines, secrets } from "./stories/secrets";
import { unchanged } from "./stories/unchanged";
import { addAndRemoveWorker } from "./stories/workers";
import { planTestLab, TestRegion } from "./test-region";

// The life of one region, from bare servers to nothing. Each part starts from what the part before it left; after one
// that fails the rest would test another region than it means to, and is skipped.

let region: TestRegion;
let failed: string | undefined;
/** Watched all the while: a secret in a command line shows only while the command runs. */
let commandLines: CommandLines;

before(async () => {
    region = await TestRegion.make();
    commandLines = new CommandLines();
});

after(async () => {
    commandLines?.stop();
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
part("every mistake of a configuration is reported at once, and no server is touched", configErrors);
part("servers that cannot be entered are named, and no other is changed", unreachable);
part("servers whose packages do not come are named, with the cause", noPackages);
part("an image that no registry has is named", noImage);
part("a run that is killed at four moments goes on", interruptedEarly);
part("a Git server that refuses is reported in Argo CD's words", gitRefuses);
part("a run that is killed once more converges", interruptedLate);
part("a second run changes nothing", unchanged);
part("a ConfigMap that was edited by hand goes back", drift);
part("a commit arrives", commit);
part("NGINX listens with the stack's backlog", backlog);
part("a worker comes and goes, and every request is answered", addAndRemoveWorker);
part("the first control plane is lost and replaced", replaceFirstControlPlane);
part("no secret is written anywhere in clear", (t, one) => secrets(t, one, commandLines));
part("the machines are given back clean, and the trust stack is not given up", destruction);
