import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { imageReference, Lock } from "../../infra/config/lock";
import { SealingKeyConfig } from "../../infra/config/types";
import { secretData } from "./kubernetes-object";
import { KubernetesObject } from "./manifest";
import { namespace, platformNamespaces } from "./namespaces";
import { containerResources, goMemoryLimit, resourceRequirements } from "./resources";

/** A key pair of the trust stack. */
export interface SealingKey {
    /** Name of its Secret, the same in every region: `sealed-secrets-key-20260101`. */
    readonly name: string;
    readonly state: SealingKeyConfig["state"];
    /** PEM. */
    readonly certificate: pulumi.Input<string>;
    /** PEM; a secret. */
    readonly privateKey: pulumi.Input<string>;
}

const controller = "sealed-secrets-controller";
const labels = { "app.kubernetes.io/name": controller, "app.kubernetes.io/part-of": "sealed-secrets" };
const selector = { "app.kubernetes.io/name": controller };
const meta = { name: controller, namespace: platformNamespaces.sealedSecrets, labels };
const figures = containerResources(20, 32, 128);

export const sealedSecretsNamespace: KubernetesObject = namespace(platformNamespaces.sealedSecrets, "restricted");

/**
 * The Secret of a sealing key. Retired keys carry the label value `active` too: the controller ignores a key with any
 * other value, and a retired key must still open what it sealed. New secrets are sealed with the stack's active key by
 * whoever seals them (`npm run seal`), not by asking the controller.
 */
export function sealingKeySecret(key: SealingKey): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
            name: key.name,
            namespace: platformNamespaces.sealedSecrets,
            labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" },
            annotations: { "fjord/sealing-key-state": key.state },
        },
        type: "kubernetes.io/tls",
        data: secretData({ "tls.crt": key.certificate, "tls.key": key.privateKey }),
    };
}

/** Changes when a key does. The controller reads its keys once, when it starts, so a change has to restart it. */
export function sealingKeysDigest(keys: readonly SealingKey[]): pulumi.Output<string> {
    return pulumi
        .all(keys.map(({ certificate }) => certificate))
        .apply((certificates) => createHash("sha256").update([...certificates].sort().join("\n")).digest("hex"));
}

const account = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: meta,
} satisfies k8s.types.input.core.v1.ServiceAccount;

const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "secrets-unsealer", labels },
    rules: [
        { apiGroups: ["bitnami.com"], resources: ["sealedsecrets"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["bitnami.com"], resources: ["sealedsecrets/status"], verbs: ["update"] },
        { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch", "create", "update", "delete"] },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    ],
} satisfies k8s.types.input.rbac.v1.ClusterRole;

const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "secrets-unsealer", labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "secrets-unsealer" },
    subjects: [{ kind: "ServiceAccount", name: controller, namespace: platformNamespaces.sealedSecrets }],
} satisfies k8s.types.input.rbac.v1.ClusterRoleBinding;

const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: meta,
    spec: {
        selector,
        ports: [
            { name: "http", port: 8080, targetPort: "http" },
            { name: "metrics", port: 8081, targetPort: "metrics" },
        ],
    },
} satisfies k8s.types.input.core.v1.Service;

/**
 * Flags of the controller.
 *
 * - `--key-renew-period=0`: never makes a key of its own. With the default of 30 days a restored region mints one at
 *   its first start, and from then on two regions with the same Git are no longer the same.
 * - client rate: a rebuilt region opens hundreds of secrets at once, which takes minutes at the default of 5 calls a
 *   second.
 */
const flags = ["--key-renew-period=0", "--update-status", "--kubeclient-qps=50", "--kubeclient-burst=100"];

function deployment(lock: Lock, keysDigest: pulumi.Input<string>): KubernetesObject {
    const probe = { httpGet: { path: "/healthz", port: "http" } };
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: meta,
        spec: {
            replicas: 1,
            // Two controllers would open the same secrets; the old one goes first.
            strategy: { type: "Recreate" },
            selector: { matchLabels: selector },
            template: {
                metadata: { labels, annotations: { "fjord/sealing-keys": keysDigest } },
                spec: {
                    serviceAccountName: controller,
                    securityContext: { fsGroup: 65534, seccompProfile: { type: "RuntimeDefault" } },
                    containers: [
                        {
                            name: "controller",
                            image: imageReference(lock.images["sealed-secrets-controller"]),
                            imagePullPolicy: "IfNotPresent",
                            command: ["controller"],
                            args: flags,
                            env: [{ name: "GOMEMLIMIT", value: goMemoryLimit(figures.memoryLimit) }],
                            ports: [
                                { name: "http", containerPort: 8080 },
                                { name: "metrics", containerPort: 8081 },
                            ],
                            readinessProbe: { ...probe, periodSeconds: 3 },
                            livenessProbe: { ...probe, periodSeconds: 10 },
                            resources: resourceRequirements(figures),
                            securityContext: {
                                allowPrivilegeEscalation: false,
                                capabilities: { drop: ["ALL"] },
                                readOnlyRootFilesystem: true,
                                runAsNonRoot: true,
                                runAsUser: 1001,
                            },
                            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                        },
                    ],
                    volumes: [{ name: "tmp", emptyDir: {} }],
                },
            },
        },
    } satisfies k8s.types.input.apps.v1.Deployment;
}

/** The controller and what it needs, without namespace and keys, which come first. Its CRD is applied by `crds.ts`. */
export function sealedSecretsObjects(lock: Lock, keysDigest: pulumi.Input<string>): readonly KubernetesObject[] {
    return [account, role, binding, service, deployment(lock, keysDigest)];
}
