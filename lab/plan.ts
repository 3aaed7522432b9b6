import * as path from "node:path";
import type { Role } from "../infra/config/types";
import { cacheRoot } from "./toolchain/paths";

/** A bare server of a lab: everything that is made for it carries one of these names. */
export interface LabNode {
    /** `cp-01` */
    readonly name: string;
    /** `cp-01.lab.node`: its host name, and its name in Kubernetes. */
    readonly fqdn: string;
    /** What it becomes in the cluster; a hypervisor runs guests that join instead of joining itself. */
    readonly role: Role | "hypervisor";
    readonly address: string;
    /** Fixed, so that neighbours need not learn a new one after a restart. */
    readonly mac: string;
    /** Machine name for systemd-nspawn, and name of its network namespace. */
    readonly machine: string;
    /** The host's end of its cable, a port of the bridge. Inside, the other end is `eth0`. */
    readonly link: string;
    /** Holds its disk (`upper`, `work`, `var`), the mount point `root`, keys and console log. */
    readonly dir: string;
}

/** A bare server that joins the cluster. */
export interface LabMachine extends LabNode {
    readonly role: Role;
}

/** A machine that the lab leaves to the region's program. */
export interface LabGuest {
    readonly name: string;
    readonly fqdn: string;
    readonly role: Role;
    readonly address: string;
}

/** The region services of a lab; each has an address of its own on the bridge. */
export type ServiceName = "dns" | "registry" | "apt" | "files" | "git";

/** A lab: a region on one Linux machine. All of it follows from its name, its range and its list of machines. */
export interface Lab {
    readonly name: string;
    /** Everything on disk that belongs to this lab and to no other. */
    readonly dir: string;
    /** `10.77.0.0/24` */
    readonly range: string;
    readonly domain: string;
    readonly bridge: string;
    /** The host's address on the bridge: where the operator comes from. */
    readonly gateway: string;
    readonly services: Readonly<Record<ServiceName, string>>;
    /** Network namespace of the services, so that they cannot collide with what listens on the host. */
    readonly servicesNetns: string;
    readonly servicesLink: string;
    /** Folder below each cgroup controller: `fjord/lab`. */
    readonly cgroup: string;
    readonly nodes: readonly LabMachine[];
    readonly hypervisors: readonly LabNode[];
    /** Machines that the region's program makes itself, on the hypervisors. */
    readonly guests: readonly LabGuest[];
}

/** What a lab is made from. */
export interface LabInputs {
    /** 1 to 8 lower-case letters and digits: an interface's name ends at 15 characters. Default `lab`. */
    readonly name?: string;
    /** A /24 that nothing else on the machine uses. Default `10.77.0.0/24`. */
    readonly range?: string;
    /** Names of the bare servers, `cp-NN` or `worker-NN`. Default: three control planes, two workers. */
    readonly machines?: readonly string[];
    /** Names of the servers that run guests, `hv-NN`. Default: none, for they need images of their own. */
    readonly hypervisors?: readonly string[];
    /** Names of the guests that the region makes on them, `cp-NN` or `worker-NN`. Default: none. */
    readonly guests?: readonly string[];
    /** Folder that holds all labs. Default: `labs` in fjord's cache folder. */
    readonly labsDir?: string;
}

export const defaultMachines: readonly string[] = ["cp-01", "cp-02", "cp-03", "worker-01", "worker-02"];

/** Folder that holds all labs. */
export const labsDir = (env: NodeJS.ProcessEnv = process.env): string => path.join(cacheRoot(env), "labs");

/**
 * Host number of a machine in the lab's range. It follows from the name alone, so that adding or removing a machine
 * never moves another one: cp-01 is .11, worker-01 is .21.
 */
export function hostNumber(machine: string): number {
    const match = /^(cp|worker)-(\d\d)$/.exec(machine);
    const index = Number(match?.[2] ?? 0);
    const most = match?.[1] === "cp" ? 9 : 79;
    if (!match || index < 1 || index > most) {
        throw new Error(`"${machine}" is not a machine of a lab: use cp-01 to cp-09 or worker-01 to worker-79`);
    }
    return (match[1] === "cp" ? 10 : 20) + index;
}

/** Host number of a hypervisor in the lab's range: hv-01 is .201, beyond all machines and the guests among them. */
export function hypervisorNumber(name: string): number {
    const index = Number(/^hv-(\d\d)$/.exec(name)?.[1] ?? 0);
    if (index < 1 || index > 9) {
        throw new Error(`"${name}" is not a hypervisor of a lab: use hv-01 to hv-09`);
    }
    return 200 + index;
}

