import { Path } from "../../../../policies/rules/core/opaque";
import * as objects from "../../../fixtures/policies/objects";
import { inGit } from "../../../fixtures/policies/objects";
import { container, pod, web, webContainer } from "../../../fixtures/policies/web";
import { absent, Case, changed } from "../case";

const around = [objects.service, objects.disruptionBudget, objects.denyAll].map((object) => inGit(object));

/** The deployment with one place changed, where a rule needs another one to start from. */
const webWith = (path: Path, to: unknown) => changed(web, path, to);

const isolation: readonly Case[] = [
    {
        rule: "FJ-WRK-001",
        compliant: web,
        change: { at: [...container, "securityContext", "privileged"], to: true },
        says: /is true/,
    },
    { rule: "FJ-WRK-002", what: "processes", compliant: web, change: { at: [...pod, "hostPID"], to: true }, says: /is true/ },
    { rule: "FJ-WRK-002", what: "memory", compliant: web, change: { at: [...pod, "hostIPC"], to: true }, says: /is true/ },
    { rule: "FJ-WRK-003", compliant: web, around, change: { at: [...pod, "hostNetwork"], to: true }, says: /is true/ },
    ...["/var/run/docker.sock", "/run//containerd/", "/", "/etc/kubernetes/admin.conf", "/var/lib"].map((path): Case => ({
        rule: "FJ-WRK-004",
        what: path,
        compliant: web,
        change: { at: [...pod, "volumes", 0], to: { name: "tmp", hostPath: { path } } },
        says: new RegExp(`is ${path}`),
    })),
    {
        rule: "FJ-WRK-005",
        compliant: web,
        change: { at: [...pod, "volumes", 0], to: { name: "tmp", hostPath: { path: "/run/containerd-data" } } },
        says: /is \/run\/containerd-data/,
    },
    {
        rule: "FJ-WRK-006",
        compliant: web,
        change: { at: [...container, "ports", 0, "hostPort"], to: 8080 },
        says: /is 8080/,
    },
    {
        rule: "FJ-WRK-007",
        what: "nothing is said",
        compliant: inGit(objects.namespace),
        change: { at: ["object", "metadata", "labels", "pod-security.kubernetes.io/enforce"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-007",
        what: "privileged",
        compliant: inGit(objects.namespace),
        change: { at: ["object", "metadata", "labels", "pod-security.kubernetes.io/enforce"], to: "privileged" },
        says: /is privileged/,
    },
    {
        rule: "FJ-WRK-008",
        compliant: web,
        change: { at: ["object", "metadata", "namespace"], to: "default" },
        says: /is default/,
    },
    {
        rule: "FJ-WRK-008",
        what: "a program of Pulumi, where none means default",
        compliant: inGit(objects.service, { source: "stack" }),
        change: { at: ["object", "metadata", "namespace"], to: absent },
        says: /is missing/,
    },
];

const privileges: readonly Case[] = [
    {
        rule: "FJ-WRK-009",
        what: "the default",
        compliant: web,
        change: { at: [...container, "securityContext", "allowPrivilegeEscalation"], to: absent },
        says: /means true/,
    },
    {
        rule: "FJ-WRK-009",
        what: "an init container",
        compliant: webWith([...pod, "initContainers"], [webContainer({ name: "init" })]),
        change: { at: [...pod, "initContainers", 0, "securityContext", "allowPrivilegeEscalation"], to: true },
        says: /is true/,
    },
    {
        rule: "FJ-WRK-010",
        what: "user 0",
        compliant: web,
        change: { at: [...container, "securityContext", "runAsUser"], to: 0 },
        says: /is 0/,
    },
    {
        rule: "FJ-WRK-010",
        what: "the image's own user",
        compliant: webWith([...pod, "securityContext", "runAsUser"], absent),
        change: { at: [...pod, "securityContext", "runAsNonRoot"], to: absent },
        says: /the image may say root/,
    },
    {
        rule: "FJ-WRK-011",
        compliant: web,
        change: { at: [...container, "securityContext", "capabilities", "drop", 0], to: "NET_RAW" },
        says: /does not say ALL/,
    },
    {
        rule: "FJ-WRK-012",
        compliant: webWith([...container, "securityContext", "capabilities", "add"], ["NET_BIND_SERVICE"]),
        change: { at: [...container, "securityContext", "capabilities", "add", 0], to: "CAP_SYS_ADMIN" },
        says: /is CAP_SYS_ADMIN/,
    },
    {
        rule: "FJ-WRK-013",
        compliant: web,
        change: { at: [...container, "securityContext", "readOnlyRootFilesystem"], to: absent },
        says: /is not true/,
    },
    {
        rule: "FJ-WRK-014",
        what: "none",
        compliant: web,
        change: { at: [...pod, "securityContext", "seccompProfile"], to: absent },
        says: /neither here nor for the pod/,
    },
    {
        rule: "FJ-WRK-014",
        what: "the container's own word",
        compliant: web,
        change: { at: [...container, "securityContext", "seccompProfile"], to: { type: "Unconfined" } },
        says: /is Unconfined/,
    },
    {
        rule: "FJ-WRK-015",
        compliant: web,
        change: { at: [...container, "securityContext", "procMount"], to: "Unmasked" },
        says: /is Unmasked/,
    },
    {
        rule: "FJ-WRK-015",
        what: "in a user namespace of its own",
        compliant: changed(webWith([...pod, "hostUsers"], false), [...container, "securityContext", "procMount"], "Unmasked"),
        change: { at: [...pod, "hostUsers"], to: true },
        says: /is Unmasked/,
    },
    {
        rule: "FJ-WRK-016",
        compliant: webWith([...pod, "securityContext", "sysctls"], [{ name: "net.ipv4.tcp_syncookies", value: "1" }]),
        change: { at: [...pod, "securityContext", "sysctls", 0, "name"], to: "net.core.somaxconn" },
        says: /net\.core\.somaxconn/,
    },
];

const account = inGit(objects.serviceAccount);
const binding = inGit(objects.roleBinding);
const boundInNamespace = changed(binding, ["object", "roleRef", "kind"], "ClusterRole");
const otherEverywhere = changed(
    changed(boundInNamespace, ["object", "roleRef", "name"], "view"),
    ["object", "kind"],
    "ClusterRoleBinding",
);
const grant = ["object", "rules", 0];

const accounts: readonly Case[] = [
    {
        rule: "FJ-WRK-017",
        what: "a token that is good for nothing",
        compliant: web,
        change: { at: [...pod, "automountServiceAccountToken"], to: true },
        says: /account web/,
    },
    {
        rule: "FJ-WRK-017",
        what: "the account's word",
        compliant: webWith([...pod, "automountServiceAccountToken"], absent),
        around: [account],
        change: { of: 0, at: ["object", "automountServiceAccountToken"], to: absent },
        says: /account web/,
    },
    {
        rule: "FJ-WRK-017",
        what: "an account with rights",
        compliant: webWith([...pod, "automountServiceAccountToken"], true),
        around: [changed(binding, ["object", "subjects", 1], { kind: "ServiceAccount", name: "api", namespace: "payment-prod" })],
        change: { of: 0, at: ["object", "subjects", 0, "namespace"], to: "elsewhere" },
        says: /account web/,
    },
    {
        rule: "FJ-WRK-017",
        what: "an account with rights, in a namespace that only whoever applies it says",
        compliant: changed(webWith([...pod, "automountServiceAccountToken"], true), ["object", "metadata", "namespace"], absent),
        around: [changed(binding, ["object", "subjects", 0, "namespace"], "elsewhere")],
        change: { of: 0, at: ["object", "subjects", 0, "name"], to: "api" },
        says: /account web/,
    },
    {
        rule: "FJ-WRK-018",
        compliant: web,
        change: { at: [...pod, "serviceAccountName"], to: absent },
        says: /is default/,
    },
    {
        rule: "FJ-WRK-019",
        what: "the account of every pod",
        compliant: binding,
        change: { at: ["object", "subjects", 0, "name"], to: "default" },
        says: /ServiceAccount default/,
    },
    {
        rule: "FJ-WRK-019",
        what: "everybody",
        compliant: binding,
        change: { at: ["object", "subjects", 0], to: { kind: "Group", name: "system:authenticated" } },
        says: /Group system:authenticated/,
        also: ["FJ-GIT-023"],
    },
    {
        rule: "FJ-WRK-020",
        compliant: binding,
        change: { at: ["object", "roleRef", "name"], to: "cluster-admin" },
        says: /is cluster-admin/,
    },
    {
        rule: "FJ-WRK-021",
        compliant: inGit(objects.role),
        change: { at: grant, to: { apiGroups: ["*"], resources: ["*"], verbs: ["*"] } },
        says: /\* for resources and for verbs/,
    },
    {
        rule: "FJ-WRK-021",
        what: "everything of the core group instead of an operator's own",
        compliant: changed(inGit(objects.role), grant, { apiGroups: ["dex.coreos.com"], resources: ["*"], verbs: ["*"] }),
        change: { at: [...grant, "apiGroups"], to: ["", "dex.coreos.com"] },
        says: /\* for resources and for verbs/,
    },
    {
        rule: "FJ-WRK-022",
        what: "by name of the resource",
        compliant: inGit(objects.clusterRole),
        change: { at: [...grant, "resources", 0], to: "secrets" },
        says: /reads Secrets/,
    },
    {
        rule: "FJ-WRK-022",
        what: "through a binding of the whole cluster",
        compliant: changed(inGit(objects.clusterRole), [...grant, "resources", 0], "*"),
        around: [boundInNamespace, boundInNamespace, otherEverywhere],
        change: { of: 1, at: ["object", "kind"], to: "ClusterRoleBinding" },
        says: /reads Secrets/,
        alwaysKnown: "what has no kind is no object",
    },
    {
        rule: "FJ-WRK-023",
        what: "bind",
        compliant: inGit(objects.role),
        change: { at: grant, to: { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["get", "bind"] } },
        says: /allows bind on roles/,
    },
    {
        rule: "FJ-WRK-023",
        what: "tokens of others",
        compliant: inGit(objects.role),
        change: { at: grant, to: { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] } },
        says: /serviceaccounts\/token/,
    },
    {
        rule: "FJ-WRK-024",
        compliant: inGit(objects.role),
        change: { at: grant, to: { apiGroups: [""], resources: ["pods", "pods/exec"], verbs: ["create"] } },
        says: /pods\/exec/,
    },
    {
        rule: "FJ-WRK-024",
        what: "all resources, those that open a shell among them",
        compliant: changed(inGit(objects.role), grant, { apiGroups: ["*"], resources: ["*"], verbs: ["list", "watch"] }),
        change: { at: [...grant, "verbs", 1], to: "patch" },
        says: /allows \*/,
    },
    {
        rule: "FJ-WRK-019",
        what: "nobody by name",
        compliant: binding,
        change: { at: ["object", "subjects", 0], to: { kind: "User", name: "system:anonymous" } },
        says: /User system:anonymous/,
        also: ["FJ-GIT-023"],
    },
    {
        rule: "FJ-WRK-022",
        what: "all of them instead of one",
        compliant: changed(inGit(objects.clusterRole), grant, {
            apiGroups: [""],
            resources: ["secrets"],
            resourceNames: ["web-tls"],
            verbs: ["get"],
        }),
        change: { at: [...grant, "resourceNames"], to: absent },
        says: /reads Secrets/,
    },
    {
        rule: "FJ-WRK-023",
        what: "impersonate",
        compliant: inGit(objects.role),
        change: { at: grant, to: { apiGroups: [""], resources: ["users"], verbs: ["impersonate"] } },
        says: /allows impersonate on users/,
    },
];

const volumes: readonly Case[] = [
    {
        rule: "FJ-WRK-040",
        what: "hostPath",
        compliant: inGit(objects.persistentVolume),
        change: { at: ["object", "spec", "hostPath"], to: { path: "/srv/data" } },
        says: /is \/srv\/data/,
    },
    ...["/", "/var/lib/kubelet/pods"].map((path): Case => ({
        rule: "FJ-WRK-040",
        what: `local, at ${path}`,
        compliant: inGit(objects.persistentVolume),
        change: { at: ["object", "spec", "local", "path"], to: path },
        says: new RegExp(`is ${path}, where the node keeps its own`),
    })),
    {
        rule: "FJ-WRK-040",
        what: "local, on no node in particular",
        compliant: inGit(objects.persistentVolume),
        change: { at: ["object", "spec", "nodeAffinity"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-041",
        compliant: inGit(objects.disruptionBudget),
        change: { at: ["object", "apiVersion"], to: "policy/v1beta1" },
        says: /without PodDisruptionBudget since Kubernetes 1\.25: policy\/v1 takes its place/,
    },
    {
        rule: "FJ-WRK-041",
        what: "another kind of the same version",
        compliant: inGit(objects.ipAddress),
        change: { at: ["object", "kind"], to: "IngressClass" },
        says: /is networking\.k8s\.io\/v1beta1, without IngressClass since Kubernetes 1\.22/,
    },
];

export const cases: readonly Case[] = [...isolation, ...privileges, ...accounts, ...volumes];
