import { setTimeout as sleep } from "node:timers/promises";
import { Seconds, seconds } from "../../infra/config/types";
import { LiveCluster } from "./live";
import { somewhereToGo } from "./nodes";
import { StepError } from "./session";

/** How a drain ended; `left` says why where pods stayed. */
export type DrainResult = { readonly drained: true } | { readonly drained: false; readonly left: string };

/** One look at the pods that are still there, between which the cluster may have changed. */
const slice = seconds(20);

/**
 * Moves the pods of a node away, respecting disruption budgets, for at most `limit`. It gives up early when no other
 * node could take them any more (a whole region being destroyed), since their budgets would then never be met.
 */
export async function drain(live: LiveCluster, fqdn: string, limit: Seconds): Promise<DrainResult> {
    await live.kubectl(["cordon", fqdn], { what: `cordon ${fqdn}` });
    const deadline = Date.now() + limit * 1000;
    for (;;) {
        const left = Math.ceil((deadline - Date.now()) / 1000);
        if (left <= 0) {
            return { drained: false, left: `pods did not leave within ${limit} s` };
        }
        const time = seconds(Math.min(slice, left));
        try {
            await live.kubectl(
                ["drain", fqdn, "--ignore-daemonsets", "--delete-emptydir-data", "--force", `--timeout=${time}s`],
                { what: `drain ${fqdn}`, timeout: seconds(time + 15) },
            );
            return { drained: true };
        } catch (error) {
            if (!(error instanceof StepError)) {
                throw error;
            }
            await sleep(1000);
        }
        if (!somewhereToGo(await live.nodes(), fqdn)) {
            return { drained: false, left: "no other node can take its pods" };
        }
    }
}
