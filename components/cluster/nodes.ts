/** The parts of a Node object that decisions are made on. */
export interface NodeState {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly ready: boolean;
    /** Why it is not Ready, in the kubelet's words; empty where it is, or never said. */
    readonly trouble: string;
    readonly unschedulable: boolean;
    readonly kubeletVersion: string;
    /** The kernel's id of its boot; another one after every restart of the machine. */
    readonly bootId: string;
    readonly controlPlane: boolean;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly taints: readonly NodeTaint[];
}

export interface NodeTaint {
    readonly key: string;
    readonly value?: string;
    readonly effect: string;
    readonly timeAdded?: string;
}

interface NodeObject {
    metadata: {
        name: string;
        uid: string;
        resourceVersion: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
    spec?: { unschedulable?: boolean; taints?: NodeTaint[] };
    status?: { conditions?: { type: string; status: string; message?: string }[]; nodeInfo?: { kubeletVersion?: string; bootID?: string } };
}

const controlPlaneLabel = "node-role.kubernetes.io/control-plane";

function readiness(node: NodeObject): Pick<NodeState, "ready" | "trouble"> {
    const condition = node.status?.conditions?.find(({ type }) => type === "Ready");
    const ready = condition?.status === "True";
    return { ready, trouble: ready ? "" : (condition?.message ?? "") };
}

/** Reads `kubectl get nodes -o json`. */
export function parseNodes(text: string): NodeState[] {
    return (JSON.parse(text) as { items: NodeObject[] }).items.map((node) => ({
        name: node.metadata.name,
        uid: node.metadata.uid,
        resourceVersion: node.metadata.resourceVersion,
        ...readiness(node),
        unschedulable: node.spec?.unschedulable ?? false,
        kubeletVersion: (node.status?.nodeInfo?.kubeletVersion ?? "").replace(/^v/, ""),
        bootId: node.status?.nodeInfo?.bootID ?? "",
        controlPlane: controlPlaneLabel in (node.metadata.labels ?? {}),
        labels: node.metadata.labels ?? {},
        annotations: node.metadata.annotations ?? {},
        taints: node.spec?.taints ?? [],
    }));
}

/** True where the pods of a node that leaves have somewhere to go: another node that is Ready and takes any pod. */
export function somewhereToGo(nodes: readonly NodeState[], leaving: string): boolean {
    return nodes.some(
        (node) =>
            node.name !== leaving &&
            node.ready &&
            !node.unschedulable &&
            !node.taints.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute"),
    );
}
