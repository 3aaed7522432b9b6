import type * as k8s from "@pulumi/kubernetes";
import { KubernetesObject } from "./manifest";

/** Namespaces of the platform's own controllers. No application of Git may reach them. */
export const platformNamespaces = {
    argocd: "argocd",
    sealedSecrets: "sealed-secrets",
    ingress: "nginx-ingress",
} as const;

/** Namespaces that belong to Kubernetes or to the platform, and so are no destination of an application. */
export const protectedNamespaces: readonly string[] = [
    ...Object.values(platformNamespaces),
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "kube-flannel",
];

/**
 * A namespace whose pods are held to a Pod Security Standard.
 *
 * @param level `restricted` unless the pods need the host: only the ingress does, for the host's network.
 */
export function namespace(name: string, level: "restricted" | "privileged"): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: { "pod-security.kubernetes.io/enforce": level } },
    } satisfies k8s.types.input.core.v1.Namespace;
}
