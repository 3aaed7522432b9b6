import { EtcdHealth } from "../../../components/cluster/etcd";
import { LiveCluster } from "../../../components/cluster/live";
import { NodeState } from "../../../components/cluster/nodes";
import { StepError } from "../../../components/cluster/session";

interface NodePatch {
    readonly metadata: { readonly annotations: Readonly<Record<string, string | null>> };
    readonly spec: { readonly unschedulable: boolean | null };
}

/** An API server with these nodes, which takes merge patches, and cordons and drains at once. */
export function fakeCluster(...given: readonly NodeState[]) {
    const nodes = new Map(given.map((node) => [node.name, node]));
    const commands: string[] = [];
    const change = (name: string, to: Partial<NodeState>): void => {
        const node = nodes.get(name);
        if (!node) {
            throw StepError.of(name, "cluster", "no such node", "look");
        }
        nodes.set(name, { ...node, ...to });
    };
    const live = {
        nodes: async (): Promise<NodeState[]> => [...nodes.values()],
        node: async (name: string): Promise<NodeState | undefined> => nodes.get(name),
        etcd: async (): Promise<EtcdHealth[]> => [],
        kubectl: async (words: readonly string[]): Promise<string> => {
            const [verb = "", ...rest] = words;
            const name = (verb === "patch" ? rest[1] : rest[0]) ?? "";
            commands.push(`${verb} ${name}`);
            if (verb === "cordon" || verb === "uncordon") {
                change(name, { unschedulable: verb === "cordon" });
            }
            if (verb === "patch") {
                const { metadata, spec } = JSON.parse(words.at(-1) ?? "") as NodePatch;
                const annotations = Object.entries({ ...nodes.get(name)?.annotations, ...metadata.annotations }).flatMap(
                    ([key, value]) => (value === null ? [] : [[key, value] as const]),
                );
                change(name, { annotations: Object.fromEntries(annotations), unschedulable: spec.unschedulable ?? false });
            }
            return "";
        },
    };
    return { live: live as unknown as LiveCluster, nodes, commands, change };
}
