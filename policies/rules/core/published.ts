import type { PublishedCluster } from "../../../components/cluster/published";
import type { GuestClasses } from "../../../components/machines/libvirt/change";
import type { PublishedNode } from "../../../components/nodes/published";
import type { PublishedTrust } from "../../../components/trust/published";
import type { PublishedRegion } from "../../../infra/published";

/** What fjord's components publish of themselves, by the type of the resource whose inputs they are. */
export interface Published {
    readonly "fjord:index:Region": PublishedRegion;
    readonly "fjord:trust:Trust": PublishedTrust;
    readonly "fjord:nodes:Node": PublishedNode;
    readonly "fjord:cluster:Cluster": PublishedCluster;
    readonly "fjord:machines:Guest": GuestClasses;
}

export type PublishedType = keyof Published;
