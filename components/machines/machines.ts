import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import { MachineConfig, RegionConfig } from "../../infra/config/types";
import { Credential } from "./connection";
import { existingMachine } from "./existing";
import { expandHome } from "./expand-home";
import { Machine } from "./machine";

/** The machines of a region, by their makers. */
export function makeMachines(config: RegionConfig, stackKey: pulumi.Output<string>): Machine[] {
    const operator = operatorCredential(config.ssh.identityFile);
    const stack: Credential = { kind: "key", privateKey: stackKey };
    return config.machines.map((machine) => makeMachine(machine, config.domain, operator, stack));
}

/** One line a maker. */
function makeMachine(machine: MachineConfig, domain: string, operator: Credential, stack: Credential): Machine {
    switch (machine.kind) {
        case "existing":
            return existingMachine(machine, domain, operator, stack);
    }
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
