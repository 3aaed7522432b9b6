/**
 * The typed configuration of a stack: what `stacks/Pulumi.<stack>.yaml` means once it has been validated
 * and every default has been filled in. Components take parts of it; nothing here knows about Pulumi.
 */

/** A number of seconds. */
export type Seconds = number & { readonly __unit: "seconds" };
/** A number of mebibytes (2^20 bytes). */
export type MiB = number & { readonly __unit: "MiB" };
/** A number of milliseconds. */
export type Milliseconds = number & { readonly __unit: "milliseconds" };

export const seconds = (value: number): Seconds => value as Seconds;
export const mib = (value: number): MiB => value as MiB;
export const milliseconds = (value: number): Milliseconds => value as Milliseconds;

/** What a machine does in its cluster. */
export type Role = "control-plane" | "worker";

/** Where something that the region talks to lies, and who runs it. Read by the residency rules. */
export interface Whereabouts {
    /** ISO 3166-1 alpha-2 country code, e.g. `NO`. */
    readonly country: string;
    /** The organisation that runs it. */
    readonly operator: string;
    /** Country whose law the operator answers to, where it is another (that of a parent company). */
    readonly jurisdiction?: string;
    /** Name of the data centre: `osl-2`. What shares one is lost with it. */
    readonly site?: string;
}

/** Where data and deployment logic may lie. `norway`: there and nowhere else. `eea`: EU, Iceland, Liechtenstein, Norway. */
export type Residency = "norway" | "eea";

/** Something that the region depends on and that no other key names. */
export interface EndpointConfig {
    readonly purpose: "state" | "secrets-key" | "names" | "time" | "logs" | "backup";
    /** A URL or a host name. */
    readonly url: string;
    readonly whereabouts: Whereabouts;
}

/** How to reach a server over SSH before and after fjord has its own key there. */
export interface SshTarget {
    /** IPv4 address or name. */
    readonly address: string;
    readonly port: number;
    /** The operator's user; anything but `root` needs passwordless sudo. */
    readonly user: string;
    /** The server's public host key in authorized_keys form (`ssh-ed25519 AAAA...`). */
    readonly hostKey: string;
    /** A host to go through, e.g. a bastion. */
    readonly jump?: Omit<SshTarget, "jump">;
}

