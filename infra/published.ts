import { createHash } from "node:crypto";
import { PlannedGuest } from "../components/machines/libvirt/plan";
import { planNamed } from "../components/machines/plans";
import { Endpoint, endpoints } from "./config/endpoints";
import { imageReference, Lock } from "./config/lock";
import { MachineConfig, RegionConfig, Taint } from "./config/types";

/** What a region publishes of itself, for policies and people: meaning, no scripts and no secrets. */
export interface PublishedRegion {
    /** `no-oslo-1` */
    readonly name: string;
    /** `osl.node` */
    readonly domain: string;
    readonly country: string;
    readonly operator: string;
    /** Data centre; absent where the stack does not say. */
    readonly site?: string;
    readonly residency: RegionConfig["residency"];
    /** Full name of the stack that outlives it: `organization/fjord/trust`. */
    readonly trustStack: string;
    /** All that the region talks to. */
    readonly endpoints: readonly Endpoint[];
    readonly machines: readonly PublishedMachine[];
    readonly hypervisors: readonly PublishedHypervisor[];
    readonly ssh: {
        /** CIDRs. */
        readonly allowFrom: readonly string[];
        /** `ssh-ed25519`; of the operators' public keys for guests. */
        readonly operatorKeyTypes: readonly string[];
    };
    readonly gitHosts: readonly {
        readonly host: string;
        /** One for each line of known_hosts: the names that it is for, and the type of its key. */
        readonly knownHosts: readonly { readonly names: readonly string[]; readonly keyType: string }[];
    }[];
    /** Milliseconds and percent. */
    readonly preflight: {
        readonly fdatasyncP99: { readonly warn: number; readonly fail: number };
        readonly steal: { readonly warn: number; readonly fail: number };
        readonly clockOffset: { readonly warn: number; readonly fail: number };
        readonly otherFirewall: RegionConfig["preflight"]["otherFirewall"];
    };
    readonly lock: {
        readonly source: Lock["source"];
        /** Exact apt versions by package. */
        readonly packages: Readonly<Record<string, string>>;
        /** By component: `registry/name:tag@sha256:...`, and what it really is where it is a stand-in. */
        readonly images: Readonly<Record<string, { readonly reference: string; readonly standIn?: string }>>;
        /** By name: where from, and the hex sha256 of the bytes. */
        readonly files: Readonly<Record<string, { readonly url: string; readonly sha256: string }>>;
        readonly guestImages: Readonly<Record<string, { readonly url: string; readonly sha256: string }>>;
    };
    /** Registries, as images name them, that a mirror stands before. */
    readonly mirroredRegistries: readonly string[];
    /** Whether the apt sources carry a signing key of their own. */
    readonly aptSigned: boolean;
    /** Whether certificates of the mirrors are checked against a CA of their own. */
    readonly mirrorCa: boolean;
}

/** A machine as policies see it. */
export interface PublishedMachine {
    readonly name: string;
    readonly fqdn: string;
    readonly role: MachineConfig["role"];
    readonly kind: MachineConfig["kind"];
    readonly plan: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[];
    /** The operator's user there. */
    readonly user: string;
    /** IPv4 address in the region's network. */
    readonly nodeAddress: string;
    /** `ssh-ed25519`; guests have what the stack makes for them. */
    readonly hostKeyType: string;
    /** Hash of the public host key, to see that no two machines share one; absent for guests. */
    readonly hostKeyFingerprint?: string;
    /** What its plan has: a guest is made with exactly this much, and preflight refuses a server with less. */
    readonly vcpus: number;
    readonly memoryMiB: number;
    readonly diskGiB: number;
    /** Where a guest runs; absent for a server that exists. */
    readonly hypervisor?: string;
    readonly image?: string;
    readonly autostart?: boolean;
}

/** A hypervisor as policies see it. */
export interface PublishedHypervisor {
    readonly name: string;
    readonly acceleration: "kvm" | "emulation";
    readonly vcpuRatio: number;
    readonly capacity: { readonly vcpus: number; readonly memoryMiB: number; readonly diskGiB: number };
    readonly user: string;
    readonly hostKeyType: string;
}

