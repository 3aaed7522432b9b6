import { anyObjectRule, fault } from "../core/define";
import { Rule } from "../core/rule";
import { enforce } from "../pod-security";
import { upstream } from "./references";

/** A version of an API group that Kubernetes served once. */
interface Removed {
    readonly apiVersion: string;
    readonly kinds: readonly string[];
    /** The first version of Kubernetes that does not serve it. */
    readonly since: string;
    /** What takes its place: a version that has the kind, or something else. */
    readonly instead: string;
}

/** What holds pods back since PodSecurityPolicy is gone. */
const podSecurity = `the label ${enforce} of a Namespace`;

/**
 * What Kubernetes 1.36 does not serve any more: its migration guide, and the lifecycle that the types of k8s.io/api v0.36
 * carry. Left out is what nobody keeps in files (reviews, events), and what was alpha and so never on by default.
 */
const removed: readonly Removed[] = [
    {
        apiVersion: "extensions/v1beta1",
        kinds: ["DaemonSet", "Deployment", "ReplicaSet"],
        since: "1.16",
        instead: "apps/v1",
    },
    { apiVersion: "extensions/v1beta1", kinds: ["NetworkPolicy"], since: "1.16", instead: "networking.k8s.io/v1" },
    { apiVersion: "extensions/v1beta1", kinds: ["PodSecurityPolicy"], since: "1.16", instead: podSecurity },
    { apiVersion: "extensions/v1beta1", kinds: ["Ingress"], since: "1.22", instead: "networking.k8s.io/v1" },
    { apiVersion: "apps/v1beta1", kinds: ["Deployment", "StatefulSet", "ControllerRevision"], since: "1.16", instead: "apps/v1" },
    {
        apiVersion: "apps/v1beta2",
        kinds: ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "ControllerRevision"],
        since: "1.16",
        instead: "apps/v1",
    },
    {
        apiVersion: "admissionregistration.k8s.io/v1beta1",
        kinds: ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        since: "1.22",
        instead: "admissionregistration.k8s.io/v1",
    },
    {
        apiVersion: "admissionregistration.k8s.io/v1beta1",
        kinds: ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
        since: "1.34",
        instead: "admissionregistration.k8s.io/v1",
    },
    {
        apiVersion: "apiextensions.k8s.io/v1beta1",
        kinds: ["CustomResourceDefinition"],
        since: "1.22",
        instead: "apiextensions.k8s.io/v1",
    },
    { apiVersion: "apiregistration.k8s.io/v1beta1", kinds: ["APIService"], since: "1.22", instead: "apiregistration.k8s.io/v1" },
    {
        apiVersion: "certificates.k8s.io/v1beta1",
        kinds: ["CertificateSigningRequest"],
        since: "1.22",
        instead: "certificates.k8s.io/v1",
    },
    { apiVersion: "coordination.k8s.io/v1beta1", kinds: ["Lease"], since: "1.22", instead: "coordination.k8s.io/v1" },
    { apiVersion: "networking.k8s.io/v1beta1", kinds: ["Ingress", "IngressClass"], since: "1.22", instead: "networking.k8s.io/v1" },
    {
        apiVersion: "rbac.authorization.k8s.io/v1beta1",
        kinds: ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        since: "1.22",
        instead: "rbac.authorization.k8s.io/v1",
    },
    { apiVersion: "scheduling.k8s.io/v1beta1", kinds: ["PriorityClass"], since: "1.22", instead: "scheduling.k8s.io/v1" },
    {
        apiVersion: "storage.k8s.io/v1beta1",
        kinds: ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        since: "1.22",
        instead: "storage.k8s.io/v1",
    },
    { apiVersion: "storage.k8s.io/v1beta1", kinds: ["CSIStorageCapacity"], since: "1.27", instead: "storage.k8s.io/v1" },
    { apiVersion: "batch/v1beta1", kinds: ["CronJob"], since: "1.25", instead: "batch/v1" },
    { apiVersion: "discovery.k8s.io/v1beta1", kinds: ["EndpointSlice"], since: "1.25", instead: "discovery.k8s.io/v1" },
    { apiVersion: "node.k8s.io/v1beta1", kinds: ["RuntimeClass"], since: "1.25", instead: "node.k8s.io/v1" },
    { apiVersion: "policy/v1beta1", kinds: ["PodDisruptionBudget"], since: "1.25", instead: "policy/v1" },
    { apiVersion: "policy/v1beta1", kinds: ["PodSecurityPolicy"], since: "1.25", instead: podSecurity },
    { apiVersion: "autoscaling/v2beta1", kinds: ["HorizontalPodAutoscaler"], since: "1.25", instead: "autoscaling/v2" },
    { apiVersion: "autoscaling/v2beta2", kinds: ["HorizontalPodAutoscaler"], since: "1.26", instead: "autoscaling/v2" },
    ...(["1.26", "1.29", "1.32"] as const).map((since, index) => ({
        apiVersion: `flowcontrol.apiserver.k8s.io/v1beta${index + 1}`,
        kinds: ["FlowSchema", "PriorityLevelConfiguration"],
        since,
        instead: "flowcontrol.apiserver.k8s.io/v1",
    })),
];

/** Whether the API server knows what it is given. */
export const servedRules: readonly Rule[] = [
    anyObjectRule(
        {
            id: "FJ-WRK-041",
            title: "Every object is of an API version that Kubernetes still serves",
            severity: "medium",
            why: "The API server knows no such kind: the sync of the whole application fails, and a rebuilt region stays without it.",
            mend: "Write the version that takes its place; the guide that is named here says what else changed with it.",
            references: [upstream("https://kubernetes.io/docs/reference/using-api/deprecation-guide/")],
        },
        ({ apiVersion, kind }) =>
            removed
                .filter((one) => one.apiVersion === apiVersion && one.kinds.includes(kind))
                .map(({ since, instead }) =>
                    fault(["apiVersion"], `is ${apiVersion}, without ${kind} since Kubernetes ${since}: ${instead} takes its place`),
                ),
    ),
];
