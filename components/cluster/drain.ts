import { setTimeout as sleep } from "node:timers/promises";
import { Seconds, seconds } from "../../infra/config/types";
import { LiveCluster } from "./live";
import { NodeState, somewhereToGo } from "./nodes";
import { StepError } from "./session";

/** How a drain ended; `left` says why where pods stayed. */
export type DrainResult = { readonly drained: true } | { readonly drained: false; readonly left: string };

/** One look at the pods that are still there, between which the cluster may have changed. */
const slice = seconds(10);

/** Why the pods that are still on a node will not leave it; undefined where they may. */
export function stuck(nodes: readonly NodeState[], fqdn: string): string | undefined {
    // A machine that is lost counts as Ready for 50 s; pods on it are deleted only by its own kubelet.
    if (!nodes.some(({ name, ready }) => name === fqdn && ready)) {
        return "the node is not Ready any more, its pods cannot end in order";
    }
    // A whole region that is destroyed: disruption budgets would never be met.
    return somewhereToGo(nodes, fqdn) ? undefined : "no other node can take its pods";
}

/**
 * Moves the pods of a node away, respecting disruption budgets, for at most `limit`. It gives up early where the pods
 * are stuck.
 */
export async function drain(
    live: Pick<LiveCluster, "kubectl" | "nodes">,
    fqdn: string,
    limit: Seconds,
): Promise<DrainResult> {
    await live.kubectl(["cordon", fqdn], { what: `cordon ${fqdn}` });
    const deadline = Date.now() + limit * 1000;
    for (;;) {
        const rest = Math.ceil((deadline - Date.now()) / 1000);
        if (rest <= 0) {
            return { drained: false, left: `pods did not leave within ${limit} s` };
        }
        const time = seconds(Math.min(slice, rest));
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
        const left = stuck(await live.nodes(), fqdn);
        if (left !== undefined) {
            return { drained: false, left };
        }
    }
}