/** A taint as Kubernetes has it. */
export interface Taint {
    readonly key: string;
    readonly value: string;
    readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** What every maker of machines has in common. */
interface MachineBase {
    /** Short name, unique in the region: `worker-01`. The node is `<name>.<domain>`. */
    readonly name: string;
    readonly role: Role;
    /**
     * Plan of the catalogue (`components/machines/plans.ts`) or of the region's own; preflight checks that the server
     * has at least this much.
     */
    readonly plan: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[];
    /** Where it differs from the region's: a guest has cgroup v2 wherever it runs. */
    readonly cgroupDriver?: KubernetesConfig["cgroupDriver"];
}

/** A server that exists and answers on SSH. */
export interface ExistingMachine extends MachineBase {
    readonly kind: "existing";
    readonly ssh: SshTarget;
    /** IPv4 address in the region's network, used between nodes. Default: the SSH address. */
    readonly nodeAddress: string;
}

/** A KVM guest that the program makes on one of the region's hypervisors. */
export interface LibvirtMachine extends MachineBase {
    readonly kind: "libvirt";
    /** The user that cloud-init makes, with sudo and no password. Default: `fjord:ssh.user`. */
    readonly user: string;
    /** Its static IPv4 address in the guest network. */
    readonly address: string;
    /** IPv4 address in the region's network, used between nodes: `address`. */
    readonly nodeAddress: string;
    /** Name of an image: of the catalogue (`components/machines/images.ts`), or one of the region's own. */
    readonly image: string;
    /** Name of the one hypervisor that it may run on; absent: placed where there is room. */
    readonly hypervisor?: string;
}

/** A machine of the region; each maker adds one member to this union. */
export type MachineConfig = ExistingMachine | LibvirtMachine;

/** A server that runs guests. */
export interface HypervisorConfig {
    /** Short name, unique in the region, machines among it: `hv-01`. */
    readonly name: string;
    readonly ssh: SshTarget;
    /** Absolute path of the folder with base images, disks and seeds. Default `/var/lib/libvirt/images/fjord`. */
    readonly pool: string;
    /** Bridge that guests are attached to; it exists. Default `br0`. */
    readonly bridge: string;
    /** `emulation` runs guests without KVM, about 8 to 10 times slower: only for trials. Default `kvm`. */
    readonly acceleration: "kvm" | "emulation";
    /** What guests may use of it in all. Memory and disk are never overcommitted. */
    readonly capacity: { readonly vcpus: number; readonly memory: MiB; readonly diskGiB: number };
    /** Guests' vcpus for each vcpu of the capacity, at least 1. Default 1: no CPU is promised twice. */
    readonly vcpuRatio: number;
}

/** The network that guests' addresses are in; their hypervisors' bridges lead to it. */
export interface GuestNetwork {
    /** Length of its prefix, 8 to 30. */
    readonly prefixLength: number;
    /** IPv4 address of the router, in the network. */
    readonly gateway: string;
    /** IPv4 addresses that guests ask for names. */
    readonly nameservers: readonly string[];
}

/** A disk image that guests start from. Its checksum is in the lock (`guestImages`). */
export interface ImageConfig {
    readonly name: string;
    readonly url: string;
}

/** A size of server. */
export interface PlanConfig {
    readonly name: string;
    readonly vcpus: number;
    readonly memory: MiB;
    /** Size of the root disk in GiB (2^30 bytes). */
    readonly diskGiB: number;
    /** Most that a guest's disk may do, for each second; absent: no limit. */
    readonly io?: { readonly iops?: number; readonly throughputMiBs?: number };
}

/** Bounds of the preflight report: what is reported as a warning and what stops the run. */
export interface PreflightBounds {
    /** p99 of fdatasync in the directory of etcd. etcd wants < 10 ms (etcd docs, hardware). */
    readonly fdatasyncP99: { readonly warn: Milliseconds; readonly fail: Milliseconds };
    /** CPU steal under load, percent. */
    readonly steal: { readonly warn: number; readonly fail: number };
    /** Distance of the server's clock from the region's other machines. */
    readonly clockOffset: { readonly warn: Milliseconds; readonly fail: Milliseconds };
    /** Verdict on a server with another firewall that refuses what comes in or through. */
    readonly otherFirewall: OtherFirewallVerdict;
}

/** `warn` is for servers whose own firewall lets the region's ports in. */
export type OtherFirewallVerdict = "fail" | "warn";

/** One container registry and the mirror that stands before it. */
export interface ImageMirror {
    /** Registry name as images carry it: `registry.k8s.io`. */
    readonly registry: string;
    /** URL of the mirror: `https://mirror.osl.node:5000`. */
    readonly url: string;
    readonly whereabouts: Whereabouts;
}

/** An apt repository (flat or with suites), as one deb822 stanza. */
export interface AptSource {
    readonly url: string;
    readonly suite: string;
    readonly components: readonly string[];
    /** ASCII-armoured public key that signs it. */
    readonly key: string;
    readonly whereabouts: Whereabouts;
}

/** Where bytes come from. Without mirrors a region takes them from upstream. */
export interface Mirrors {
    readonly apt: { readonly kubernetes: AptSource; readonly containerd: AptSource };
    readonly images: readonly ImageMirror[];
    /** PEM of the CA that signs the mirrors' certificates, if it is a private one. */
    readonly ca?: string;
    /**
     * Base URL for files; absent: the URL of the lock. Manifests lie at `<url>/<path of the lock>`, guests' disk images
     * at `<url>/images/<sha256>.qcow2`, see `guestImageUrl`.
     */
    readonly files?: { readonly url: string; readonly whereabouts: Whereabouts };
}

/** Settings of the Kubernetes cluster. */
export interface KubernetesConfig {
    /** Exact version without `v`: `1.36.4`. */
    readonly version: string;
    readonly podCidr: string;
    readonly serviceCidr: string;
    /** Name of the API inside the region; every node resolves it to its own load balancer. Default `api.<domain>`. */
    readonly apiName: string;
    /** Port on 127.0.0.1 of every node where the API load balancer listens. The API server itself has 6443. */
    readonly loadBalancerPort: number;
    /** Port on 127.0.0.1 of the operator's machine for the SSH tunnel to the API. Fixed, so that a kubeconfig never changes. */
    readonly accessPort: number;
    /** `systemd` where the servers have cgroup v2. */
    readonly cgroupDriver: "systemd" | "cgroupfs";
    /** kubelet's failCgroupV1. Only a lab sets it to false. */
    readonly failCgroupV1: boolean;
    /** kubeadm preflight checks to leave out. Empty in production. */
    readonly ignorePreflightErrors: readonly string[];
    /** containerd's restrict_oom_score_adj: only where CAP_SYS_RESOURCE is missing (lab). */
    readonly restrictOomScoreAdj: boolean;
    /** conntrack entries a core, as kube-proxy sets them; 0 leaves the kernel's own. */
    readonly conntrackMaxPerCore: number;
    readonly maxPods: number;
    /** kubelet's evictionHard. */
    readonly evictionHard: Readonly<Record<string, string>>;
    /** Longest time for a drain before a node is changed or removed. */
    readonly drainTimeout: Seconds;
}

/** A Git host that the region pulls from, with the keys it is known by. */
export interface GitHost {
    readonly host: string;
    /** Lines of known_hosts for this host and no other. */
    readonly knownHosts: readonly string[];
    readonly whereabouts: Whereabouts;
}

/** An application that Argo CD keeps in the cluster. */
export interface ApplicationConfig {
    /** `payment-service-prod` */
    readonly name: string;
    /** Argo CD project; made by the stack. Default `payments`. */
    readonly project: string;
    /** SSH URL: `git@gitlab.com:nordic-corp/infra-manifests.git`. */
    readonly repository: string;
    /** Branch, tag or commit. Default `HEAD`. */
    readonly revision: string;
    readonly path: string;
    /** Destination namespace. */
    readonly namespace: string;
    /**
     * Pod Security Standard that the API server holds the namespace's pods to. Default `restricted`: rules on what lies in
     * Git refuse nothing that comes another way. `baseline` where pods cannot do with less.
     */
    readonly podSecurity: PodSecurity;
    /** Remove from the cluster what left Git. Default true. */
    readonly prune: boolean;
    /** Undo by machine what was changed by hand. Default true. */
    readonly selfHeal: boolean;
}

/** A Pod Security Standard that keeps something out; `privileged` keeps out nothing, and no application needs it. */
export type PodSecurity = "restricted" | "baseline";

/** Settings of the controllers in the cluster. */
export interface PlatformConfig {
    readonly ingress: {
        /** accept backlog of NGINX's listen sockets; also net.core.somaxconn of the nodes it runs on. */
        readonly backlog: number;
        readonly httpPort: number;
        readonly httpsPort: number;
    };
    readonly gitHosts: readonly GitHost[];
    /** How often Argo CD asks Git by itself. Default 120 s (Argo CD's own). */
    readonly reconciliation: Seconds;
}

/** A region stack: one place, one cluster with its platform. */
export interface RegionConfig {
    readonly kind: "region";
    /** `no-oslo-1` */
    readonly name: string;
    /** DNS domain of the nodes: `osl.node`. */
    readonly domain: string;
    readonly whereabouts: Whereabouts;
    /** Where its data may lie, for policies. Default: `norway` for a region in Norway, else `eea`. */
    readonly residency: Residency;
    /** What it depends on beside mirrors and Git: state, resolvers, time. For policies; nothing is configured from it. */
    readonly endpoints: readonly EndpointConfig[];
    /** Fully qualified name of the trust stack: `organization/fjord/trust`. */
    readonly trustStack: string;
    /** File with the pinned versions and digests, relative to the project: `stacks/upstream.lock.json`. */
    readonly lock: string;
    readonly ssh: {
        /** The operator's private key file; absent: the SSH agent. `~` is the home directory. */
        readonly identityFile?: string;
        /** Public keys of the operators (authorized_keys form), for machines that the stack makes. */
        readonly authorizedKeys: readonly string[];
        /** Public keys (authorized_keys form) that may ask every machine what differs, and nothing else. Default: none. */
        readonly driftKeys: readonly string[];
        /** CIDRs from which SSH is allowed once the firewall is up. */
        readonly allowFrom: readonly string[];
    };
    /** Names and addresses that every node gets in /etc/hosts (mirrors, Git), where DNS does not have them. */
    readonly hosts: Readonly<Record<string, string>>;
    readonly preflight: PreflightBounds;
    /** How long apt is waited for where another process holds it. Default 120 s. */
    readonly aptWait: Seconds;
    readonly mirrors: Mirrors;
    readonly machines: readonly MachineConfig[];
    /** Guests that are out, and so no machines of the region: their places are kept. Absent where there are none. */
    readonly outGuests?: readonly LibvirtMachine[];
    /** Servers that run guests; none where every machine exists. */
    readonly hypervisors: readonly HypervisorConfig[];
    /** There where a machine is of kind libvirt. */
    readonly guestNetwork?: GuestNetwork;
    /** Images of the catalogue that machines use, and all of the region's own. */
    readonly images: readonly ImageConfig[];
    /** The region's own plans, beside the catalogue. */
    readonly plans: readonly PlanConfig[];
    readonly kubernetes: KubernetesConfig;
    readonly platform: PlatformConfig;
    readonly applications: readonly ApplicationConfig[];
}

/** One sealing key: its name is the Secret's name in every region. */
export interface SealingKeyConfig {
    /** `sealed-secrets-key-20260101` */
    readonly name: string;
    /** Exactly one key is active (new secrets are sealed with it); the others still open what they sealed. */
    readonly state: "active" | "retired";
    /** A supplied key pair (PEM) instead of a generated one; the private half is a Pulumi secret. */
    readonly supplied?: { readonly privateKey: string; readonly certificate: string };
}

/** The trust stack: what must outlive a region. */
export interface TrustConfig {
    readonly kind: "trust";
    readonly name: string;
    readonly sealingKeys: readonly SealingKeyConfig[];
    /** Organisation in the subject of the platform CA. */
    readonly organization: string;
}

export type StackConfig = RegionConfig | TrustConfig;

/** One thing wrong in a stack's configuration. */
export interface Problem {
    /** `fjord:machines[2].address` */
    readonly path: string;
    /** What is wrong, with the value where it is no secret. */
    readonly message: string;
    /** What would be right. */
    readonly fix: string;
}
