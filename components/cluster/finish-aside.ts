import { Seconds, seconds } from "../../infra/config/types";
import { alone } from "./change";
import { LiveCluster, waitFor } from "./live";
import { StepError } from "./session";
import { isAside, letIn } from "./set-aside";

/**
 * Ends what a run that failed or was killed has left: a node that it cordoned and never let in again, although nothing
 * differs any more. Alone: a step that such a run has left may still be at work on the node. How the rest of the cluster
 * is does not matter: a node that is Ready helps it.
 *
 * @param limit how long the node may take to be Ready. Default 300 s: a server that boots, and its pods' images
 * @returns whether there was anything to end
 * @throws StepError where the node does not become Ready; it stays cordoned then
 */
export async function finishAside(
    live: Pick<LiveCluster, "kubectl" | "node">,
    region: string,
    fqdn: string,
    limit: Seconds = seconds(300),
): Promise<boolean> {
    if (!isAside(await live.node(fqdn))) {
        return false;
    }
    return alone(region, fqdn, async () => {
        const back = await waitFor(limit, async () => {
            const node = await live.node(fqdn).catch(() => undefined);
            return node?.ready || undefined;
        });
        if (!back) {
            throw StepError.of(
                fqdn,
                "roll",
                `an earlier run took it out of service, and it is not Ready within ${limit} s`,
                "look at it (journalctl -u kubelet), then run again; the node stays cordoned until then",
            );
        }
        return letIn(live, fqdn);
    });
}