const roleOf = (machine: string): Role => (machine.startsWith("cp-") ? "control-plane" : "worker");

/** First three numbers of a /24, or an error that says what a range looks like. */
function rangePrefix(range: string): string {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.0\/24$/.exec(range);
    const numbers = match?.slice(1).map(Number) ?? [];
    if (!match || numbers.some((n) => n > 255) || numbers[0] === 0 || numbers[0] === 127 || (numbers[0] ?? 0) >= 224) {
        throw new Error(`"${range}" is not a range for a lab: use a private /24 such as 10.77.0.0/24`);
    }
    return numbers.join(".");
}

/** A locally administered address that holds an IPv4 address. */
const macOf = (address: readonly number[]): string =>
    [2, 0, ...address].map((part) => part.toString(16).padStart(2, "0")).join(":");

/** Works out every name and address of a lab. Pure: the same inputs always give the same lab. */
export function planLab(inputs: LabInputs): Lab {
    const name = inputs.name ?? "lab";
    const range = inputs.range ?? "10.77.0.0/24";
    if (!/^[a-z][a-z0-9]{0,7}$/.test(name)) {
        throw new Error(
            `"${name}" is not a name for a lab: use 1 to 8 lower-case letters and digits, starting with a letter`,
        );
    }
    const prefix = rangePrefix(range);
    const dir = path.join(inputs.labsDir ?? labsDir(), name);
    const domain = "lab.node";
    const machines = inputs.machines ?? defaultMachines;
    const hypervisors = inputs.hypervisors ?? [];
    const guests = inputs.guests ?? [];
    const names = [...machines, ...hypervisors, ...guests];
    const repeated = names.find((machine, i) => names.indexOf(machine) !== i);
    if (repeated !== undefined) {
        throw new Error(`machine "${repeated}" is listed twice in lab "${name}"`);
    }
    const server = <R extends LabNode["role"]>(machine: string, role: R, number: number): LabNode & { role: R } => ({
        name: machine,
        fqdn: `${machine}.${domain}`,
        role,
        address: `${prefix}.${number}`,
        mac: macOf([...prefix.split(".").map(Number), number]),
        machine: `fj-${name}-${machine}`,
        link: `fj-${name}-${number}`,
        dir: path.join(dir, "nodes", machine),
    });
    return {
        name,
        dir,
        range,
        domain,
        bridge: `fj-${name}`,
        gateway: `${prefix}.1`,
        services: {
            dns: `${prefix}.2`,
            registry: `${prefix}.3`,
            apt: `${prefix}.4`,
            files: `${prefix}.5`,
            git: `${prefix}.6`,
        },
        servicesNetns: `fj-${name}-svc`,
        servicesLink: `fj-${name}-svc`,
        cgroup: `fjord/${name}`,
        nodes: machines.map((machine) => server(machine, roleOf(machine), hostNumber(machine))),
        hypervisors: hypervisors.map((machine) => server(machine, "hypervisor", hypervisorNumber(machine))),
        guests: guests.map((guest) => ({
            name: guest,
            fqdn: `${guest}.${domain}`,
            role: roleOf(guest),
            address: `${prefix}.${hostNumber(guest)}`,
        })),
    };
}

/** Every bare server of a lab: those that join the cluster, and the hypervisors. */
export const labServers = (lab: Lab): readonly LabNode[] => [...lab.nodes, ...lab.hypervisors];

/** The server with this name, or an error that lists the names there are. */
export function labNode(lab: Lab, name: string): LabNode {
    const servers = labServers(lab);
    const node = servers.find((candidate) => candidate.name === name || candidate.fqdn === name);
    if (!node) {
        throw new Error(`lab "${lab.name}" has no machine "${name}"; it has ${servers.map((n) => n.name).join(", ")}`);
    }
    return node;
}

/** Name of a service in the lab's DNS: `registry.lab.node`. */
export function serviceName(lab: Lab, service: ServiceName): string {
    return `${service}.${lab.domain}`;
}

/** Every name the lab's DNS knows, with its address. */
export function labHosts(lab: Lab): Readonly<Record<string, string>> {
    return Object.fromEntries([
        ...(Object.keys(lab.services) as ServiceName[]).map((s) => [serviceName(lab, s), lab.services[s]] as const),
        ...[...labServers(lab), ...lab.guests].map((node) => [node.fqdn, node.address] as const),
    ]);
}

/** The machines that run applications, with whom the lab's ingress answers. */
export const labWorkers = (lab: Lab): readonly { readonly address: string }[] =>
    [...lab.nodes, ...lab.guests].filter(({ role }) => role === "worker");
