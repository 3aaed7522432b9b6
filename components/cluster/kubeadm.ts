import { dump } from "js-yaml";
import { KubernetesConfig, Taint } from "../../infra/config/types";
import { apiPort, criSocket, paths } from "./paths";
import { ClusterSpec, NodeFacts } from "./spec";

/** A document of a kubeadm file. */
export type Document = Readonly<Record<string, unknown>> & { readonly apiVersion: string; readonly kind: string };

const kubeadmApi = "kubeadm.k8s.io/v1beta4";

/** Several documents in one file, as kubeadm reads them. */
export function toYaml(documents: readonly Document[]): string {
    return documents.map((document) => dump(document, { noRefs: true, lineWidth: -1, sortKeys: true })).join("---\n");
}

/** `api.osl.node:7443`: where every node finds the API, through the load balancer that runs on itself. */
export function controlPlaneEndpoint(kubernetes: KubernetesConfig): string {
    return `${kubernetes.apiName}:${kubernetes.loadBalancerPort}`;
}

function args(values: Readonly<Record<string, string>>): { name: string; value: string }[] {
    return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/**
 * TLS 1.2 suites with forward secrecy and authenticated encryption; those of TLS 1.3 are always offered. Go's own list has
 * suites with CBC too.
 */
const tlsSuites = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
] as const;

const tlsMinVersion = "VersionTLS12";

/** A taint without an empty value, which the API would drop and a comparison would stumble over. */
export function taintOf(taint: Taint): { key: string; value?: string; effect: string } {
    return { key: taint.key, ...(taint.value ? { value: taint.value } : {}), effect: taint.effect };
}

function nodeRegistration(spec: ClusterSpec, member: NodeFacts): Record<string, unknown> {
    return {
        name: member.fqdn,
        criSocket,
        // All of them, and an empty list too: kubeadm adds its own taint only where the list is missing.
        taints: member.taints.map(taintOf),
        // A server with several networks would otherwise register whichever address the kubelet finds first.
        kubeletExtraArgs: args({ "node-ip": member.nodeAddress }),
        ignorePreflightErrors: [...spec.kubernetes.ignorePreflightErrors],
        imagePullPolicy: "IfNotPresent",
        imagePullSerial: false,
    };
}

/**
 * What all control planes share. It depends on no list of machines, so that adding one changes nothing on the others:
 * kubeadm puts each control plane's own name and address into its certificate by itself.
 */
export function clusterConfiguration(spec: ClusterSpec): Document {
    const { kubernetes, images } = spec;
    return {
        apiVersion: kubeadmApi,
        kind: "ClusterConfiguration",
        clusterName: spec.region,
        kubernetesVersion: `v${kubernetes.version}`,
        controlPlaneEndpoint: controlPlaneEndpoint(kubernetes),
        networking: {
            podSubnet: kubernetes.podCidr,
            serviceSubnet: kubernetes.serviceCidr,
            dnsDomain: "cluster.local",
        },
        etcd: {
            local: {
                dataDir: "/var/lib/etcd",
                imageRepository: images.etcd.repository,
                imageTag: images.etcd.tag,
                // etcd's own 100 ms / 1 s elect a new leader whenever a busy virtual disk holds a write up
                // (kubespray's values).
                extraArgs: args({ "heartbeat-interval": "250", "election-timeout": "2500" }),
            },
        },
        dns: { imageRepository: images.coredns.repository, imageTag: images.coredns.tag },
        apiServer: {
            // The operator's tunnel ends on 127.0.0.1; the load balancer listens there too.
            certSANs: [kubernetes.apiName, "localhost", "127.0.0.1"],
            extraArgs: args({
                profiling: "false",
                "tls-min-version": tlsMinVersion,
                "tls-cipher-suites": tlsSuites.join(","),
                // kubeadm's own is NodeRestriction, and a list that is given takes its place.
                "enable-admission-plugins": "NodeRestriction,DenyServiceExternalIPs",
                // By itself the API server makes a year of the hour that a pod's token has.
                "service-account-extend-token-expiration": "false",
                "encryption-provider-config": paths.encryption,
                "audit-policy-file": paths.auditPolicy,
                "audit-log-path": `${paths.auditLogs}/audit.log`,
                "audit-log-maxage": "30",
                "audit-log-maxbackup": "10",
                "audit-log-maxsize": "100",
            }),
            extraVolumes: [
                {
                    name: "fjord",
                    hostPath: paths.apiServerFiles,
                    mountPath: paths.apiServerFiles,
                    readOnly: true,
                    pathType: "Directory",
                },
                {
                    name: "audit",
                    hostPath: paths.auditLogs,
                    mountPath: paths.auditLogs,
                    readOnly: false,
                    pathType: "DirectoryOrCreate",
                },
            ],
        },
        // By itself it keeps 12500 finished pods.
        controllerManager: { extraArgs: args({ profiling: "false", "terminated-pod-gc-threshold": "1000" }) },
        scheduler: { extraArgs: args({ profiling: "false" }) },
    };
}

