import { ImageName, Lock, LockedImage } from "../../../infra/config/lock";
import { milliseconds, RegionConfig, Role, seconds } from "../../../infra/config/types";
import { Machine } from "../../../components/machines/machine";
import { NodePlan } from "../../../components/nodes/steps";

/** A region, its machines and its lock, as plain as the types allow; tests change one thing in it. */

const here = { country: "NO", operator: "Example AS" };

export const exampleRegion: RegionConfig = {
    kind: "region",
    name: "no-oslo-1",
    domain: "osl.node",
    whereabouts: here,
    residency: "norway",
    endpoints: [],
    trustStack: "organization/fjord/trust",
    lock: "stacks/upstream.lock.json",
    ssh: { authorizedKeys: [], driftKeys: [], allowFrom: ["192.0.2.0/24"] },
    hosts: { "mirror.osl.node": "10.0.0.5" },
    preflight: {
        fdatasyncP99: { warn: milliseconds(5), fail: milliseconds(10) },
        steal: { warn: 3, fail: 10 },
        clockOffset: { warn: milliseconds(100), fail: milliseconds(1000) },
        otherFirewall: "fail",
    },
    mirrors: {
        apt: {
            kubernetes: {
                url: "https://mirror.osl.node/kubernetes/",
                suite: "/",
                components: [],
                key: "KEY-K",
                whereabouts: here,
            },
            containerd: {
                url: "https://mirror.osl.node/docker",
                suite: "bookworm",
                components: ["stable"],
                key: "KEY-C",
                whereabouts: here,
            },
        },
        images: [{ registry: "registry.k8s.io", url: "https://mirror.osl.node:5000", whereabouts: here }],
        ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    },
    aptWait: seconds(120),
    hypervisors: [],
    images: [],
    plans: [],
    machines: [],
    kubernetes: {
        version: "1.36.4",
        podCidr: "10.244.0.0/16",
        serviceCidr: "10.96.0.0/12",
        apiName: "api.osl.node",
        loadBalancerPort: 7443,
        accessPort: 16443,
        cgroupDriver: "systemd",
        failCgroupV1: true,
        ignorePreflightErrors: [],
        restrictOomScoreAdj: false,
        conntrackMaxPerCore: 32768,
        maxPods: 110,
        evictionHard: { "memory.available": "100Mi" },
        drainTimeout: seconds(120),
    },
    platform: {
        ingress: { backlog: 32768, httpPort: 80, httpsPort: 443 },
        gitHosts: [],
        reconciliation: seconds(120),
    },
    applications: [],
};

const imageNames: readonly ImageName[] = [
    "pause",
    "etcd",
    "coredns",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "flannel",
    "flannel-cni-plugin",
    "argocd",
    "redis",
    "sealed-secrets-controller",
    "nginx-ingress",
];

function image(name: ImageName): LockedImage {
    return { name: `registry.k8s.io/${name}`, tag: "1.0", digest: `sha256:${"0".repeat(64)}` };
}

export const exampleLock: Lock = {
    source: "upstream",
    packages: {
        "containerd.io": "2.3.7-1~debian.12~bookworm",
        kubelet: "1.36.4-1.1",
        kubeadm: "1.36.4-1.1",
        kubectl: "1.36.4-1.1",
        "kubernetes-cni": "1.9.1-1.1",
        "cri-tools": "1.36.0-1.1",
    },
    images: Object.fromEntries(imageNames.map((name) => [name, image(name)])) as Record<ImageName, LockedImage>,
    files: {
        "argocd-manifest": { url: "https://example.org/argocd.yaml", path: "argocd.yaml", sha256: "00" },
        "sealed-secrets-crd": { url: "https://example.org/crd.yaml", path: "crd.yaml", sha256: "00" },
    },
};

export function exampleMachine(name: string, role: Role, nodeAddress: string): Machine {
    const ssh = { address: nodeAddress, port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" };
    const connection = {
        user: "ops",
        address: `${nodeAddress}:22`,
        args: { host: nodeAddress, hostKey: ssh.hostKey, user: "ops" },
    };
    return {
        name,
        fqdn: `${name}.osl.node`,
        role,
        plan: "nvme-16gb",
        nodeAddress,
        labels: {},
        taints:
            role === "control-plane"
                ? [{ key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" }]
                : [],
        ssh,
        operator: connection,
        connection,
    };
}

export const exampleMachines: readonly Machine[] = [
    exampleMachine("cp-01", "control-plane", "10.0.0.11"),
    exampleMachine("cp-02", "control-plane", "10.0.0.12"),
    exampleMachine("cp-03", "control-plane", "10.0.0.13"),
    exampleMachine("worker-01", "worker", "10.0.0.21"),
    exampleMachine("worker-02", "worker", "10.0.0.22"),
];

/** The plan of one of the machines above. */
export function examplePlan(name: string, region: RegionConfig = exampleRegion): NodePlan {
    const machine = exampleMachines.find((candidate) => candidate.name === name);
    if (!machine) {
        throw new Error(`no machine ${name} in the example`);
    }
    return { machine, machines: exampleMachines, region, lock: exampleLock };
}
