import * as defaults from "./defaults";
import { ParsedRegion } from "./schema/region";
import { MachineInput } from "./schema/machine";
import { ParsedTrust } from "./schema/trust";
import { textOf } from "./text-file";
import { AptSource, MachineConfig, Mirrors, milliseconds, RegionConfig, seconds, TrustConfig } from "./types";

/** The defaults that follow from other fields; everything else the schema has filled in already. */

function machine(input: MachineInput, user: string): MachineConfig {
    const { name, role, plan, labels } = input;
    const jump = input.jump && { ...input.jump, user: input.jump.user ?? user };
    return {
        kind: input.kind,
        name,
        role,
        plan,
        labels,
        taints: input.taints ?? (role === "control-plane" ? defaults.controlPlaneTaints : []),
        ssh: {
            address: input.address,
            port: input.port,
            user: input.user ?? user,
            hostKey: input.hostKey,
            ...(jump && { jump }),
        },
        nodeAddress: input.nodeAddress ?? input.address,
    };
}

function mirrors(input: ParsedRegion["mirrors"], directory: string): Mirrors {
    const apt = (source: AptSource): AptSource => ({ ...source, key: textOf(source.key, directory) });
    const { ca, files, images } = input;
    return {
        apt: { kubernetes: apt(input.apt.kubernetes), containerd: apt(input.apt.containerd) },
        images,
        ...(ca !== undefined && { ca: textOf(ca, directory) }),
        ...(files && { files }),
    };
}

function given<T extends object>(record: T): Record<string, string> {
    return Object.fromEntries(
        Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
}

/** The region as components see it. `stack` is the stack's name, `directory` the project's. */
export function resolveRegion(input: ParsedRegion, stack: string, directory: string): RegionConfig {
    const { domain, kubernetes, platform, preflight, ssh } = input;
    const name = input.name ?? stack;
    const bounds = (pair: { readonly warn: number; readonly fail: number }) => ({
        warn: milliseconds(pair.warn),
        fail: milliseconds(pair.fail),
    });
    return {
        kind: "region",
        name,
        domain,
        whereabouts: input.whereabouts,
        trustStack: input.trustStack,
        lock: input.lock,
        ssh: { allowFrom: ssh.allowFrom, ...(ssh.identityFile !== undefined && { identityFile: ssh.identityFile }) },
        hosts: input.hosts,
        preflight: {
            fdatasyncP99: bounds(preflight.fdatasyncP99),
            steal: preflight.steal,
            clockOffset: bounds(preflight.clockOffset),
        },
        mirrors: mirrors(input.mirrors, directory),
        machines: input.machines.filter(({ out }) => !out).map((entry) => machine(entry, ssh.user)),
        kubernetes: {
            ...kubernetes,
            apiName: kubernetes.apiName ?? `api.${domain}`,
            accessPort: kubernetes.accessPort ?? defaults.accessPort(name),
            evictionHard: given(kubernetes.evictionHard),
            drainTimeout: seconds(kubernetes.drainTimeout),
        },
        platform: { ...platform, reconciliation: seconds(platform.reconciliation) },
        applications: input.applications,
    };
}

/** The trust stack as components see it. */
export function resolveTrust(input: ParsedTrust, stack: string): TrustConfig {
    return {
        kind: "trust",
        name: input.name ?? stack,
        organization: input.organization,
        sealingKeys: input.sealingKeys,
    };
}
