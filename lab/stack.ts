import { dump } from "js-yaml";
import type { Lock } from "../infra/config/lock";
import type { RegionInput } from "../infra/config/schema/region";
import type { Host } from "./host";
import { guestBridge } from "./hypervisor";
import { serviceName, type Lab } from "./plan";
import { stackFiles } from "./pulumi";
import { operatorUser } from "./rootfs";
import { guestImageName } from "./services/files";

/** What is known about a lab once its servers and services are made. */
export interface LabFacts {
    readonly host: Pick<Host, "sysResource"> & { readonly cgroup: { readonly version: 1 | 2 } };
    /** Public host key of each node, by its short name. */
    readonly hostKeys: Readonly<Record<string, string>>;
    readonly gitHostKey: string;
    /** The operator's private key file, and its public half. */
    readonly identityFile: string;
    readonly operatorKey: string;
    /** Disk images of guests by name; absent where the lab has none. */
    readonly guestImages?: Lock["guestImages"];
    /** The lab's lock. */
    readonly lock: string;
    /** Mirrors; absent where the lab takes everything from upstream. */
    readonly mirrors?: {
        /** PEM of the CA of the mirrors. */
        readonly ca: string;
        readonly aptKey: string;
        /** Registries to put the mirror before. */
        readonly registries: readonly string[];
        readonly registryUrl: string;
        readonly filesUrl: string;
    };
    /** Signing keys of upstream's apt repositories, where there are no mirrors. */
    readonly upstreamKeys?: { readonly kubernetes: string; readonly containerd: string };
    /** Codename of the servers' Debian release, where there are no mirrors. Default: the program's. */
    readonly debian?: string;
    /** SSH URL of the application's repository. */
    readonly repository: string;
    /** Port of the API tunnel. Default: derived from the lab's name. */
    readonly accessPort?: number;
}

/** Everything of a lab lies on one machine, which is where the person is who runs it. */
const whereabouts = { country: "NO", operator: "the lab's own machine", site: "lab" } as const;

function mirrors(lab: Lab, facts: LabFacts): RegionInput["mirrors"] {
    const given = facts.mirrors;
    if (given === undefined) {
        const keys = facts.upstreamKeys;
        if (keys === undefined) {
            throw new Error("a lab without mirrors needs the keys that sign upstream's packages");
        }
        const suite = facts.debian === undefined ? {} : { suite: facts.debian };
        return { apt: { kubernetes: { key: keys.kubernetes }, containerd: { key: keys.containerd, ...suite } } };
    }
    const source = (suite: string) => ({
        url: `https://${serviceName(lab, "apt")}`,
        suite,
        components: ["main"],
        key: given.aptKey,
        whereabouts,
    });
    return {
        apt: { kubernetes: source("kubernetes"), containerd: source("containerd") },
        images: given.registries.map((registry) => ({ registry, url: given.registryUrl, whereabouts })),
        ca: given.ca,
        files: { url: given.filesUrl, whereabouts },
    };
}

/**
 * Settings that a machine with cgroup v1 or without CAP_SYS_RESOURCE needs, and what follows from several nodes sharing
 * one kernel and one disk. None of them is a default of the product.
 */
function kubernetes(facts: LabFacts): RegionInput["kubernetes"] {
    const v1 = facts.host.cgroup.version === 1;
    return {
        ...(v1 ? { cgroupDriver: "cgroupfs" as const, failCgroupV1: false } : {}),
        // The check looks for the kernel's configuration, which a container has none of.
        ignorePreflightErrors: ["SystemVerification"],
        restrictOomScoreAdj: !facts.host.sysResource,
        conntrackMaxPerCore: 0,
        // The disk is the whole machine's: how full it is says nothing about a node.
        evictionHard: {
            "memory.available": "100Mi",
            "nodefs.available": "2%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "2%",
            "imagefs.inodesFree": "1%",
        },
        ...(facts.accessPort === undefined ? {} : { accessPort: facts.accessPort }),
    };
}

/** The smallest guest that kubeadm takes as a node, and a disk that its image and pods fit on. */
const guestPlan = { name: "lab-guest", vcpus: 2, memoryMiB: 2048, diskGiB: 10 } as const;

