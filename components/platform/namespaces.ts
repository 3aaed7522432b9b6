import type * as k8s from "@pulumi/kubernetes";
import { KubernetesObject } from "./manifest";

/** Namespaces of the platform's own controllers. No application of Git may reach them. */
export const platformNamespaces = {
    argocd: "argocd",
    sealedSecrets: "sealed-secrets",
    ingress: "nginx-ingress",
} as const;

const protectedNamespaces: readonly string[] = [...Object.values(platformNamespaces), "default"];

/**
 * Whether a namespace belongs to Kubernetes (which keeps `kube-` for itself) or to the platform, and so is no destination
 * of an application: who writes there controls the cluster.
 */
export function isProtected(namespace: string): boolean {
    return namespace.startsWith("kube-") || protectedNamespaces.includes(namespace);
}

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
