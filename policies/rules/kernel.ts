import type { PublishedNode } from "../../components/nodes/published";
import { fault, must, publishedRule } from "./core/define";
import { notApplicable, Rule } from "./core/rule";

type Kernel = PublishedNode["kernel"];

/** What the kubelet demands with protectKernelDefaults (its constants in component-helpers, sysctl.go). */
const kubeletOwn: Kernel = {
    "vm.overcommit_memory": "1",
    "vm.panic_on_oom": "0",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
    "kernel.keys.root_maxkeys": "1000000",
    "kernel.keys.root_maxbytes": "25000000",
};

const forwarding: Kernel = {
    "net.ipv4.ip_forward": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
};

/** Watched files a pod, times the pods of a node. */
const leastInotify = { "fs.inotify.max_user_instances": 512, "fs.inotify.max_user_watches": 524288 } as const;

/** Limits of which a machine may have more than the program asks for: newer kernels and their owners raise them. */
const onlyRaised = [
    "fs.file-max",
    "fs.nr_open",
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
    "net.core.somaxconn",
    "net.core.netdev_max_backlog",
    "net.ipv4.tcp_max_syn_backlog",
    "net.netfilter.nf_conntrack_max",
    "vm.max_map_count",
];

/** Of Services of type NodePort; the program does not change it. */
const nodePorts = { first: 30000, last: 32767 } as const;

/** Ports below are never chosen for outgoing connections, whatever is reserved. */
const firstChosen = 1024;

/** Fewer ports than this and a busy node runs out of them. */
const leastChosen = 10000;

/** Listeners that ask for no login, and so answer only who is on the machine. */
const withoutLogin = [2381, 10248, 10249, 10257, 10259];

interface Range {
    readonly first: number;
    readonly last: number;
}

/** The number that a setting has at least: of `65536` and of `>= 65536` alike. */
const least = (value: string | undefined): number => Number((value ?? "0").replace(/^>=\s*/, ""));

/** `2379-2381,6443` */
const rangesOf = (text: string): readonly Range[] =>
    text.split(",").flatMap((part) => {
        const [first = NaN, last = first] = part.trim().split("-").map(Number);
        return Number.isNaN(first) ? [] : [{ first, last }];
    });

/** Whether every port of a range lies in one of the others. */
const covered = ({ first, last }: Range, by: readonly Range[]): boolean =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index).every((port) =>
        by.some((range) => range.first <= port && port <= range.last),
    );

const overlap = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

const exactly = (kernel: Kernel, wanted: Kernel) =>
    Object.entries(wanted).flatMap(([key, value]) =>
        must(kernel[key] === value, ["kernel", key], `is ${kernel[key] ?? "not set"}, not ${value}`),
    );

const reserved = "net.ipv4.ip_local_reserved_ports";

