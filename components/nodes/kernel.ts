import { PortSettings, reservedPorts } from "./ports";

/**
 * Where a setting lives. `network-namespace`: the node has its own, and pods do not see it (only pods on the host
 * network do). `machine`: one for the whole machine.
 */
export type KernelScope = "network-namespace" | "machine";

/**
 * One kernel setting. `value` is set exactly; `atLeast` only ever raises, because a newer kernel, a distribution or the
 * machine's owner may already have more.
 */
export type KernelSetting = {
    readonly key: string;
    readonly scope: KernelScope;
    /** Why it is set at all. */
    readonly why: string;
} & ({ readonly value: string } | { readonly atLeast: number });

/** A kernel module, and the file (or the line in /proc/filesystems) that proves it is there, loaded or built in. */
export interface KernelModule {
    readonly name: string;
    readonly proof: string;
    readonly why: string;
}

/** What the settings of one machine depend on. */
export interface KernelNeeds {
    /** Whether the ingress runs here, on the host network. */
    readonly ingress: boolean;
    /** NGINX's listen backlog, which the kernel cuts to net.core.somaxconn. */
    readonly backlog: number;
    readonly ports: PortSettings;
}

/** Modules that a node needs. Flannel's vxlan is loaded by the kernel itself when the link is made. */
export const kernelModules: readonly KernelModule[] = [
    { name: "overlay", proof: "filesystem:overlay", why: "containerd's snapshots" },
    {
        name: "br_netfilter",
        proof: "/proc/sys/net/bridge/bridge-nf-call-iptables",
        why: "Service addresses between pods on one bridge",
    },
    {
        name: "nf_conntrack",
        proof: "/proc/sys/net/netfilter/nf_conntrack_max",
        why: "kube-proxy and the firewall follow connections",
    },
];

const kubeletOwn = "the kubelet wants exactly this (protectKernelDefaults)";

/**
 * The settings of a node. Settings that are often passed around and are not here, with the verdict:
 *
 * - `net.ipv4.ip_local_port_range = 1024 65000`: collides with NodePorts and with every port of the platform. The
 *   default (32768-60999) stays; the reserved ports below make it safe to widen by hand.
 * - `net.ipv4.tcp_tw_reuse = 1`: the default (2, loopback) stays. It helps only where connections to one
 *   upstream run out of ports, which keep-alive cures better.
 * - `net.netfilter.nf_conntrack_max`: kube-proxy writes it when it starts (kubernetes.conntrackMaxPerCore).
 */
export function kernelSettings(needs: KernelNeeds): readonly KernelSetting[] {
    return [
        {
            key: "net.ipv4.ip_forward",
            value: "1",
            scope: "network-namespace",
            why: "pods are reached through the node",
        },
        {
            key: "net.bridge.bridge-nf-call-iptables",
            value: "1",
            scope: "network-namespace",
            why: "a pod that reaches a pod on its own bridge by a Service address gets its answer from that address",
        },
        {
            key: "net.bridge.bridge-nf-call-ip6tables",
            value: "1",
            scope: "network-namespace",
            why: "the same for IPv6",
        },
        {
            key: "net.ipv4.ip_local_reserved_ports",
            value: reservedPorts(needs.ports),
            scope: "network-namespace",
            why: "no outgoing connection takes the port of a component that restarts, or a NodePort (which has no socket)",
        },
        ...(needs.ingress ? ingressSettings(needs.backlog) : []),
        {
            key: "fs.file-max",
            atLeast: 2097152,
            scope: "machine",
            why: "open files of the whole machine; current Debian has no limit, so this raises only old or tuned ones",
        },
        {
            key: "fs.inotify.max_user_instances",
            atLeast: 8192,
            scope: "machine",
            why: "the default of 128 ends with some dozens of pods that watch files",
        },
        {
            key: "fs.inotify.max_user_watches",
            atLeast: 524288,
            scope: "machine",
            why: "the same, for the files they watch",
        },
        {
            key: "vm.max_map_count",
            atLeast: 262144,
            scope: "machine",
            why: "databases and search engines map many files",
        },
        { key: "vm.overcommit_memory", value: "1", scope: "machine", why: kubeletOwn },
        { key: "vm.panic_on_oom", value: "0", scope: "machine", why: kubeletOwn },
        { key: "kernel.panic", value: "10", scope: "machine", why: kubeletOwn },
        { key: "kernel.panic_on_oops", value: "1", scope: "machine", why: kubeletOwn },
        { key: "kernel.keys.root_maxkeys", value: "1000000", scope: "machine", why: kubeletOwn },
        { key: "kernel.keys.root_maxbytes", value: "25000000", scope: "machine", why: kubeletOwn },
    ];
}

/** For machines whose NGINX listens on the host network; in a pod's own namespace these would not be seen. */
function ingressSettings(backlog: number): readonly KernelSetting[] {
    return [
        {
            key: "net.core.somaxconn",
            atLeast: backlog,
            scope: "network-namespace",
            why: "connections that wait to be accepted: the kernel cuts NGINX's backlog to this",
        },
        {
            key: "net.ipv4.tcp_max_syn_backlog",
            atLeast: 16384,
            scope: "network-namespace",
            why: "half-open connections of a spike; the default grows with memory and is 128 on a small server",
        },
        {
            key: "net.core.netdev_max_backlog",
            atLeast: 16384,
            scope: "machine",
            why: "packets that wait for a CPU; a spike arrives faster than 1000 of them are taken",
        },
    ];
}

/** The settings as kernel.sh takes them, one a line: key, rule, value, scope. */
export function kernelParams(settings: readonly KernelSetting[]): readonly string[] {
    return settings.map((setting) =>
        "value" in setting
            ? `${setting.key}|exact|${setting.value}|${setting.scope}`
            : `${setting.key}|at-least|${setting.atLeast}|${setting.scope}`,
    );
}

/** The modules as kernel.sh takes them: name and proof. */
export function moduleParams(modules: readonly KernelModule[]): readonly string[] {
    return modules.map((module) => `${module.name}|${module.proof}`);
}
