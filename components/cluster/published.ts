import { KubernetesConfig } from "../../infra/config/types";
import { auditPolicy, encryptionConfiguration } from "./apiserver-files";
import { clusterConfiguration, Document, kubeletConfiguration, kubeProxyConfiguration } from "./kubeadm";
import { ClusterSpec } from "./spec";

/** What a cluster publishes of itself, for policies and people: what its machines are told, without a key in it. */
export interface PublishedCluster {
    /** Exact version without `v`. */
    readonly version: string;
    readonly podCidr: string;
    readonly serviceCidr: string;
    readonly apiName: string;
    /** Names of the nodes. */
    readonly controlPlanes: readonly string[];
    readonly workers: readonly string[];
    /** The documents as kubeadm reads them. */
    readonly kubeadm: {
        readonly cluster: Document;
        readonly kubelet: Document;
        readonly kubeProxy: Document;
    };
    /** Resources that are encrypted in etcd, and the providers in their order: the first one writes. */
    readonly encryption: { readonly resources: readonly string[]; readonly providers: readonly string[] };
    readonly auditPolicy: Document;
    readonly ignorePreflightErrors: KubernetesConfig["ignorePreflightErrors"];
    /** Seconds. */
    readonly drainTimeout: number;
}

/** What policies see of a cluster. `nodes` are names with their roles. */
export function publishedCluster(
    spec: ClusterSpec,
    nodes: readonly { readonly fqdn: string; readonly role: "control-plane" | "worker" }[],
): PublishedCluster {
    const { kubernetes } = spec;
    const named = (role: "control-plane" | "worker") => nodes.filter((node) => node.role === role).map(({ fqdn }) => fqdn);
    return {
        version: kubernetes.version,
        podCidr: kubernetes.podCidr,
        serviceCidr: kubernetes.serviceCidr,
        apiName: kubernetes.apiName,
        controlPlanes: named("control-plane"),
        workers: named("worker"),
        kubeadm: {
            cluster: clusterConfiguration(spec),
            kubelet: kubeletConfiguration(kubernetes),
            kubeProxy: kubeProxyConfiguration(kubernetes),
        },
        encryption: encryption(),
        auditPolicy: auditPolicy(),
        ignorePreflightErrors: kubernetes.ignorePreflightErrors,
        drainTimeout: kubernetes.drainTimeout,
    };
}

/** Read off the rendered document, with a key that is none. */
function encryption(): PublishedCluster["encryption"] {
    const { resources } = encryptionConfiguration(Buffer.alloc(32).toString("base64")) as unknown as {
        readonly resources: readonly { readonly resources: readonly string[]; readonly providers: readonly object[] }[];
    };
    return {
        resources: resources.flatMap((entry) => entry.resources),
        providers: resources.flatMap((entry) => entry.providers.flatMap((provider) => Object.keys(provider))),
    };
}
