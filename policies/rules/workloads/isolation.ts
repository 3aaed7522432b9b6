import { containerRule, fault, must, objectRule, podRule } from "../core/define";
import { at, podKinds } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { enforce, heldLevels } from "../pod-security";
import { ownsTheNode } from "./node-paths";
import { checkov, cis, kubescape, nsa, podSecurity } from "./references";

/** The paths of the host that a pod mounts, each with its place below `volumes`. */
function hostPaths(volumes: readonly unknown[] | undefined): readonly { readonly index: number; readonly path: string }[] {
    return (volumes ?? []).flatMap((volume, index) => {
        const path = at(volume, ["hostPath", "path"]);
        return typeof path === "string" ? [{ index, path }] : [];
    });
}

/** How pods are kept apart from the node that they run on. */
export const isolationRules: readonly Rule[] = [
    containerRule(
        {
            id: "FJ-WRK-001",
            title: "No container is privileged",
            severity: "critical",
            why: "A privileged container has every device and every right of its node: who breaks into it owns the node.",
            mend: "Remove securityContext.privileged, and add the one capability that is needed, if any.",
            references: [
                cis("5.2.2"),
                nsa("Kubernetes Pod security"),
                kubescape("C-0057"),
                checkov("CKV_K8S_16"),
                podSecurity("Baseline: Privileged Containers"),
            ],
        },
        ({ at, spec }) => must(spec.securityContext?.privileged !== true, [...at, "securityContext", "privileged"], "is true"),
    ),
    podRule(
        {
            id: "FJ-WRK-002",
            title: "No pod sees the processes or the shared memory of its node",
            severity: "high",
            why: "With them a pod reads environment and memory of all that runs on the node, secrets among it.",
            mend: "Remove hostPID and hostIPC from the spec of the pod.",
            references: [
                cis("5.2.3"),
                cis("5.2.4"),
                kubescape("C-0038"),
                checkov("CKV_K8S_17"),
                checkov("CKV_K8S_18"),
                podSecurity("Baseline: Host Namespaces"),
            ],
        },
        ({ at, spec }) => [
            ...must(spec.hostPID !== true, [...at, "hostPID"], "is true"),
            ...must(spec.hostIPC !== true, [...at, "hostIPC"], "is true"),
        ],
    ),
    podRule(
        {
            id: "FJ-WRK-003",
            title: "No pod uses the network of its node",
            severity: "high",
            why: "On the node's network a pod reaches what listens on localhost only, and no NetworkPolicy holds for it.",
            mend: "Remove hostNetwork, and let an Ingress and a Service bring the requests.",
            references: [cis("5.2.5"), kubescape("C-0041"), checkov("CKV_K8S_19"), podSecurity("Baseline: Host Namespaces")],
        },
        ({ at, spec }) => must(spec.hostNetwork !== true, [...at, "hostNetwork"], "is true"),
    ),
    podRule(
        {
            id: "FJ-WRK-004",
            title: "No pod mounts what owns its node",
            severity: "critical",
            why: "With the container runtime's socket, the cluster's keys or the whole disk, a pod is root of its node.",
            mend: "Remove the volume; what the pod wants to know, an account that reads just that can ask the API.",
            references: [
                cis("5.2.11"),
                kubescape("C-0048"),
                kubescape("C-0074"),
                checkov("CKV_K8S_27"),
                podSecurity("Baseline: HostPath Volumes"),
            ],
        },
        ({ at, spec }) =>
            hostPaths(spec.volumes)
                .filter(({ path }) => ownsTheNode(path))
                .map(({ index, path }) => fault([...at, "volumes", index, "hostPath", "path"], `is ${path}`)),
    ),
    podRule(
        {
            id: "FJ-WRK-005",
            title: "No pod mounts a directory of its node",
            severity: "high",
            why: "Files of a node outlive the pod, are not there on the next node, and lead to its programs and settings.",
            mend: "Use a configMap, an emptyDir or a persistentVolumeClaim instead of hostPath.",
            references: [cis("5.2.11"), kubescape("C-0048"), podSecurity("Baseline: HostPath Volumes")],
        },
        ({ at, spec }) =>
            hostPaths(spec.volumes)
                // Those are the matter of the rule before.
                .filter(({ path }) => !ownsTheNode(path))
                .map(({ index, path }) => fault([...at, "volumes", index, "hostPath", "path"], `is ${path}`)),
    ),
    containerRule(
        {
            id: "FJ-WRK-006",
            title: "No container takes a port of its node",
            severity: "medium",
            why: "The port is open on the node beside the ingress and its TLS, and only one such pod fits on a node.",
            mend: "Remove hostPort, and let a Service lead to containerPort.",
            references: [cis("5.2.12"), kubescape("C-0044"), checkov("CKV_K8S_26"), podSecurity("Baseline: Host Ports")],
        },
        ({ at, spec, pod }) =>
            (spec.ports ?? []).flatMap(({ hostPort }, index) =>
                // A pod on the node's network has its ports there anyway, and Kubernetes itself writes hostPort then.
                must(!hostPort || pod.spec.hostNetwork === true, [...at, "ports", index, "hostPort"], `is ${hostPort}`),
            ),
    ),
    objectRule(
        ["/Namespace"],
        {
            id: "FJ-WRK-007",
            title: "A namespace holds its pods to a Pod Security Standard",
            severity: "medium",
            why: "What these rules find in Git, only the API server can refuse when it comes another way.",
            mend: `Label the Namespace ${enforce}: restricted, or baseline where the pods cannot do with less.`,
            references: [cis("5.2.1"), podSecurity("Restricted"), nsa("Kubernetes Pod security")],
        },
        ({ metadata }) => {
            const level = metadata.labels?.[enforce];
            const message = level === undefined ? "is missing, so pods may ask for anything" : `is ${level}`;
            return must(level !== undefined && heldLevels.includes(level), ["metadata", "labels", enforce], message);
        },
    ),
    objectRule(
        [...podKinds, "/Service", "/ConfigMap", "/ServiceAccount", "/PersistentVolumeClaim", "networking.k8s.io/Ingress"],
        {
            id: "FJ-WRK-008",
            title: "Nothing is put into the namespace default",
            severity: "medium",
            why: "Rights and network policies are made for a namespace; in default all meets that forgot to name its own.",
            mend: "Write the application's own namespace in metadata.namespace, or in the overlay's kustomization.",
            references: [cis("5.6.4"), kubescape("C-0061"), checkov("CKV_K8S_21")],
        },
        ({ metadata }, { source }) => {
            // Where Argo CD applies it, the destination of the Application says the namespace of what names none.
            if (metadata.namespace === undefined && source === "git") {
                return notApplicable("whoever applies it says the namespace");
            }
            const where = metadata.namespace ?? "default";
            return must(
                where !== "default",
                ["metadata", "namespace"],
                metadata.namespace === undefined ? "is missing" : "is default",
            );
        },
    ),
];
