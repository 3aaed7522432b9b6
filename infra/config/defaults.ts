import { Taint } from "./types";

/** Every default of a region stack, with its reason. The schema takes them from here, and so does its documentation. */

/** The one minor version that the program's scripts, manifests and tests are made for. */
export const supportedMinor = "1.36";

export const ssh = { user: "root", port: 22 } as const;

export const plan = "nvme-16gb";

/** What guests start from where nothing else is said: the Debian that most regions' other servers have. */
export const image = "debian-12";

/**
 * A folder below libvirt's own, which AppArmor lets QEMU open; `br0`, as most guides name a server's bridge; and no
 * vcpu promised twice, because steal delays etcd.
 */
export const hypervisor = {
    pool: "/var/lib/libvirt/images/fjord",
    bridge: "br0",
    acceleration: "kvm",
    vcpuRatio: 1,
} as const;

/** What kubeadm itself puts on a control plane; `taints: []` on a machine lets applications run there. */
export const controlPlaneTaints: readonly Taint[] = [
    { key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" },
];

export const kubernetes = {
    version: "1.36.4",
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/12",
    loadBalancerPort: 7443,
    cgroupDriver: "systemd",
    failCgroupV1: true,
    restrictOomScoreAdj: false,
    /** kube-proxy's own. */
    conntrackMaxPerCore: 32768,
    /** The kubelet's own; the pod range of a node is a /24, so 254 is the end. */
    maxPods: 110,
    drainTimeout: 120,
} as const;

/**
 * The kubelet's own on Linux. All five are written down: a kubelet that is given some of them sets the others to zero.
 */
export const evictionHard = {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
} as const;

/** First of the 1024 ports that `accessPort` chooses from. */
export const firstAccessPort = 16443;

/**
 * Port of the API tunnel on the operator's machine: the same for a region's name on every machine and on every day, and
 * most likely another for another region, so that an old region and its replacement can be reached side by side.
 */
export function accessPort(region: string): number {
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(region)) {
        hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    }
    return firstAccessPort + (hash % 1024);
}

export const ingress = { backlog: 32768, httpPort: 80, httpsPort: 443 } as const;

/** Seconds; Argo CD's own. */
export const reconciliation = 120;

/** `restricted`, because the API server refuses what rules on Git never see. */
export const application = {
    project: "payments",
    revision: "HEAD",
    podSecurity: "restricted",
    prune: true,
    selfHeal: true,
} as const;

/** Milliseconds and percent. etcd wants fdatasync below 10 ms at p99; a clock 1 s off breaks leases and tokens. */
export const preflight = {
    fdatasyncP99: { warn: 5, fail: 10 },
    steal: { warn: 3, fail: 10 },
    clockOffset: { warn: 100, fail: 1000 },
    otherFirewall: "fail",
} as const;

/** Codename of the Debian release whose packages a region without mirrors takes from Docker: the stable one. */
export const debian = "trixie";

/** Where packages come from without mirrors. Their signing keys are not part of the program: see `fetchKey`. */
export const upstreamApt = {
    kubernetes: {
        url: `https://pkgs.k8s.io/core:/stable:/v${supportedMinor}/deb/`,
        suite: "/",
        components: [],
        whereabouts: { country: "US", operator: "Kubernetes project" },
        fetchKey: `curl -fsSL https://pkgs.k8s.io/core:/stable:/v${supportedMinor}/deb/Release.key`,
    },
    containerd: {
        url: "https://download.docker.com/linux/debian",
        suite: debian,
        components: ["stable"],
        whereabouts: { country: "US", operator: "Docker, Inc." },
        fetchKey: "curl -fsSL https://download.docker.com/linux/debian/gpg",
    },
} as const;

export const trustStack = "organization/fjord/trust";

export const lock = "stacks/upstream.lock.json";

/** Seconds. unattended-upgrades of a fresh image is done within two minutes on a good line. */
export const aptWait = 120;
