import { ApplicationConfig } from "../../infra/config/types";
import { KubernetesObject } from "./manifest";
import { isProtected, platformNamespaces } from "./namespaces";

/** The cluster that Argo CD runs in, by the name that it has from inside. There is no other. */
export const inCluster = "https://kubernetes.default.svc";

function project(name: string, spec: Readonly<Record<string, unknown>>): KubernetesObject {
    return {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "AppProject",
        metadata: { name, namespace: platformNamespaces.argocd },
        spec,
    };
}

/**
 * Argo CD's `default` project, which would allow anything from anywhere: locked. It cannot be removed (the server makes
 * it anew), so it allows nothing.
 */
export const lockedDefaultProject: KubernetesObject = project("default", {
    description: "Locked: an application belongs to a project of its own.",
    sourceRepos: [],
    destinations: [],
    clusterResourceWhitelist: [],
    namespaceResourceBlacklist: [{ group: "*", kind: "*" }],
});

/**
 * One project for each name that the applications use, with their repositories and namespaces and nothing else.
 * Of cluster-wide kinds it may make its own namespaces (CreateNamespace=true needs that); a plain Secret is refused,
 * because in Git only a SealedSecret is safe.
 *
 * @throws if an application would go to a namespace of Kubernetes or the platform: who writes there owns the cluster.
 */
export function applicationProjects(applications: readonly ApplicationConfig[]): readonly KubernetesObject[] {
    for (const { name, namespace } of applications) {
        if (isProtected(namespace)) {
            throw new Error(
                `application "${name}" has the destination namespace "${namespace}", which belongs to the platform: ` +
                    `use one of its own, e.g. "${name}"`,
            );
        }
    }
    const names = unique(applications.map((application) => application.project));
    return names.map((name) => {
        const members = applications.filter((application) => application.project === name);
        const namespaces = unique(members.map((application) => application.namespace));
        return project(name, {
            description: `Made by fjord for: ${members.map((application) => application.name).join(", ")}.`,
            sourceRepos: unique(members.map((application) => application.repository)),
            destinations: namespaces.map((namespace) => ({ server: inCluster, namespace })),
            clusterResourceWhitelist: namespaces.map((name) => ({ group: "", kind: "Namespace", name })),
            namespaceResourceBlacklist: [{ group: "", kind: "Secret" }],
        });
    });
}

function unique(values: readonly string[]): readonly string[] {
    return [...new Set(values)];
}
