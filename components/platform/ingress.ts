import type * as k8s from "@pulumi/kubernetes";
import { imageReference, Lock } from "../../infra/config/lock";
import { MachineConfig, PlatformConfig } from "../../infra/config/types";
import { ingressPorts } from "../nodes/ports";
import { takesIngress } from "../nodes/steps";
import { ingressConfig } from "./ingress-config";
import { KubernetesObject } from "./manifest";
import { namespace, platformNamespaces } from "./namespaces";
import { containerResources, resourceRequirements } from "./resources";

/** Name of the IngressClass that applications ask for. */
export const ingressClass = "nginx";

const app = "nginx-ingress";
const configMap = "nginx-config";
const leaderLease = "nginx-ingress-leader-election";
const labels = { "app.kubernetes.io/name": app };
const meta = { name: app, namespace: platformNamespaces.ingress, labels };
const subjects = [{ kind: "ServiceAccount", name: app, namespace: platformNamespaces.ingress }];
/** NGINX's workers share the limit with the controller: about 10 KiB a connection and the buffers. */
const figures = containerResources(100, 128, 1024);

export const ingressNamespace: KubernetesObject = namespace(platformNamespaces.ingress, "privileged");

const account = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: meta,
} satisfies k8s.types.input.core.v1.ServiceAccount;

const read = ["get", "list", "watch"];

/**
 * What the controller reads in all namespaces (Secrets for the certificates that an Ingress names), without the rights
 * for custom resources, which are off.
 */
const clusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: app, labels },
    rules: [
        { apiGroups: [""], resources: ["configmaps", "namespaces", "pods", "secrets", "services"], verbs: read },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch", "list"] },
        { apiGroups: [""], resources: ["nodes"], verbs: ["list"] },
        { apiGroups: ["apps"], resources: ["daemonsets", "replicasets", "statefulsets"], verbs: ["get"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
        { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: read },
        { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update"] },
        { apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: ["get", "list"] },
    ],
} satisfies k8s.types.input.rbac.v1.ClusterRole;

const clusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: app, labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: app },
    subjects,
} satisfies k8s.types.input.rbac.v1.ClusterRoleBinding;

/** One of the pods writes the status of Ingresses; which one, they settle by a Lease. */
const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: meta,
    rules: [
        { apiGroups: [""], resources: ["pods"], verbs: ["update"] },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "list", "watch"] },
        {
            apiGroups: ["coordination.k8s.io"],
            resources: ["leases"],
            resourceNames: [leaderLease],
            verbs: ["get", "update"],
        },
    ],
} satisfies k8s.types.input.rbac.v1.Role;

const roleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: meta,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: app },
    subjects,
} satisfies k8s.types.input.rbac.v1.RoleBinding;

const klass = {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: ingressClass, labels },
    spec: { controller: "nginx.org/ingress-controller" },
} satisfies k8s.types.input.networking.v1.IngressClass;

/** Flags of the F5 NGINX Ingress Controller 5.5; what it would do by itself and the platform does not want is said. */
function flags({ httpPort, httpsPort }: PlatformConfig["ingress"]): readonly string[] {
    return [
        `-nginx-configmaps=$(POD_NAMESPACE)/${configMap}`,
        `-ingress-class=${ingressClass}`,
        `-default-http-listener-port=${httpPort}`,
        `-default-https-listener-port=${httpsPort}`,
        "-enable-custom-resources=false",
        "-enable-snippets=false",
        "-enable-telemetry-reporting=false",
        "-disable-ipv6=true",
        "-report-ingress-status=true",
        "-enable-leader-election=true",
        `-leader-election-lock-name=${leaderLease}`,
        "-nginx-status=true",
        `-nginx-status-port=${ingressPorts.status}`,
        "-nginx-status-allow-cidrs=127.0.0.1",
        "-ready-status=true",
        `-ready-status-port=${ingressPorts.ready}`,
    ];
}

function daemonSet(ingress: PlatformConfig["ingress"], lock: Lock): KubernetesObject {
    const fieldRef = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    return {
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: meta,
        spec: {
            selector: { matchLabels: labels },
            updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
            template: {
                metadata: { labels },
                // It tolerates no taint, so it runs where `takesIngress` opens the firewall for it: on a control plane too
                // that has none.
                spec: {
                    serviceAccountName: app,
                    // Only here do the node's somaxconn and port range apply: both belong to a network namespace.
                    hostNetwork: true,
                    dnsPolicy: "ClusterFirstWithHostNet",
                    terminationGracePeriodSeconds: 75,
                    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
                    containers: [
                        {
                            name: app,
                            image: imageReference(lock.images["nginx-ingress"]),
                            imagePullPolicy: "IfNotPresent",
                            args: [...flags(ingress)],
                            env: [
                                fieldRef("POD_NAMESPACE", "metadata.namespace"),
                                fieldRef("POD_NAME", "metadata.name"),
                                // The controller's part of the memory; NGINX's workers need the rest.
                                { name: "GOMEMLIMIT", value: "256MiB" },
                            ],
                            ports: [
                                { name: "http", containerPort: ingress.httpPort, hostPort: ingress.httpPort },
                                { name: "https", containerPort: ingress.httpsPort, hostPort: ingress.httpsPort },
                                { name: "ready", containerPort: ingressPorts.ready, hostPort: ingressPorts.ready },
                            ],
                            readinessProbe: { httpGet: { path: "/nginx-ready", port: "ready" }, periodSeconds: 1 },
                            resources: resourceRequirements(figures),
                            securityContext: {
                                allowPrivilegeEscalation: false,
                                runAsNonRoot: true,
                                runAsUser: 101,
                                capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
                            },
                        },
                    ],
                },
            },
        },
    } satisfies k8s.types.input.apps.v1.DaemonSet;
}

/** Where an Ingress of the region is reached: the first machine that takes the ingress, a worker where one does. */
export function statusAddress(machines: readonly MachineConfig[]): string {
    const open = machines.filter(takesIngress);
    const first = open.find(({ role }) => role === "worker") ?? open[0];
    if (!first) {
        throw new Error(
            "a region without a machine that takes applications has no address for its ingress: give it one in fjord:machines",
        );
    }
    return first.nodeAddress;
}

/**
 * NGINX on the host network of every machine that no taint keeps it off, class `nginx`, without its namespace, which comes
 * first.
 */
export function ingressObjects(
    ingress: PlatformConfig["ingress"],
    machines: readonly MachineConfig[],
    lock: Lock,
): readonly KubernetesObject[] {
    const config = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { ...meta, name: configMap },
        data: ingressConfig(ingress, statusAddress(machines)),
    } satisfies k8s.types.input.core.v1.ConfigMap;
    return [account, clusterRole, clusterRoleBinding, role, roleBinding, klass, config, daemonSet(ingress, lock)];
}
