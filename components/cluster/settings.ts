import * as crypto from "node:crypto";
import { auditPolicy } from "./apiserver-files";
import { clusterConfiguration, Document, kubeletConfiguration, kubeProxyConfiguration } from "./kubeadm";
import { ClusterSpec } from "./spec";

/** Packages that the kubelet works with. They have no version of Kubernetes, and roll with the settings. */
export const runtimePackages = ["containerd.io", "kubernetes-cni", "cri-tools"] as const;

/** What running nodes are compared by. The version of Kubernetes is left out: it rolls by another path. */
function settingsOf(spec: ClusterSpec): readonly (Document | object)[] {
    const { kubernetesVersion: _, ...cluster } = clusterConfiguration(spec);
    return [
        { ...cluster, apiVersion: cluster.apiVersion, kind: cluster.kind },
        kubeletConfiguration(spec.kubernetes),
        kubeProxyConfiguration(spec.kubernetes),
        auditPolicy(),
        Object.fromEntries(runtimePackages.map((name) => [name, spec.packages[name]])),
    ];
}

/** Short hash of the settings that a node runs with; kept on the node, and compared on every later run. */
export function settingsHash(spec: ClusterSpec): string {
    return crypto
        .createHash("sha256")
        .update(JSON.stringify(settingsOf(spec)))
        .digest("hex")
        .slice(0, 16);
}
