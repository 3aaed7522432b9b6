import * as fs from "node:fs";
import type { Lab, LabNode } from "./plan";
import { run, succeeds } from "./process";

/** One address of the host, as `ip -j address` shows it. */
export interface HostAddress {
    readonly link: string;
    readonly address: string;
    readonly prefixLength: number;
}

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** The host's addresses that lie in the lab's range, or whose network contains it, and are not the lab's own. */
export function collisions(lab: Pick<Lab, "range" | "bridge">, addresses: readonly HostAddress[]): HostAddress[] {
    const [base = "", length = "24"] = lab.range.split("/");
    return addresses.filter((entry) => {
        const shared = 2 ** (32 - Math.min(entry.prefixLength, Number(length)));
        const same = Math.floor(toNumber(entry.address) / shared) === Math.floor(toNumber(base) / shared);
        return entry.link !== lab.bridge && same;
    });
}

async function hostAddresses(): Promise<HostAddress[]> {
    type Row = { ifname: string; addr_info: { local: string; prefixlen: number }[] };
    const rows = JSON.parse(await run("ip", ["-j", "-4", "address", "show"])) as Row[];
    return rows.flatMap((row) =>
        row.addr_info.map((info) => ({ link: row.ifname, address: info.local, prefixLength: info.prefixlen })),
    );
}

export const linkExists = (name: string): boolean => fs.existsSync(`/sys/class/net/${name}`);
export const netnsExists = (name: string): boolean => fs.existsSync(`/run/netns/${name}`);

/** Makes the bridge with the host's address on it. Refuses a range that the host already uses. */
export async function makeBridge(lab: Lab): Promise<void> {
    const taken = collisions(lab, await hostAddresses());
    if (taken[0]) {
        const { link, address, prefixLength } = taken[0];
        throw new Error(
            `lab "${lab.name}": its range ${lab.range} collides with ${address}/${prefixLength} on ${link}\n` +
                "  what to do: give the lab another range, e.g. --range 10.81.0.0/24, or take the other lab down",
        );
    }
    if (!linkExists(lab.bridge)) {
        await run("ip", ["link", "add", lab.bridge, "type", "bridge"]);
    }
    await run("ip", ["address", "replace", `${lab.gateway}/24`, "dev", lab.bridge]);
    await run("ip", ["link", "set", lab.bridge, "up"]);
}

/** One network namespace on the bridge: its cable's host end, and what its `eth0` gets. */
interface Attachment {
    readonly netns: string;
    readonly link: string;
    readonly mac?: string;
    readonly addresses: readonly string[];
}

async function attach(lab: Lab, attachment: Attachment): Promise<void> {
    const { netns, link } = attachment;
    if (netnsExists(netns) && linkExists(link)) {
        return;
    }
    await detach(netns, link);
    await run("ip", ["netns", "add", netns]);
    await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", netns]);
    await run("ip", ["-batch", "-"], { input: `link set ${link} master ${lab.bridge}\nlink set ${link} up\n` });
    const steps = [
        "link set lo up",
        ...(attachment.mac === undefined ? [] : [`link set eth0 address ${attachment.mac}`]),
        ...attachment.addresses.map((address) => `address add ${address}/24 dev eth0`),
        "link set eth0 up",
        `route add default via ${lab.gateway}`,
    ];
    await run("ip", ["-n", netns, "-batch", "-"], { input: `${steps.join("\n")}\n` });
}

async function detach(netns: string, link: string): Promise<void> {
    if (linkExists(link)) {
        await run("ip", ["link", "delete", link]);
    }
    if (netnsExists(netns) && !(await succeeds("ip", ["netns", "delete", netns]))) {
        // A name whose namespace is gone (a crash between making the file and mounting it) is only a file.
        fs.rmSync(`/run/netns/${netns}`, { force: true });
    }
}

/** Gives a node its network namespace with `eth0` on the lab's bridge. */
export const attachNode = (lab: Lab, node: LabNode): Promise<void> =>
    attach(lab, { netns: node.machine, link: node.link, mac: node.mac, addresses: [node.address] });

export const detachNode = (node: LabNode): Promise<void> => detach(node.machine, node.link);

/** The namespace that all region services share, with one address for each of them. */
export const attachServices = (lab: Lab): Promise<void> =>
    attach(lab, { netns: lab.servicesNetns, link: lab.servicesLink, addresses: Object.values(lab.services) });

export const detachServices = (lab: Lab): Promise<void> => detach(lab.servicesNetns, lab.servicesLink);

/** Pids of all processes in a network namespace. */
export async function netnsPids(netns: string): Promise<number[]> {
    if (!netnsExists(netns)) {
        return [];
    }
    try {
        return (await run("ip", ["netns", "pids", netns])).split("\n").filter(Boolean).map(Number);
    } catch {
        return [];
    }
}
