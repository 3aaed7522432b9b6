import type { PublishedCluster } from "../../../components/cluster/published";
import { Path } from "../core/opaque";
import { at } from "../core/pods";

/** A field of a document that kubeadm reads, with its place in what a cluster publishes. */
export interface Field {
    readonly value: unknown;
    readonly at: Path;
}

/** A field of a document; its value is undefined where the document does not have it. */
export function field(
    { kubeadm }: PublishedCluster,
    document: keyof PublishedCluster["kubeadm"],
    ...path: readonly string[]
): Field {
    return { value: at(kubeadm[document], path), at: ["kubeadm", document, ...path] };
}

/** The part of the control plane that a flag is given to. */
export type Component = "apiServer" | "controllerManager" | "scheduler" | "etcd";

const extraArgs: Readonly<Record<Component, Path>> = {
    apiServer: ["apiServer", "extraArgs"],
    controllerManager: ["controllerManager", "extraArgs"],
    scheduler: ["scheduler", "extraArgs"],
    etcd: ["etcd", "local", "extraArgs"],
};

/** A flag of a component: what kubeadm is told to give it beside or instead of its own. */
export interface Flag {
    /** Undefined where it is not given: then kubeadm's own value holds, or else the component's default. */
    readonly value: string | undefined;
    /** Its value, or the list that it is missing from. */
    readonly at: Path;
}

type GivenFlag = Flag & { readonly value: string };

/** Every place where a flag is given. */
function given({ kubeadm }: PublishedCluster, component: Component, name: string): readonly GivenFlag[] {
    const list = at(kubeadm.cluster, extraArgs[component]);
    return Array.isArray(list)
        ? list.flatMap((entry: unknown, index) =>
              at(entry, ["name"]) === name
                  ? [{ value: String(at(entry, ["value"]) ?? ""), at: [...place(component), index, "value"] }]
                  : [],
          )
        : [];
}

const place = (component: Component): Path => ["kubeadm", "cluster", ...extraArgs[component]];

/** A flag with one value. Where it is given more than once the last one counts, as the components read it. */
export function flag(cluster: PublishedCluster, component: Component, name: string): Flag {
    return given(cluster, component, name).at(-1) ?? { value: undefined, at: place(component) };
}

/** The elements of a flag that takes a list, wherever they are given; undefined where it is not given at all. */
export function listFlag(cluster: PublishedCluster, component: Component, name: string): readonly string[] | undefined {
    const all = given(cluster, component, name);
    return all.length === 0 ? undefined : all.flatMap(({ value }) => value.split(",")).map((element) => element.trim());
}
