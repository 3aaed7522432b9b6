import { ApplicationConfig } from "../../infra/config/types";
import { KubernetesObject } from "./manifest";
import { platformNamespaces } from "./namespaces";
import { inCluster } from "./projects";

/**
 * An application that Argo CD keeps in the cluster.
 *
 * - Retries never end (`limit: -1`, five seconds to three minutes apart) and take up new commits (`refresh`). Argo CD's
 *   own five retries are over after 155 s, and a failed sync of one commit is not tried again: too soon for a region
 *   that starts cold.
 * - No finalizer: an application that leaves the stack is let go, and what runs stays. To remove what runs, empty
 *   its path in Git first; prune takes it away. It also means that `pulumi destroy` waits for no controller that
 *   is being destroyed beside it.
 * - Argo CD makes the namespace and keeps the labels that hold its pods to a Pod Security Standard, also on a namespace
 *   that is there already: it is in no path of Git. `enforce` refuses a pod; `warn` tells whoever applies what would
 *   make one.
 * - Pulumi does not wait for it here: `awaitApplication` does, which can say in Argo CD's words what is in the way.
 */
export function application(config: ApplicationConfig): KubernetesObject {
    return {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: { name: config.name, namespace: platformNamespaces.argocd },
        spec: {
            project: config.project,
            source: { repoURL: config.repository, targetRevision: config.revision, path: config.path },
            destination: { server: inCluster, namespace: config.namespace },
            syncPolicy: {
                automated: { prune: config.prune, selfHeal: config.selfHeal },
                syncOptions: ["CreateNamespace=true"],
                managedNamespaceMetadata: {
                    labels: {
                        "pod-security.kubernetes.io/enforce": config.podSecurity,
                        "pod-security.kubernetes.io/warn": config.podSecurity,
                    },
                },
                retry: { limit: -1, refresh: true, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
            },
        },
    };
}
