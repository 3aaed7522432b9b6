import { checkDigest, driftChecks, driftUser } from "../../components/nodes/drift";
import { existingMachine } from "../../components/machines/existing";
import { Machine } from "../../components/machines/machine";
import { SshServer } from "../../components/remote/ssh";
import { Lock } from "../../infra/config/lock";
import { MachineConfig, RegionConfig } from "../../infra/config/types";
import { KnownHosts } from "./known-hosts";

/** A machine as the drift check asks it. */
export interface Target {
    /** Short name: `worker-01`. */
    readonly name: string;
    /** `worker-01.osl.node` */
    readonly fqdn: string;
    readonly role: Machine["role"];
    /** Undefined where its host key is not known here: nobody is asked on trust. */
    readonly server?: SshServer;
    /** By step: the sha256 of the check that this checkout would install. */
    readonly digests: ReadonlyMap<string, string>;
}

/** Nothing is connected through these: they only complete a machine. */
const nobody = { kind: "agent" } as const;

function asMachine(config: MachineConfig, domain: string): Machine {
    const { address, user } = config.kind === "existing" ? config.ssh : config;
    const ssh = config.kind === "existing" ? config.ssh : { address, port: 22, user, hostKey: "" };
    return existingMachine({ ...config, kind: "existing", ssh }, domain, nobody, nobody);
}

function serverOf(config: MachineConfig, fqdn: string, knownHosts: KnownHosts): SshServer | undefined {
    if (config.kind === "existing") {
        return { ...config.ssh, name: fqdn, user: driftUser };
    }
    const hostKey = knownHosts([config.address, fqdn, config.name], 22);
    return hostKey === undefined ? undefined : { name: fqdn, address: config.address, port: 22, user: driftUser, hostKey };
}

/** The machines of a region, in the order of its configuration, with what each should say. */
export function targetsOf(region: RegionConfig, lock: Lock, knownHosts: KnownHosts): readonly Target[] {
    const machines = region.machines.map((config) => asMachine(config, region.domain));
    return region.machines.map((config, index) => {
        const machine = machines[index]!;
        const server = serverOf(config, machine.fqdn, knownHosts);
        const checks = driftChecks({ machine, machines, region, lock });
        return {
            name: machine.name,
            fqdn: machine.fqdn,
            role: machine.role,
            ...(server && { server }),
            digests: new Map(checks.map((check) => [check.step, checkDigest(check)])),
        };
    });
}
