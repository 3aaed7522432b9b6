import { formatCidr, parseCidr } from "../../infra/config/network";
import { Seconds } from "../../infra/config/types";
import { ComponentPort, PortAudience, PortHolder, PortSettings, portList, portsOn, serviceNodePorts } from "./ports";

/** What the firewall of one machine depends on. */
export interface FirewallSettings {
    readonly holder: PortHolder;
    readonly ports: PortSettings;
    /** All machines of the region. */
    readonly nodes: readonly { readonly nodeAddress: string; readonly role: "control-plane" | "worker" }[];
    readonly podCidr: string;
    /** CIDRs from which SSH is allowed. */
    readonly sshFrom: readonly string[];
    /**
     * How long a machine that is no longer among `nodes` is let in. It leaves the stack in a run that changes the
     * others first and drains it last: its pods, its kubelet and its etcd member serve until then.
     */
    readonly leavingFor: Seconds;
}

/** The only table that fjord ever writes. Others (kube-proxy's, flannel's, the owner's) are never touched. */
export const firewallTable = "inet fjord";

/**
 * nftables variable with the ports of the machine's SSH server, which the machine itself knows best: firewall.sh
 * defines it.
 */
export const sshPortsVariable = "SSH_PORTS";

/** Addresses as elements of an interval set: canonical, sorted, each once. */
function elements(cidrs: readonly string[]): string {
    const canonical = cidrs.map((cidr) => {
        const range = parseCidr(cidr.includes("/") ? cidr : `${cidr}/32`);
        if (!range) {
            throw new Error(`"${cidr}" is no IPv4 address or CIDR`);
        }
        return range;
    });
    const sorted = canonical.sort((a, b) => a.first - b.first || a.prefix - b.prefix);
    return [...new Set(sorted.map(formatCidr))].join(", ");
}

/**
 * `typeof` and not `type`: kube-proxy lists all tables with the nft of its own image, and where that is older (1.0.6)
 * it crashes on sets that a newer one (1.1.3, Debian 13) wrote with `type`; then no Service works on the node
 * (kubernetes/kubernetes#136786).
 */
function set(name: string, cidrs: readonly string[]): string {
    const content = cidrs.length === 0 ? "" : `\n        elements = { ${elements(cidrs)} }`;
    return `    set ${name} {
        typeof ip saddr
        flags interval
        auto-merge${content}
    }
`;
}

/**
 * What firewall.sh fills when it takes an address out of a set, and the kernel empties: whatever gives no time of its
 * own is gone after `timeout`. Single addresses need no interval set.
 */
function leavingSet(of: string, timeout: Seconds): string {
    return `    set ${of}_leaving {
        typeof ip saddr
        flags timeout
        timeout ${timeout}s
    }
`;
}

const sources: Readonly<Record<Exclude<PortAudience, "this-machine">, readonly string[]>> = {
    anyone: [""],
    nodes: ["ip saddr @nodes ", "ip saddr @nodes_leaving "],
    "nodes-and-pods": ["ip saddr @nodes ", "ip saddr @nodes_leaving ", "ip saddr @pods "],
    "control-planes": ["ip saddr @control_planes ", "ip saddr @control_planes_leaving "],
};

function rules(ports: readonly ComponentPort[]): string {
    return ports
        .flatMap((port) =>
            port.from === "this-machine"
                ? []
                : sources[port.from].map(
                      (source) =>
                          `        ${source}${port.protocol} dport ${portList([port])} accept comment "${port.listener}"\n`,
                  ),
        )
        .join("");
}

/**
 * The ruleset: one table, replaced as a whole in one transaction (the first line makes sure that there is one to
 * delete). What comes in is dropped unless it is an answer, local, ICMP, or named here; what goes through the machine
 * to pods is the cluster's business.
 *
 * NodePorts are translated before the input chain sees them, so they are closed earlier: after connection tracking
 * (priority mangle), so that an answer to an outgoing connection that happens to use such a port still arrives.
 */
export function renderFirewall(settings: FirewallSettings): string {
    const controlPlanes = settings.nodes.filter((node) => node.role === "control-plane");
    const nodePorts = portList([serviceNodePorts]);
    return `table ${firewallTable}
delete table ${firewallTable}
table ${firewallTable} {
${set(
    "nodes",
    settings.nodes.map((node) => node.nodeAddress),
)}
${set(
    "control_planes",
    controlPlanes.map((node) => node.nodeAddress),
)}
${leavingSet("nodes", settings.leavingFor)}
${leavingSet("control_planes", settings.leavingFor)}
${set("pods", [settings.podCidr])}
${set("ssh_from", settings.sshFrom)}
    chain node_ports {
        type filter hook prerouting priority mangle; policy accept;
        ct state established,related accept
        iif "lo" accept
        ip saddr @nodes accept
        ip saddr @nodes_leaving accept
        ip saddr @pods accept
        fib daddr type local tcp dport ${nodePorts} counter drop comment "NodePorts are for the region's nodes"
        fib daddr type local udp dport ${nodePorts} counter drop comment "NodePorts are for the region's nodes"
    }

    chain input {
        type filter hook input priority filter - 5; policy drop;
        ct state established,related accept
        ct state invalid drop
        iif "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
        udp sport 67 udp dport 68 accept comment "DHCP lease"
        ip6 saddr fe80::/10 udp dport 546 accept comment "DHCPv6 lease"
        ip saddr @ssh_from tcp dport $${sshPortsVariable} accept comment "SSH"
        ip saddr @nodes tcp dport $${sshPortsVariable} accept comment "SSH"
${rules(portsOn(settings.holder, settings.ports))}        counter drop
    }
}
`;
}
