import { imageNamed } from "../../components/machines/images";
import * as defaults from "./defaults";
import { HypervisorInput, PlanInput } from "./schema/hypervisor";
import { MachineInput } from "./schema/machine";
import { ParsedRegion } from "./schema/region";
import { ServerInput } from "./schema/server";
import { ParsedTrust } from "./schema/trust";
import { textOf } from "./text-file";
import {
    AptSource,
    HypervisorConfig,
    ImageConfig,
    MachineConfig,
    mib,
    milliseconds,
    Mirrors,
    PlanConfig,
    RegionConfig,
    seconds,
    SshTarget,
    TrustConfig,
} from "./types";

/** The defaults that follow from other fields; everything else the schema has filled in already. */

function ssh({ address, port, user, hostKey, jump }: ServerInput, standardUser: string): SshTarget {
    return {
        address,
        port,
        user: user ?? standardUser,
        hostKey,
        ...(jump && { jump: { ...jump, user: jump.user ?? standardUser } }),
    };
}

function machine(input: MachineInput, user: string): MachineConfig {
    const { name, role, plan, labels, address } = input;
    const taints = input.taints ?? (role === "control-plane" ? defaults.controlPlaneTaints : []);
    const { cgroupDriver } = input;
    const base = { name, role, plan, labels, taints, ...(cgroupDriver !== undefined && { cgroupDriver }) };
    switch (input.kind) {
        case "existing":
            return { kind: "existing", ...base, ssh: ssh(input, user), nodeAddress: input.nodeAddress ?? address };
        case "libvirt": {
            const { image, hypervisor } = input;
            return {
                kind: "libvirt",
                ...base,
                user: input.user ?? user,
                address,
                nodeAddress: address,
                image,
                ...(hypervisor !== undefined && { hypervisor }),
            };
        }
    }
}

function hypervisor(input: HypervisorInput, user: string): HypervisorConfig {
    const { name, pool, bridge, acceleration, vcpuRatio, capacity } = input;
    const { vcpus, memoryMiB, diskGiB } = capacity;
    return {
        name,
        ssh: ssh(input, user),
        pool,
        bridge,
        acceleration,
        capacity: { vcpus, memory: mib(memoryMiB), diskGiB },
        vcpuRatio,
    };
}

function plan({ name, vcpus, memoryMiB, diskGiB, iops, throughputMiBs }: PlanInput): PlanConfig {
    const io = { ...(iops !== undefined && { iops }), ...(throughputMiBs !== undefined && { throughputMiBs }) };
    const limited = Object.keys(io).length > 0;
    return { name, vcpus, memory: mib(memoryMiB), diskGiB, ...(limited && { io }) };
}

/** The images of the catalogue that machines use, and all of the region's own. */
function images(machines: readonly MachineConfig[], own: readonly ImageConfig[]): ImageConfig[] {
    const used = new Set(machines.flatMap((each) => (each.kind === "libvirt" ? [each.image] : [])));
    const catalogue = [...used].flatMap((name) => {
        const image = imageNamed(name);
        return image === undefined ? [] : [{ name, url: image.url }];
    });
    return [...catalogue, ...own];
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
    const { domain, guestNetwork, kubernetes, platform, preflight } = input;
    const { user, allowFrom, authorizedKeys, driftKeys, identityFile } = input.ssh;
    const name = input.name ?? stack;
    const machines = input.machines.filter(({ out }) => !out).map((entry) => machine(entry, user));
    const outGuests = input.machines
        .filter(({ out }) => out)
        .map((entry) => machine(entry, user))
        .filter((each) => each.kind === "libvirt");
    const bounds = (pair: { readonly warn: number; readonly fail: number }) => ({
        warn: milliseconds(pair.warn),
        fail: milliseconds(pair.fail),
    });
    return {
        kind: "region",
        name,
        domain,
        whereabouts: input.whereabouts,
        residency: input.residency ?? (input.whereabouts.country === "NO" ? "norway" : "eea"),
        endpoints: input.endpoints,
        trustStack: input.trustStack,
        lock: input.lock,
        ssh: { allowFrom, authorizedKeys, driftKeys, ...(identityFile !== undefined && { identityFile }) },
        hosts: input.hosts,
        preflight: {
            fdatasyncP99: bounds(preflight.fdatasyncP99),
            steal: preflight.steal,
            clockOffset: bounds(preflight.clockOffset),
            otherFirewall: preflight.otherFirewall,
        },
        aptWait: seconds(input.aptWait),
        mirrors: mirrors(input.mirrors, directory),
        machines,
        ...(outGuests.length > 0 && { outGuests }),
        hypervisors: input.hypervisors.map((entry) => hypervisor(entry, user)),
        ...(guestNetwork && { guestNetwork }),
        images: images(machines, input.images),
        plans: input.plans.map(plan),
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
