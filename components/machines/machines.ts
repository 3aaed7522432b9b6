import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import { Lock } from "../../infra/config/lock";
import { RegionConfig } from "../../infra/config/types";
import { Credential } from "./connection";
import { existingMachine } from "./existing";
import { expandHome } from "./expand-home";
import { makeGuests } from "./libvirt/guests";
import { PlannedGuest } from "./libvirt/plan";
import { Turns } from "./libvirt/turns";
import { Machine } from "./machine";

/** What the machines of a region are made from. */
export interface MachinesArgs {
    readonly region: RegionConfig;
    readonly lock: Lock;
    /** The guests among them, each with its place. */
    readonly guests: readonly PlannedGuest[];
    readonly stackKey: { readonly privateKey: pulumi.Output<string>; readonly publicKey: pulumi.Output<string> };
    readonly turns: Turns;
}

/** The machines of a region, in the order of its configuration. */
export interface Machines {
    readonly machines: readonly Machine[];
    /** Preflight figures of what they are made on; absent where all machines exist. */
    readonly report?: pulumi.Output<string>;
}

/** Makes or finds the machines of a region. One line a maker. */
export function makeMachines(name: string, args: MachinesArgs, opts: pulumi.ComponentResourceOptions): Machines {
    const { region, stackKey } = args;
    const operator = operatorCredential(region.ssh.identityFile);
    const stack: Credential = { kind: "key", privateKey: stackKey.privateKey };
    const guests = makeGuests(name, { ...args, operator }, opts);
    const machines = region.machines.map((machine) => {
        switch (machine.kind) {
            case "existing":
                return existingMachine(machine, region.domain, operator, stack);
            case "libvirt":
                return found(guests.machines, machine.name);
        }
    });
    return { machines, ...(guests.report && { report: guests.report }) };
}

function found(guests: ReadonlyMap<string, Machine>, name: string): Machine {
    const guest = guests.get(name);
    if (!guest) {
        throw new pulumi.RunError(`guest ${name} has no place: pass every guest of the region to makeMachines`);
    }
    return guest;
}

/** The operator's key file, or the SSH agent where the stack names none. */
function operatorCredential(identityFile: string | undefined): Credential {
    if (identityFile === undefined) {
        return { kind: "agent" };
    }
    const file = expandHome(identityFile);
    try {
        return { kind: "key", privateKey: pulumi.secret(fs.readFileSync(file, "utf8")) };
    } catch (error) {
        throw new pulumi.RunError(
            `fjord:ssh.identityFile: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}): name the private key that the machines accept, or leave it out to use the SSH agent`,
        );
    }
}
