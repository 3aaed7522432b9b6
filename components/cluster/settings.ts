import * as crypto from "node:crypto";
import { auditPolicy } from "./apiserver-files";
import { clusterConfiguration, Document, kubeletConfiguration, kubeProxyConfiguration } from "./kubeadm";
import { ClusterSpec } from "./spec";

/** What running nodes are compared by. The version of Kubernetes is left out: it rolls by another path. */
function settingsOf(spec: ClusterSpec): readonly (Document | object)[] {
    const { kubernetesVersion: _, ...cluster } = clusterConfiguration(spec);
    const { kubelet: _kubelet, kubeadm: _kubeadm, kubectl: _kubectl, ...runtime } = spec.packages;
    return [
        { ...cluster, apiVersion: cluster.apiVersion, kind: cluster.kind },
        kubeletConfiguration(spec.kubernetes),
        kubeProxyConfiguration(spec.kubernetes),
        auditPolicy(),
        runtime,
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
