import { KubernetesConfig, seconds } from "../../../infra/config/types";
import { ClusterSpec, Member } from "../../../components/cluster/spec";
import { EtcdHealth } from "../../../components/cluster/etcd";
import { Holding } from "../../../components/cluster/decide";
import { NodeState } from "../../../components/cluster/nodes";
import { lock } from "../../fixtures/platform/region";

export const kubernetes: KubernetesConfig = {
    version: "1.36.4",
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/16",
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
    drainTimeout: seconds(60),
};

export const spec: ClusterSpec = {
    region: "no-oslo-1",
    kubernetes,
    images: {
        etcd: { repository: "registry.k8s.io", tag: "3.6.8-0" },
        coredns: { repository: "registry.k8s.io/coredns", tag: "v1.14.2" },
    },
    packages: lock.packages,
};

export function machine(name: string, role: Member["role"], last: number, extra: Partial<Member> = {}): Member {
    const address = `10.0.0.${last}`;
    return {
        name,
        fqdn: `${name}.osl.node`,
        role,
        nodeAddress: address,
        labels: {},
        taints: [],
        ssh: { address, port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
        ...extra,
    };
}

export const controlPlane = machine("cp-01", "control-plane", 11);
export const worker = machine("worker-01", "worker", 21, {
    taints: [{ key: "dedicated", value: "ingress", effect: "NoSchedule" }],
});

export const nothing: Holding = { etcdData: false, credentials: false, apiReady: false, kubeletVersion: "1.36.4" };

export const ca = "-----BEGIN CERTIFICATE-----\nregion\n-----END CERTIFICATE-----\n";

export function memberHolding(extra: Partial<Holding> = {}): Holding {
    return { ...nothing, completed: { region: "no-oslo-1", settings: "s1" }, credentials: true, ca, ...extra };
}

export function node(name: string, extra: Partial<NodeState> = {}): NodeState {
    return {
        name,
        uid: `uid-${name}`,
        resourceVersion: "1",
        ready: true,
        trouble: "",
        unschedulable: false,
        kubeletVersion: "1.36.4",
        bootId: "boot",
        controlPlane: false,
        labels: {},
        annotations: {},
        taints: [],
        ...extra,
    };
}

export function etcdMember(name: string, last: number, extra: Partial<EtcdHealth> = {}): EtcdHealth {
    return {
        id: `a${last}`,
        name,
        peerUrl: `https://10.0.0.${last}:2380`,
        clientUrl: `https://10.0.0.${last}:2379`,
        learner: false,
        healthy: true,
        ...extra,
    };
}
