import { setTimeout as sleep } from "node:timers/promises";
import { Seconds, seconds } from "../../infra/config/types";
import { failedBefore, someoneChanges } from "./change";
import { StepError } from "./session";

/** How long nobody may be at work: a control plane's own step looks at its machine first, and is slow where many do. */
const idleLimit = seconds(120);
const interval = 2000;

/**
 * Waits until the cluster's own copy of its version and settings is as the stack wants it: a worker takes them from
 * there, and the first control plane that rolls brings it up to date. It is no order of Pulumi's, because a worker that
 * joins need not wait for any of that.
 *
 * @param behind what is not as the stack wants it yet, in a word; throws while no API server answers
 * @throws where a control plane's roll has failed, or none comes
 */
export async function controlPlanesFirst(
    region: string,
    fqdn: string,
    behind: () => Promise<string | undefined>,
    idle: Seconds = idleLimit,
): Promise<void> {
    const came = Date.now();
    let busy = came;
    for (;;) {
        const what = await behind().catch(() => "state");
        if (what === undefined) {
            return;
        }
        const failure = failedBefore(region, came);
        if (failure) {
            throw failure;
        }
        if (someoneChanges(region)) {
            busy = Date.now();
        } else if (Date.now() - busy > idle * 1000) {
            throw StepError.of(
                fqdn,
                "roll",
                `the control planes have another ${what} still, and none is being changed`,
                "run again without --target: control planes go first",
            );
        }
        await sleep(interval);
    }
}
