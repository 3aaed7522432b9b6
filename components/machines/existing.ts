import { ExistingMachine } from "../../infra/config/types";
import { connectionTo, Credential } from "./connection";
import { Machine } from "./machine";

/** A server that exists: nothing is made, and nothing is destroyed but what fjord put on it. */
export function existingMachine(config: ExistingMachine, domain: string, operator: Credential, stack: Credential): Machine {
    return {
        name: config.name,
        fqdn: `${config.name}.${domain}`,
        role: config.role,
        plan: config.plan,
        nodeAddress: config.nodeAddress,
        labels: config.labels,
        taints: config.taints,
        ...(config.cgroupDriver !== undefined && { cgroupDriver: config.cgroupDriver }),
        ssh: config.ssh,
        operator: connectionTo(config.ssh, operator),
        connection: connectionTo(config.ssh, stack),
    };
}