export const kernelRules: readonly Rule[] = [
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-001",
            title: "The kernel is set as the kubelet demands",
            severity: "medium",
            why: "A kubelet that protects kernel defaults does not start; another one changes them behind everybody's back.",
            mend: "Leave these settings to the program, and take them out of other files in /etc/sysctl.d.",
            references: [
                { of: "Checkov", id: "CKV_K8S_144" },
                { of: "upstream", id: "https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/" },
            ],
        },
        ({ kernel }) => exactly(kernel, kubeletOwn),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-002",
            title: "Packets for pods pass through the node",
            severity: "medium",
            why: "Without forwarding pods reach nothing; without bridge-nf a Service's answer comes from a stranger's address.",
            mend: "Leave net.ipv4.ip_forward and the two bridge-nf-call settings to the program, at 1.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/setup/production-environment/container-runtimes/" }],
        },
        ({ kernel }) => exactly(kernel, forwarding),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-003",
            title: "No outgoing connection takes a NodePort",
            severity: "medium",
            why: "A connection from such a port loses its answers to the Service that has the port, now and then and unseen.",
            mend: `Leave ${reserved} to the program, with ${nodePorts.first}-${nodePorts.last} in it.`,
            references: [{ of: "upstream", id: "https://docs.kernel.org/networking/ip-sysctl.html" }],
        },
        ({ kernel }) => {
            const list = kernel[reserved] ?? "";
            return must(
                covered(nodePorts, rangesOf(list)),
                ["kernel", reserved],
                `is ${list || "not set"}, without ${nodePorts.first}-${nodePorts.last}`,
            );
        },
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-004",
            title: "No outgoing connection takes the port of a component",
            severity: "medium",
            why: "A kubelet or an etcd that starts anew finds its port taken, and is down until that connection ends.",
            mend: `Leave ${reserved} to the program: it names every port of the node.`,
            references: [{ of: "upstream", id: "https://docs.kernel.org/networking/ip-sysctl.html" }],
        },
        ({ kernel, ports }) => {
            const list = kernel[reserved] ?? "";
            return ports
                .filter(({ last }) => last >= firstChosen)
                .flatMap(({ listener, first, last }) =>
                    must(
                        covered({ first: Math.max(first, firstChosen), last }, rangesOf(list)),
                        ["kernel", reserved],
                        `is ${list || "not set"}, without the port of ${listener} (${first})`,
                    ),
                );
        },
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-005",
            title: "Outgoing connections have ports enough, and none of the system's",
            severity: "medium",
            why: "From a range below 1024 they take the ports of SSH and the ingress; from a short one there are soon none left.",
            mend: "Take net.ipv4.ip_local_port_range out: the kernel's own is 32768 to 60999.",
            references: [{ of: "upstream", id: "https://docs.kernel.org/networking/ip-sysctl.html" }],
        },
        ({ kernel }) => {
            const key = "net.ipv4.ip_local_port_range";
            const text = kernel[key];
            if (text === undefined) {
                return [];
            }
            const [first = 0, last = 0] = text.trim().split(/\s+/).map(Number);
            return [
                ...must(first >= firstChosen, ["kernel", key], `is ${text} and begins below ${firstChosen}`),
                ...must(last - first >= leastChosen, ["kernel", key], `is ${text}, fewer than ${leastChosen} ports`),
            ];
        },
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-006",
            title: "The kernel does not cut the ingress's backlog",
            severity: "medium",
            why: "In a spike connections beyond net.core.somaxconn are dropped, whatever backlog NGINX asks for.",
            mend: "Let net.core.somaxconn be at least fjord:platform.ingress.backlog on every node that takes the ingress.",
            references: [{ of: "upstream", id: "https://nginx.org/en/docs/http/ngx_http_core_module.html#listen" }],
        },
        ({ ingress, backlog, kernel }) => {
            const key = "net.core.somaxconn";
            return ingress
                ? must(least(kernel[key]) >= backlog, ["kernel", key], `is ${kernel[key] ?? "not set"}, the backlog ${backlog}`)
                : notApplicable("takes no ingress");
        },
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-007",
            title: "Pods can watch files",
            severity: "medium",
            why: "The kernel's 128 instances for all of root's pods end with some dozens of them, which then see no change.",
            mend: "Leave fs.inotify.max_user_instances and max_user_watches to the program.",
            references: [{ of: "upstream", id: "https://man7.org/linux/man-pages/man7/inotify.7.html" }],
        },
        ({ kernel }) =>
            Object.entries(leastInotify).flatMap(([key, enough]) =>
                must(least(kernel[key]) >= enough, ["kernel", key], `is ${kernel[key] ?? "not set"}, less than ${enough}`),
            ),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-008",
            title: "Limits of the kernel are raised, never lowered",
            severity: "medium",
            why: "fs.file-max = 2097152 from an old guide is far less than a current Debian has by itself.",
            mend: "Write such a setting as a least value (atLeast) in components/nodes/kernel.ts.",
            references: [{ of: "upstream", id: "https://docs.kernel.org/admin-guide/sysctl/fs.html" }],
        },
        ({ kernel }) =>
            onlyRaised.flatMap((key) => {
                const value = kernel[key];
                const raises = value === undefined || value.startsWith(">=");
                return must(raises, ["kernel", key], `is exactly ${value}, also where the machine has more`);
            }),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-009",
            title: "systemd manages the cgroups, and nobody beside it",
            severity: "medium",
            why: "With two managers of cgroups on one machine nodes become unstable when memory gets short.",
            mend: "Take fjord:kubernetes.cgroupDriver out of the stack: systemd is the default, and needs cgroup v2.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/setup/production-environment/container-runtimes/" }],
        },
        ({ cgroupDriver }) => must(cgroupDriver === "systemd", ["cgroupDriver"], `is ${cgroupDriver}`),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-010",
            title: "Only control planes reach etcd",
            severity: "critical",
            why: "etcd holds everything, Secrets among it; who reaches it needs only one certificate to read and write it all.",
            mend: "Let ports 2379 and 2380 in components/nodes/ports.ts be open from control-planes.",
            references: [
                { of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Network separation and hardening" },
                { of: "upstream", id: "https://kubernetes.io/docs/reference/networking/ports-and-protocols/" },
            ],
        },
        ({ ports }) =>
            ports.flatMap((port, index) =>
                overlap(port, { first: 2379, last: 2380 }) && !["control-planes", "this-machine"].includes(port.from)
                    ? [fault(["ports", index, "from"], `is ${port.from}`)]
                    : [],
            ),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-011",
            title: "What asks for no login answers only on its own machine",
            severity: "medium",
            why: "Health and metrics pages of the control plane and the kubelet tell strangers what runs where.",
            mend: "Let the port in components/nodes/ports.ts be open from this-machine.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.3.7" },
                { of: "CIS Kubernetes 1.12", id: "1.4.2" },
                { of: "CIS Kubernetes 1.12", id: "4.3.1" },
            ],
        },
        ({ ports }) =>
            ports.flatMap((port, index) =>
                withoutLogin.some((one) => overlap(port, { first: one, last: one })) && port.from !== "this-machine"
                    ? [fault(["ports", index, "from"], `is ${port.from} (${port.listener})`)]
                    : [],
            ),
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-KRN-012",
            title: "Only the ingress is open to everybody",
            severity: "critical",
            why: "The API and the kubelet on the internet are found within hours, and one hole or one leaked token is enough.",
            mend: "Let the port in components/nodes/ports.ts be open from nodes, nodes-and-pods or control-planes.",
            references: [
                { of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Network separation and hardening" },
                { of: "CIS Debian Linux 12", id: "4.2" },
            ],
        },
        ({ ports }) =>
            ports.flatMap(({ listener, first, from }, index) =>
                must(
                    from !== "anyone" || ["ingress (http)", "ingress (https)"].includes(listener),
                    ["ports", index, "from"],
                    `lets anyone in to ${listener} (${first})`,
                ),
            ),
    ),
];
