import { LiveCluster } from "./live";
import { NodeState } from "./nodes";

/** On a node that fjord cordoned for a while; its value says why. What a person cordoned has none, and stays cordoned. */
export const asideAnnotation = "fjord/aside";

/** Whether fjord set a node aside and has not let it in again. */
export function isAside(node: Pick<NodeState, "annotations"> | undefined): boolean {
    return node?.annotations[asideAnnotation] !== undefined;
}

type Api = Pick<LiveCluster, "kubectl" | "node">;

/** One patch, so that there is no moment with the one and without the other. */
async function patch(live: Api, fqdn: string, reason: string | null): Promise<void> {
    const body = {
        metadata: { annotations: { [asideAnnotation]: reason } },
        spec: { unschedulable: reason === null ? null : true },
    };
    await live.kubectl(["patch", "node", fqdn, "--type=merge", "--patch", JSON.stringify(body)], {
        what: `${reason === null ? "uncordon" : "cordon"} ${fqdn}`,
    });
}

/** Cordons a node and marks it; not one that is cordoned already, by a person or by an earlier run of fjord. */
export async function setAside(live: Api, node: NodeState | undefined, reason: string): Promise<void> {
    if (node && !node.unschedulable) {
        await patch(live, node.name, reason);
    }
}

/** Lets pods in again where it was fjord that kept them out. True where that was so. */
export async function letIn(live: Api, fqdn: string): Promise<boolean> {
    const aside = isAside(await live.node(fqdn));
    if (aside) {
        await patch(live, fqdn, null);
    }
    return aside;
}