/** The kubelet of every node. */
export function kubeletConfiguration(kubernetes: KubernetesConfig): Document {
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        // Where containerd reports a driver the kubelet takes that; this is for runtimes that do not.
        cgroupDriver: kubernetes.cgroupDriver,
        failCgroupV1: kubernetes.failCgroupV1,
        // With cgroupfs the node shares its kernel with others, and its vm.* and kernel.* are not its own to demand.
        protectKernelDefaults: kubernetes.cgroupDriver === "systemd",
        seccompDefault: true,
        rotateCertificates: true,
        tlsMinVersion,
        tlsCipherSuites: [...tlsSuites],
        serializeImagePulls: false,
        maxParallelImagePulls: 4,
        maxPods: kubernetes.maxPods,
        podPidsLimit: 4096,
        evictionHard: { ...kubernetes.evictionHard },
    };
}

/** kube-proxy in nftables mode. Zero for conntrack leaves the kernel's own figures. */
export function kubeProxyConfiguration(kubernetes: KubernetesConfig): Document {
    return {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        mode: "nftables",
        clusterCIDR: kubernetes.podCidr,
        conntrack: {
            maxPerCore: kubernetes.conntrackMaxPerCore,
            // kube-proxy's own floor of 131072 would override a zero above.
            min: kubernetes.conntrackMaxPerCore === 0 ? 0 : 131072,
        },
    };
}

/** The file of `kubeadm init`, and of its phases when settings roll out. */
export function initConfiguration(spec: ClusterSpec, member: NodeFacts, bootstrapToken?: string): Document[] {
    return [
        {
            apiVersion: kubeadmApi,
            kind: "InitConfiguration",
            localAPIEndpoint: { advertiseAddress: member.nodeAddress, bindPort: apiPort },
            nodeRegistration: nodeRegistration(spec, member),
            // kubeadm would make one that lives a day; joins mint their own.
            ...(bootstrapToken
                ? { bootstrapTokens: [{ token: bootstrapToken, ttl: "1m0s", description: "of init, never used" }] }
                : {}),
        },
        clusterConfiguration(spec),
        kubeletConfiguration(spec.kubernetes),
        kubeProxyConfiguration(spec.kubernetes),
    ];
}

/** What a machine needs to trust the cluster and to be trusted by it, for the minutes of a join. */
export interface JoinMaterial {
    readonly token: string;
    /** `sha256:<hex of the CA's public key>` */
    readonly caCertHash: string;
}

/** The file of `kubeadm join`. Control planes find the shared keys on disk, so there is no certificate key. */
export function joinConfiguration(spec: ClusterSpec, member: NodeFacts, material: JoinMaterial): Document[] {
    return [
        {
            apiVersion: kubeadmApi,
            kind: "JoinConfiguration",
            nodeRegistration: nodeRegistration(spec, member),
            discovery: {
                bootstrapToken: {
                    token: material.token,
                    apiServerEndpoint: controlPlaneEndpoint(spec.kubernetes),
                    caCertHashes: [material.caCertHash],
                },
            },
            ...(member.role === "control-plane"
                ? { controlPlane: { localAPIEndpoint: { advertiseAddress: member.nodeAddress, bindPort: apiPort } } }
                : {}),
        },
    ];
}

/** The file of `kubeadm reset`: short timeouts, since the API it would like to ask is often the one that is gone. */
export function resetConfiguration(): Document[] {
    return [
        {
            apiVersion: kubeadmApi,
            kind: "ResetConfiguration",
            force: true,
            criSocket,
            cleanupTmpDir: true,
            timeouts: { kubernetesAPICall: "5s", etcdAPICall: "15s" },
        },
    ];
}
