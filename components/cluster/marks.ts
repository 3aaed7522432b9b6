import { NodeState, NodeTaint } from "./nodes";

/** Which labels and taints of a node are the stack's, so that one that leaves the stack leaves the node. */
const managedAnnotation = "fjord/managed";

interface Managed {
    readonly labels: readonly string[];
    /** `key:effect` */
    readonly taints: readonly string[];
}

/** A JSON merge patch for a Node. */
export interface NodePatch {
    readonly metadata: {
        readonly resourceVersion: string;
        readonly labels: Readonly<Record<string, string | null>>;
        readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec?: { readonly taints: readonly NodeTaint[] };
}

function managedBefore(node: NodeState): Managed {
    const text = node.annotations[managedAnnotation];
    return text === undefined ? { labels: [], taints: [] } : (JSON.parse(text) as Managed);
}

const identity = (taint: NodeTaint): string => `${taint.key}:${taint.effect}`;
const equal = (a: NodeTaint, b: NodeTaint): boolean =>
    identity(a) === identity(b) && (a.value ?? "") === (b.value ?? "");

/**
 * What must change on a node for it to carry the stack's labels and taints; undefined where nothing must. What others
 * put there stays. Labels are set through the API and not by the kubelet, which may not set all of them and never
 * changes one later. The resource version makes a change that crosses another's fail instead of undoing it.
 */
export function markNode(
    node: NodeState,
    labels: Readonly<Record<string, string>>,
    taints: readonly NodeTaint[],
): NodePatch | undefined {
    const before = managedBefore(node);
    const managed: Managed = { labels: Object.keys(labels).sort(), taints: taints.map(identity).sort() };
    const patchLabels: Record<string, string | null> = {};
    for (const key of before.labels) {
        if (!(key in labels) && key in node.labels) {
            patchLabels[key] = null;
        }
    }
    for (const [key, value] of Object.entries(labels)) {
        if (node.labels[key] !== value) {
            patchLabels[key] = value;
        }
    }
    const foreign = node.taints.filter(
        (taint) => !before.taints.includes(identity(taint)) && !managed.taints.includes(identity(taint)),
    );
    const kept = taints.map((taint) => node.taints.find((present) => equal(present, taint)) ?? taint);
    const taintsDiffer =
        node.taints.length !== foreign.length + kept.length ||
        kept.some((taint) => !node.taints.some((present) => equal(present, taint)));
    const annotation = JSON.stringify(managed);
    if (Object.keys(patchLabels).length === 0 && !taintsDiffer && node.annotations[managedAnnotation] === annotation) {
        return undefined;
    }
    return {
        metadata: {
            resourceVersion: node.resourceVersion,
            labels: patchLabels,
            annotations: { [managedAnnotation]: annotation },
        },
        ...(taintsDiffer ? { spec: { taints: [...foreign, ...kept] } } : {}),
    };
}