/** The lab's hypervisors, and what their guests are made of. Guests are emulated: a container rarely has KVM. */
function hypervisors(lab: Lab, facts: LabFacts): Partial<RegionInput> {
    if (lab.hypervisors.length === 0) {
        return {};
    }
    return {
        hypervisors: lab.hypervisors.map((node) => ({
            name: node.name,
            address: node.address,
            hostKey: hostKeyOf(facts, node.name),
            bridge: guestBridge,
            acceleration: "emulation" as const,
            capacity: { vcpus: 2, memoryMiB: 3 * guestPlan.memoryMiB, diskGiB: 3 * guestPlan.diskGiB },
            vcpuRatio: 3,
        })),
        guestNetwork: { prefixLength: 24, gateway: lab.gateway, nameservers: [lab.services.dns] },
        plans: [guestPlan],
        images: Object.entries(facts.guestImages ?? {}).map(([name, { url }]) => ({ name, url })),
    };
}

/** Configuration of the lab's region stack, as a person would write it for five servers that exist. Pure. */
export function labRegion(lab: Lab, facts: LabFacts): RegionInput {
    return {
        kind: "region",
        name: lab.name,
        domain: lab.domain,
        whereabouts,
        endpoints: [
            { purpose: "state", url: `file://${stackFiles(lab).state}`, whereabouts },
            { purpose: "secrets-key", url: `file://${stackFiles(lab).passphrase}`, whereabouts },
            { purpose: "names", url: lab.services.dns, whereabouts },
            { purpose: "time", url: "the machine's own clock", whereabouts },
        ],
        lock: facts.lock,
        ssh: {
            user: operatorUser.name,
            identityFile: facts.identityFile,
            authorizedKeys: [facts.operatorKey],
            allowFrom: [`${lab.gateway}/32`],
        },
        // Five nodes share one disk and its cores with whatever else the machine does.
        preflight: {
            fdatasyncP99: { warn: 25, fail: 2000 },
            steal: { warn: 30, fail: 95 },
            clockOffset: { warn: 500, fail: 5000 },
        },
        mirrors: mirrors(lab, facts),
        machines: [
            ...lab.nodes.map((node) => ({
                kind: "existing" as const,
                name: node.name,
                role: node.role,
                address: node.address,
                hostKey: hostKeyOf(facts, node.name),
                plan: "lab",
                ...(lab.guests.length > 0 && { taints: [] }),
            })),
            ...lab.guests.map((guest) => ({
                kind: "libvirt" as const,
                name: guest.name,
                role: guest.role,
                address: guest.address,
                image: guestImageName,
                plan: guestPlan.name,
                // Guests have a kernel of their own, and with it cgroup v2.
                cgroupDriver: "systemd" as const,
                // Emulated, a pod takes minutes to start: those that need not run everywhere go elsewhere.
                taints: [{ key: "fjord.lab/emulated", value: "", effect: "PreferNoSchedule" as const }],
            })),
        ],
        ...hypervisors(lab, facts),
        kubernetes: kubernetes(facts),
        platform: {
            gitHosts: [
                { host: `git.${lab.domain}`, knownHosts: [`git.${lab.domain} ${facts.gitHostKey}`], whereabouts },
            ],
            // A person who tries the lab edits the repository and waits for it.
            reconciliation: 15,
        },
        applications: [
            {
                name: "payment-service-prod",
                project: "payments",
                repository: facts.repository,
                revision: "HEAD",
                path: "k8s/overlays/production",
                namespace: "payment-prod",
            },
        ],
    };
}

function hostKeyOf(facts: LabFacts, name: string): string {
    const key = facts.hostKeys[name];
    if (key === undefined) {
        throw new Error(`the host key of ${name} is missing: make the node's keys before its stack`);
    }
    return key;
}

/** Keys of a stack's file as Pulumi has them, `fjord:<field>`. Pure. */
export function stackKeys(config: object): Record<string, unknown> {
    return Object.fromEntries(Object.entries(config).map(([field, value]) => [`fjord:${field}`, value]));
}

/** Text of `Pulumi.<stack>.yaml`. `kept` are fields that Pulumi itself wrote (its encryption salt). Pure. */
export function stackYaml(config: object, kept: Readonly<Record<string, unknown>> = {}): string {
    return dump({ ...kept, config: stackKeys(config) }, { lineWidth: -1, noRefs: true });
}
