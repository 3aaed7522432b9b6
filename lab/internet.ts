import * as fs from "node:fs";
import type { Lab } from "./plan";
import { run } from "./process";

const forwarding = "/proc/sys/net/ipv4/ip_forward";
/** Comment of a table whose lab switched forwarding on: the last lab to go switches it off again. */
const switchedOn = "ip_forward was 0";
const prefix = "fjord-";

/** Name of a lab's own table; no other table is ever touched. */
export const natTable = (lab: Pick<Lab, "name">): string => `${prefix}${lab.name}`;

/**
 * Rules by which a lab's servers reach the internet under the machine's address. Deleting the table first makes the
 * file replace itself in one transaction. Pure.
 */
export function natRules(lab: Pick<Lab, "name" | "range" | "bridge">, comment: string): string {
    const table = natTable(lab);
    return `add table ip ${table}
delete table ip ${table}
table ip ${table} {
    comment "${comment}"
    chain postrouting {
        type nat hook postrouting priority srcnat
        ip saddr ${lab.range} oifname != "${lab.bridge}" masquerade
    }
}
`;
}

/** A table of fjord's in the kernel. */
interface Table {
    readonly name: string;
    readonly comment: string;
}

/** fjord's tables in what `nft --json list tables` and `nft list table` print. Pure. */
export function tableNames(json: string): string[] {
    const { nftables } = JSON.parse(json) as {
        readonly nftables: readonly { readonly table?: { readonly family: string; readonly name: string } }[];
    };
    return nftables.flatMap(({ table }) =>
        table?.family === "ip" && table.name.startsWith(prefix) ? [table.name] : [],
    );
}

async function tables(): Promise<Table[]> {
    // Where nft is not installed, or the kernel has no such filter, there is no table of ours.
    const list = await run("nft", ["--json", "list", "tables"]).catch(() => '{"nftables":[]}');
    const names = tableNames(list);
    return Promise.all(
        names.map(async (name) => {
            const text = await run("nft", ["list", "table", "ip", name]).catch(() => "");
            return { name, comment: /^\tcomment "([^"]*)"$/m.exec(text)?.[1] ?? "" };
        }),
    );
}

/** Names of the tables that belong to a lab. */
export const labTables = async (lab: Pick<Lab, "name">): Promise<string[]> =>
    (await tables()).map(({ name }) => name).filter((name) => name === natTable(lab));

/**
 * Lets a lab's servers out by address translation. A firewall of the machine's own that forbids forwarding stays as it
 * is, and in force.
 */
export async function connectToInternet(lab: Lab): Promise<void> {
    const off = fs.readFileSync(forwarding, "utf8").trim() === "0";
    const ours = off || (await tables()).some(({ comment }) => comment === switchedOn);
    await run("nft", ["-f", "-"], { input: natRules(lab, ours ? switchedOn : "ip_forward was 1") });
    if (off) {
        fs.writeFileSync(forwarding, "1");
    }
}

/** Takes a lab's table away, and forwarding with the last lab that needed it. */
export async function disconnectFromInternet(lab: Pick<Lab, "name">): Promise<void> {
    const before = await tables();
    const own = before.find(({ name }) => name === natTable(lab));
    if (own === undefined) {
        return;
    }
    await run("nft", ["delete", "table", "ip", own.name]);
    if (own.comment === switchedOn && before.length === 1) {
        fs.writeFileSync(forwarding, "0");
    }
}
