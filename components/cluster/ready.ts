import { Seconds, seconds } from "../../infra/config/types";
import { daemonSetName, networkNamespace } from "./flannel";
import { LiveCluster, waitFor } from "./live";
import { StepError } from "./session";

/** A node that has just come pulls the network's images and starts its pods; an emulated processor takes a minute for it. */
const limit = seconds(300);

/**
 * Waits until a node that has joined takes pods. Its network may be missing still, because the first `up` makes it at the
 * same time, or because something else has failed and it will not be made: then there is nothing to wait for here.
 *
 * @throws StepError with the kubelet's reason, where a node with a network does not become Ready
 */
export async function awaitReady(live: Pick<LiveCluster, "kubectl" | "node">, fqdn: string, patience: Seconds = limit): Promise<void> {
    let trouble = "";
    const settled = await waitFor(patience, async () => {
        const node = await live.node(fqdn);
        trouble = node?.trouble ?? "the cluster has no node of that name any more";
        return node?.ready || !(await hasNetwork(live)) || undefined;
    });
    if (!settled) {
        throw StepError.of(
            fqdn,
            "member",
            `it joined, but is not Ready after ${patience} s: ${trouble.slice(0, 300) || "its kubelet does not say why"}`,
            `look at its pods (kubectl get pods -A -o wide --field-selector spec.nodeName=${fqdn}) and its kubelet (journalctl -u kubelet), then run again`,
            "/var/log/fjord/cluster-member.log",
        );
    }
}

/** Whether the cluster takes a node for silent within a time; one that it does not know is. */
export async function fallsSilent(live: Pick<LiveCluster, "node">, fqdn: string, patience: Seconds): Promise<boolean> {
    return (await waitFor(patience, async () => ((await live.node(fqdn))?.ready ? undefined : true))) ?? false;
}

async function hasNetwork(live: Pick<LiveCluster, "kubectl">): Promise<boolean> {
    const found = await live.kubectl(["get", "daemonset", daemonSetName, "-n", networkNamespace, "--ignore-not-found", "-o", "name"], {
        what: "ask for the pods' network",
    });
    return found.trim() !== "";
}
