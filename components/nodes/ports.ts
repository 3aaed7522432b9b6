import { Role } from "../../infra/config/types";

/** Who may open a connection to a port from outside the machine. */
export type PortAudience = "nodes" | "nodes-and-pods" | "control-planes" | "anyone" | "this-machine";

/** A port that a part of the platform listens on in a node's own network namespace. */
export interface ComponentPort {
    /** Who listens. */
    readonly listener: string;
    readonly protocol: "tcp" | "udp";
    readonly first: number;
    /** Last port of a range; the first where it is a single one. */
    readonly last: number;
    readonly from: PortAudience;
    /** On which machines: all, those with a role, or those that take the ingress. */
    readonly on: "all" | Role | "ingress";
}

/** What differs from region to region. */
export interface PortSettings {
    readonly loadBalancerPort: number;
    readonly httpPort: number;
    readonly httpsPort: number;
}

/** The range that Kubernetes gives to Services of type NodePort. Its default, which the program does not change. */
export const serviceNodePorts = { first: 30000, last: 32767 } as const;

/** What a machine is, as far as its ports go. */
export interface PortHolder {
    readonly role: Role;
    /** Whether the ingress runs here. */
    readonly ingress: boolean;
}

function single(
    listener: string,
    protocol: "tcp" | "udp",
    port: number,
    from: PortAudience,
    on: ComponentPort["on"],
): ComponentPort {
    return { listener, protocol, first: port, last: port, from, on };
}

/** Of NGINX, in the node's network: its own status page, and whether it is ready. */
export const ingressPorts = { status: 8080, ready: 8081 } as const;

/** The ports that no setting moves. */
export const fixedPorts: readonly ComponentPort[] = [
    single("ingress status", "tcp", ingressPorts.status, "this-machine", "ingress"),
    single("ingress readiness", "tcp", ingressPorts.ready, "nodes", "ingress"),
    single("ingress metrics", "tcp", 9113, "nodes-and-pods", "ingress"),
    { listener: "etcd", protocol: "tcp", first: 2379, last: 2380, from: "control-planes", on: "control-plane" },
    single("etcd metrics", "tcp", 2381, "this-machine", "control-plane"),
    single("kube-apiserver", "tcp", 6443, "nodes-and-pods", "control-plane"),
    single("flannel (VXLAN)", "udp", 8472, "nodes", "all"),
    single("flannel health", "tcp", 8475, "this-machine", "all"),
    single("kubelet health", "tcp", 10248, "this-machine", "all"),
    single("kube-proxy metrics", "tcp", 10249, "this-machine", "all"),
    single("kubelet", "tcp", 10250, "nodes-and-pods", "all"),
    single("kube-proxy health", "tcp", 10256, "nodes", "all"),
    single("kube-controller-manager", "tcp", 10257, "this-machine", "control-plane"),
    single("kube-scheduler", "tcp", 10259, "this-machine", "control-plane"),
];

/**
 * Every port of a node: what the firewall opens, what preflight wants free, what the kernel must not hand out to an
 * outgoing connection, and what the stack's own settings must not take. SSH is not here: the machine had it before.
 */
export function componentPorts(settings: PortSettings): readonly ComponentPort[] {
    return [
        single("ingress (http)", "tcp", settings.httpPort, "anyone", "ingress"),
        single("ingress (https)", "tcp", settings.httpsPort, "anyone", "ingress"),
        single("API load balancer", "tcp", settings.loadBalancerPort, "this-machine", "all"),
        ...fixedPorts,
    ];
}

/** The ports that listen on a machine. */
export function portsOn(holder: PortHolder, settings: PortSettings): readonly ComponentPort[] {
    return componentPorts(settings).filter(
        (port) => port.on === "all" || port.on === holder.role || (port.on === "ingress" && holder.ingress),
    );
}

/**
 * `2379-2381,6443`: ports and ranges in rising order, those that touch put together. The kernel prints them back like
 * this.
 */
export function portList(ranges: readonly { readonly first: number; readonly last: number }[]): string {
    const merged: { first: number; last: number }[] = [];
    for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
        const previous = merged.at(-1);
        if (previous && range.first <= previous.last + 1) {
            previous.last = Math.max(previous.last, range.last);
        } else {
            merged.push({ ...range });
        }
    }
    return merged.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}

/**
 * The ports that the kernel must not choose for outgoing connections, on any node: all of the above, whatever the
 * machine's role (one list is easier to reason about than several), and the NodePorts. Ports below 1024 are never
 * chosen.
 */
export function reservedPorts(settings: PortSettings): string {
    const chosen = componentPorts(settings).filter((port) => port.last >= 1024);
    return portList([
        ...chosen.map((port) => ({ first: Math.max(port.first, 1024), last: port.last })),
        serviceNodePorts,
    ]);
}