/** What policies see of a region. Plain values only, all of them known before anything is made. */
export function publishedRegion(region: RegionConfig, lock: Lock, guests: readonly PlannedGuest[]): PublishedRegion {
    const { name, domain, whereabouts, residency, trustStack, mirrors, preflight } = region;
    return {
        name,
        domain,
        country: whereabouts.country,
        operator: whereabouts.operator,
        ...(whereabouts.site !== undefined && { site: whereabouts.site }),
        residency,
        trustStack,
        endpoints: endpoints(region, lock),
        machines: region.machines.map((machine) => publishedMachine(machine, region, guests)),
        hypervisors: region.hypervisors.map(({ name, acceleration, vcpuRatio, capacity, ssh }) => ({
            name,
            acceleration,
            vcpuRatio,
            capacity: { vcpus: capacity.vcpus, memoryMiB: capacity.memory, diskGiB: capacity.diskGiB },
            user: ssh.user,
            hostKeyType: keyType(ssh.hostKey),
        })),
        ssh: { allowFrom: region.ssh.allowFrom, operatorKeyTypes: region.ssh.authorizedKeys.map(keyType) },
        gitHosts: region.platform.gitHosts.map(({ host, knownHosts }) => ({
            host,
            knownHosts: knownHosts.map((line) => {
                const [names = "", type = ""] = line.trim().split(/\s+/);
                return { names: names.split(","), keyType: type };
            }),
        })),
        preflight,
        lock: {
            source: lock.source,
            packages: lock.packages,
            images: Object.fromEntries(
                Object.entries(lock.images).map(([component, image]) => [
                    component,
                    { reference: imageReference(image), ...(image.standIn !== undefined && { standIn: image.standIn }) },
                ]),
            ),
            files: sums(lock.files),
            guestImages: sums(Object.fromEntries(region.images.flatMap(({ name: image }) => lockedImage(lock, image)))),
        },
        mirroredRegistries: mirrors.images.map(({ registry }) => registry),
        aptSigned: [mirrors.apt.kubernetes, mirrors.apt.containerd].every(({ key }) => key.includes("BEGIN PGP PUBLIC KEY BLOCK")),
        mirrorCa: mirrors.ca !== undefined,
    };
}

function publishedMachine(
    machine: MachineConfig,
    { domain, plans }: Pick<RegionConfig, "domain" | "plans">,
    guests: readonly PlannedGuest[],
): PublishedMachine {
    const { name, role, kind, plan, labels, taints, nodeAddress } = machine;
    const { vcpus, memory, diskGiB } = planNamed(plan, plans);
    const size = { vcpus, memoryMiB: memory, diskGiB };
    const common = { name, fqdn: `${name}.${domain}`, role, kind, plan, ...size, labels, taints, nodeAddress };
    if (machine.kind === "existing") {
        const { user, hostKey } = machine.ssh;
        return { ...common, user, hostKeyType: keyType(hostKey), hostKeyFingerprint: fingerprint(hostKey) };
    }
    const spec = guests.find((guest) => guest.machine.name === name)?.spec;
    return {
        ...common,
        user: machine.user,
        hostKeyType: "ssh-ed25519",
        image: machine.image,
        ...(spec && { hypervisor: spec.hypervisor, autostart: spec.autostart }),
    };
}

const keyType = (key: string): string => key.trim().split(/\s+/)[0] ?? "";

/** As ssh-keygen -l prints it. */
function fingerprint(key: string): string {
    const blob = Buffer.from(key.trim().split(/\s+/)[1] ?? "", "base64");
    return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

type Pinned = { readonly url: string; readonly sha256: string };

function lockedImage(lock: Lock, name: string): [string, Pinned][] {
    const image = lock.guestImages?.[name];
    return image ? [[name, image]] : [];
}

function sums(files: Readonly<Record<string, Pinned>>): Readonly<Record<string, Pinned>> {
    return Object.fromEntries(Object.entries(files).map(([name, { url, sha256 }]) => [name, { url, sha256 }]));
}
