import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject } from "./manifest";

type ObjectClass = new (name: string, args: never, opts?: pulumi.CustomResourceOptions) => pulumi.CustomResource;

/** By `apiVersion/kind`, so that each has the type token that policies know it by (`kubernetes:core/v1:Secret`). */
const builtIn: Readonly<Record<string, ObjectClass>> = {
    "v1/ConfigMap": k8s.core.v1.ConfigMap,
    "v1/Namespace": k8s.core.v1.Namespace,
    "v1/Secret": k8s.core.v1.Secret,
    "v1/Service": k8s.core.v1.Service,
    "v1/ServiceAccount": k8s.core.v1.ServiceAccount,
    "apps/v1/DaemonSet": k8s.apps.v1.DaemonSet,
    "apps/v1/Deployment": k8s.apps.v1.Deployment,
    "apps/v1/StatefulSet": k8s.apps.v1.StatefulSet,
    "networking.k8s.io/v1/IngressClass": k8s.networking.v1.IngressClass,
    "networking.k8s.io/v1/NetworkPolicy": k8s.networking.v1.NetworkPolicy,
    "policy/v1/PodDisruptionBudget": k8s.policy.v1.PodDisruptionBudget,
    "rbac.authorization.k8s.io/v1/ClusterRole": k8s.rbac.v1.ClusterRole,
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": k8s.rbac.v1.ClusterRoleBinding,
    "rbac.authorization.k8s.io/v1/Role": k8s.rbac.v1.Role,
    "rbac.authorization.k8s.io/v1/RoleBinding": k8s.rbac.v1.RoleBinding,
};

/** Groups of kinds that a CRD defines. */
const customGroups = ["argoproj.io", "bitnami.com"];

/**
 * Annotations on every object. One fixed field manager, because the provider's own is random: after a run that was
 * killed between the API call and the checkpoint, the next run would come as somebody else and find a conflict.
 * Force, because nothing but the stack writes to these objects, and a field edited by hand is taken back.
 */
export const ownership: Readonly<Record<string, string>> = {
    "pulumi.com/patchFieldManager": "fjord",
    "pulumi.com/patchForce": "true",
};

/** The provider would wait for a Service's endpoints; the workload behind it is waited for already. */
const notAwaited = { "pulumi.com/skipAwait": "true" };

/** Long enough for an image to come over a slow line, short enough that a missing image is an error and not a wait. */
const awaitLimit = "5m";

function annotated(object: KubernetesObject): KubernetesObject {
    const annotations = {
        ...object.metadata.annotations,
        ...ownership,
        ...(object.kind === "Service" ? notAwaited : {}),
    };
    return { ...object, metadata: { ...object.metadata, annotations } };
}

/**
 * One object of the platform as a Pulumi resource: typed class for what Kubernetes has, `CustomResource` for the kinds
 * of Argo CD and Sealed Secrets. Makes no call of its own, so that a preview needs no cluster.
 *
 * @throws for a kind that is in neither list: a new kind in an upstream manifest is looked at before it is applied.
 */
export function kubernetesObject(
    name: string,
    object: KubernetesObject,
    opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
    const args = annotated(object);
    const bounded = { customTimeouts: { create: awaitLimit, update: awaitLimit, delete: awaitLimit }, ...opts };
    const type = builtIn[`${object.apiVersion}/${object.kind}`];
    if (type) {
        return new type(name, args as never, bounded);
    }
    if (customGroups.includes(object.apiVersion.split("/")[0] ?? "")) {
        return new k8s.apiextensions.CustomResource(name, args as k8s.apiextensions.CustomResourceArgs, bounded);
    }
    throw new Error(
        `${object.apiVersion} ${object.kind} "${object.metadata.name}" is of a kind that the platform does not know: ` +
            "add it to components/platform/kubernetes-object.ts once it has been judged",
    );
}

/** Data of a Secret from plain values: base64, and secret in the state. */
export function secretData(
    values: Readonly<Record<string, pulumi.Input<string>>>,
): Readonly<Record<string, pulumi.Output<string>>> {
    return Object.fromEntries(
        Object.entries(values).map(([key, value]) => [
            key,
            pulumi.secret(value).apply((text) => Buffer.from(text, "utf8").toString("base64")),
        ]),
    );
}
