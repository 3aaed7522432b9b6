import { fixedPorts, serviceNodePorts } from "../../../components/nodes/ports";
import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr, sectionOf } from "../draft";
import { contains, parseCidr, parseIpv4, overlaps, formatCidr, Range } from "../network";
import { formatPath, Path } from "../problems";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";
import { nodeAddresses } from "./machines";

type Region = Draft<RegionInput>;

function range(region: Region, field: "podCidr" | "serviceCidr"): Range | undefined {
    const text = fieldOr(sectionOf(region, "kubernetes"), field, defaults.kubernetes[field]);
    return text === undefined ? undefined : parseCidr(text);
}

export function clusterRanges(region: Region): Problem[] {
    const pods = range(region, "podCidr");
    const services = range(region, "serviceCidr");
    const nodes = region.machines?.length ?? 0;
    const problems: Problem[] = [];
    if (pods && services && overlaps(pods, services)) {
        problems.push({
            path: "fjord:kubernetes.podCidr",
            message: `${formatCidr(pods)} overlaps serviceCidr ${formatCidr(services)}`,
            fix: `choose two ranges apart, such as the defaults ${defaults.kubernetes.podCidr} and ${defaults.kubernetes.serviceCidr}`,
        });
    }
    if (pods && nodes > 2 ** (24 - pods.prefix)) {
        problems.push({
            path: "fjord:kubernetes.podCidr",
            message: `${formatCidr(pods)} has a /24 for ${Math.floor(2 ** (24 - pods.prefix))} nodes, and there are ${nodes} machines`,
            fix: "choose a range with a shorter prefix; it cannot be changed once the cluster runs",
        });
    }
    if (services && (services.prefix < 12 || services.prefix > 24)) {
        problems.push({
            path: "fjord:kubernetes.serviceCidr",
            message: `${formatCidr(services)} is outside /12 to /24`,
            fix: "choose a prefix from 12 (the API server's limit) to 24 (room for 254 Services)",
        });
    }
    return problems;
}

/** What nodes reach must not lie where the cluster routes pods and Services. */
export function addressesOutsideCluster(region: Region): Problem[] {
    const hosts = Object.entries(region.hosts ?? {}).flatMap(([name, address]) =>
        address === undefined ? [] : [{ path: ["hosts", name] as Path, address }],
    );
    const { gateway, nameservers } = region.guestNetwork ?? {};
    const network = [
        ...(gateway === undefined ? [] : [{ path: ["guestNetwork", "gateway"] as Path, address: gateway }]),
        ...entriesOf(nameservers).map(([i, address]) => ({
            path: ["guestNetwork", "nameservers", i] as Path,
            address,
        })),
    ];
    return (["podCidr", "serviceCidr"] as const).flatMap((field) => {
        const taken = range(region, field);
        return [...nodeAddresses(region), ...hosts, ...network]
            .filter(({ address }) => taken !== undefined && contains(taken, parseIpv4(address)!))
            .map(({ path, address }) => ({
                path: formatPath(path),
                message: `${address} lies in kubernetes.${field} ${formatCidr(taken!)}`,
                fix: `move the address, or choose another kubernetes.${field}`,
            }));
    });
}

/** Widest range that is accepted without being asked for: /8 is a whole private network. */
const widestPrefix = 8;

export function sshSources(region: Region): Problem[] {
    if (!region.ssh || region.ssh.allowFromAnywhere === true) {
        return [];
    }
    return entriesOf(region.ssh.allowFrom)
        .filter(([, text]) => (parseCidr(text)?.prefix ?? 32) < widestPrefix)
        .map(([i, text]) => ({
            path: formatPath(["ssh", "allowFrom", i]),
            message: `${text} opens SSH to ${text === "0.0.0.0/0" ? "the whole internet" : "a large part of the internet"}`,
            fix: "name the networks that operators come from, or write allowFromAnywhere: true beside it",
        }));
}

/** TCP ports of a control plane or a node that are in use already, and the NodePorts. */
function userOf(port: number): string | undefined {
    const holds = ({ first, last }: { readonly first: number; readonly last: number }): boolean => first <= port && port <= last;
    if (holds(serviceNodePorts)) {
        return `NodePorts (${serviceNodePorts.first} to ${serviceNodePorts.last})`;
    }
    return port === 22 ? "SSH" : fixedPorts.find((one) => one.protocol === "tcp" && holds(one))?.listener;
}

export function ports(region: Region): Problem[] {
    const ingress = sectionOf(sectionOf(region, "platform"), "ingress");
    const given = [
        {
            path: ["kubernetes", "loadBalancerPort"],
            port: fieldOr(sectionOf(region, "kubernetes"), "loadBalancerPort", defaults.kubernetes.loadBalancerPort),
        },
        { path: ["platform", "ingress", "httpPort"], port: fieldOr(ingress, "httpPort", defaults.ingress.httpPort) },
        { path: ["platform", "ingress", "httpsPort"], port: fieldOr(ingress, "httpsPort", defaults.ingress.httpsPort) },
    ];
    const users = new Map<number, string>();
    return given.flatMap(({ path, port }) => {
        if (port === undefined) {
            return [];
        }
        const user = userOf(port) ?? users.get(port);
        users.set(port, formatPath(path));
        return user === undefined
            ? []
            : [
                  {
                      path: formatPath(path),
                      message: `${port} is the port of ${user} on the same node`,
                      fix: "choose a free port",
                  },
              ];
    });
}

export function preflightBounds(region: Region): Problem[] {
    return (["fdatasyncP99", "steal", "clockOffset"] as const).flatMap((name) => {
        const bounds = sectionOf(sectionOf(region, "preflight"), name);
        const warn = fieldOr(bounds, "warn", defaults.preflight[name].warn);
        const fail = fieldOr(bounds, "fail", defaults.preflight[name].fail);
        return warn === undefined || fail === undefined || warn <= fail
            ? []
            : [
                  {
                      path: formatPath(["preflight", name]),
                      message: `warns at ${warn} and fails at ${fail} already`,
                      fix: "make warn at most fail",
                  },
              ];
    });
}
