import type { PublishedCluster } from "../../../../components/cluster/published";
import { Component, flag } from "../../../../policies/rules/cluster/document";
import { at as valueAt } from "../../../../policies/rules/core/pods";
import { ResourceSubject } from "../../../../policies/rules/core/subject";
import { compliant } from "../../../fixtures/policies/region";
import { absent, Case } from "../case";

// The fixture is published by the program's own code, as this type.
const cluster = compliant.cluster.inputs as unknown as PublishedCluster;

/** A flag of the control plane gets another value, or is given beside what is given. */
function given(component: Component, name: string, to: string): Case["change"] {
    const { value, at } = flag(cluster, component, name);
    if (value !== undefined) {
        return { at: ["inputs", ...at], to };
    }
    const list = valueAt(cluster, at);
    return { at: ["inputs", ...at], to: [...(Array.isArray(list) ? list : []), { name, value: to }] };
}

/** A flag of the control plane is not given any more. */
function taken(component: Component, name: string): Case["change"] {
    const { at } = flag(cluster, component, name);
    return { at: ["inputs", ...at.slice(0, -1)], to: absent };
}

const kubelet = (...field: readonly string[]): readonly string[] => ["inputs", "kubeadm", "kubelet", ...field];

/** Index of the audit policy's rule about secrets, and of its last one. */
const auditRules = valueAt(cluster.auditPolicy, ["rules"]) as readonly unknown[];
const aboutSecrets = auditRules.findIndex((rule) => JSON.stringify(rule).includes('"secrets"'));

/** A policy that logs bodies of everything that some namespaces hold, before it leaves secrets out. */
const narrowed: ResourceSubject = {
    ...compliant.cluster,
    inputs: {
        ...compliant.cluster.inputs,
        auditPolicy: {
            rules: [
                { level: "Metadata", namespaces: ["payments"] },
                { level: "Metadata", resources: [{ group: "" }, { group: "authentication.k8s.io" }] },
                { level: "Request" },
            ],
        },
    },
};

export const cases: readonly Case[] = [
    {
        rule: "FJ-CLU-001",
        compliant: compliant.cluster,
        change: given("apiServer", "authorization-mode", "Node,AlwaysAllow"),
        says: /allows everything \(AlwaysAllow\)\n.*without RBAC/,
    },
    {
        rule: "FJ-CLU-001",
        what: "authorizers in a file",
        compliant: compliant.cluster,
        change: given("apiServer", "authorization-config", "/etc/kubernetes/authorizers.yaml"),
        says: /no rule can look into/,
    },
    {
        rule: "FJ-CLU-002",
        what: "kubeadm's own is left out",
        compliant: compliant.cluster,
        change: given("apiServer", "enable-admission-plugins", "DenyServiceExternalIPs"),
        says: /without NodeRestriction/,
    },
    {
        rule: "FJ-CLU-002",
        what: "one is switched off",
        compliant: compliant.cluster,
        change: given("apiServer", "disable-admission-plugins", "ServiceAccount"),
        says: /switches ServiceAccount off/,
    },
    {
        rule: "FJ-CLU-002",
        what: "no namespace's label holds any more",
        compliant: compliant.cluster,
        change: given("apiServer", "disable-admission-plugins", "PodSecurity"),
        says: /switches PodSecurity off/,
    },
    {
        rule: "FJ-CLU-002",
        what: "everything is admitted",
        compliant: compliant.cluster,
        change: given("apiServer", "enable-admission-plugins", "NodeRestriction,DenyServiceExternalIPs,AlwaysAdmit"),
        says: /admits everything/,
    },
    {
        rule: "FJ-CLU-003",
        compliant: compliant.cluster,
        change: given("apiServer", "enable-admission-plugins", "NodeRestriction"),
        says: /does not name DenyServiceExternalIPs/,
    },
    {
        rule: "FJ-CLU-004",
        compliant: compliant.cluster,
        change: given("apiServer", "token-auth-file", "/etc/kubernetes/tokens.csv"),
        says: /tokens that never end/,
    },
    {
        rule: "FJ-CLU-004",
        what: "accounts are not looked up",
        compliant: compliant.cluster,
        change: given("apiServer", "service-account-lookup", "false"),
        says: /tokens of deleted accounts/,
    },
    {
        rule: "FJ-CLU-005",
        compliant: compliant.cluster,
        change: taken("apiServer", "service-account-extend-token-expiration"),
        says: /at true, the default/,
    },
    {
        rule: "FJ-CLU-006",
        what: "identity writes",
        compliant: compliant.cluster,
        change: { at: ["inputs", "encryption", "providers", 0], to: "identity" },
        says: /is identity, which does not protect/,
    },
    {
        rule: "FJ-CLU-006",
        what: "a key that somebody has to change in time",
        compliant: compliant.cluster,
        change: { at: ["inputs", "encryption", "providers", 0], to: "aesgcm" },
        says: /is aesgcm, which is safe only where a machine changes its key/,
    },
    {
        rule: "FJ-CLU-006",
        what: "no configuration",
        compliant: compliant.cluster,
        change: taken("apiServer", "encryption-provider-config"),
        says: /has no encryption-provider-config/,
    },
    {
        rule: "FJ-CLU-006",
        what: "something else is encrypted",
        compliant: compliant.cluster,
        change: { at: ["inputs", "encryption", "resources"], to: ["configmaps"] },
        says: /is configmaps, without secrets/,
    },
    {
        rule: "FJ-CLU-007",
        what: "a suite with CBC",
        compliant: compliant.cluster,
        change: given("apiServer", "tls-cipher-suites", "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
        says: /offers TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA/,
    },
    {
        rule: "FJ-CLU-007",
        what: "the kubelet's default",
        compliant: compliant.cluster,
        change: { at: kubelet("tlsCipherSuites"), to: absent },
        says: /is not set/,
    },
    {
        rule: "FJ-CLU-007",
        what: "an old version",
        compliant: compliant.cluster,
        change: { at: kubelet("tlsMinVersion"), to: "VersionTLS10" },
        says: /is VersionTLS10/,
    },
    {
        rule: "FJ-CLU-008",
        compliant: compliant.cluster,
        change: { at: ["inputs", "kubeadm", "cluster", "apiServer", "certSANs", 1], to: "*.osl.node" },
        says: /a wildcard/,
    },
    {
        rule: "FJ-CLU-008",
        what: "a public address",
        compliant: compliant.cluster,
        change: { at: ["inputs", "kubeadm", "cluster", "apiServer", "certSANs", 2], to: "198.51.100.7" },
        says: /an address of the internet/,
    },
    {
        rule: "FJ-CLU-009",
        compliant: compliant.cluster,
        change: taken("apiServer", "audit-log-path"),
        says: /has no audit-log-path/,
    },
    {
        rule: "FJ-CLU-010",
        what: "a week",
        compliant: compliant.cluster,
        change: given("apiServer", "audit-log-maxage", "7"),
        says: /is 7, less than 30/,
    },
    {
        rule: "FJ-CLU-010",
        what: "no bound",
        compliant: compliant.cluster,
        change: given("apiServer", "audit-log-maxbackup", "0"),
        says: /fills the disk/,
    },
    {
        rule: "FJ-CLU-011",
        compliant: compliant.cluster,
        change: { at: ["inputs", "auditPolicy", "rules", aboutSecrets, "level"], to: "Request" },
        says: /logs the content of secrets, configmaps, tokenreviews/,
    },
    {
        rule: "FJ-CLU-011",
        what: "in one namespace",
        compliant: narrowed,
        change: { at: ["inputs", "auditPolicy", "rules", 0, "level"], to: "RequestResponse" },
        says: /logs the content of secrets, configmaps, serviceaccounts\/token/,
    },
    {
        rule: "FJ-CLU-012",
        compliant: compliant.cluster,
        change: { at: ["inputs", "auditPolicy", "rules", auditRules.length - 1, "level"], to: "None" },
        says: /does not log create deployments/,
    },
    {
        rule: "FJ-CLU-012",
        what: "nothing decides",
        compliant: compliant.cluster,
        change: { at: ["inputs", "auditPolicy", "rules", auditRules.length - 1], to: absent },
        says: /does not log .*clusterrolebindings/,
    },
    {
        rule: "FJ-CLU-013",
        compliant: compliant.cluster,
        change: given("scheduler", "profiling", "true"),
        says: /does not switch profiling of scheduler off/,
    },
    {
        rule: "FJ-CLU-014",
        compliant: compliant.cluster,
        change: given("controllerManager", "bind-address", "0.0.0.0"),
        says: /is 0\.0\.0\.0/,
    },
    {
        rule: "FJ-CLU-015",
        compliant: compliant.cluster,
        change: given("controllerManager", "use-service-account-credentials", "false"),
        says: /is false/,
    },
    {
        rule: "FJ-CLU-016",
        compliant: compliant.cluster,
        change: given("controllerManager", "terminated-pod-gc-threshold", "0"),
        says: /switches it off/,
    },
    {
        rule: "FJ-CLU-016",
        what: "the default",
        compliant: compliant.cluster,
        change: taken("controllerManager", "terminated-pod-gc-threshold"),
        says: /leaves 12500 finished pods/,
    },
    {
        rule: "FJ-CLU-017",
        what: "no certificates of clients",
        compliant: compliant.cluster,
        change: given("etcd", "client-cert-auth", "false"),
        says: /is false \(client-cert-auth\)/,
    },
    {
        rule: "FJ-CLU-017",
        what: "without TLS",
        compliant: compliant.cluster,
        change: given("etcd", "listen-client-urls", "https://127.0.0.1:2379,http://0.0.0.0:2379"),
        says: /listens without TLS on http:\/\/0\.0\.0\.0:2379/,
    },
    {
        rule: "FJ-CLU-018",
        compliant: compliant.cluster,
        change: { at: ["inputs", "kubeadm", "kubeProxy", "metricsBindAddress"], to: "0.0.0.0:10249" },
        says: /is 0\.0\.0\.0:10249/,
    },
    {
        rule: "FJ-CLU-019",
        compliant: compliant.cluster,
        change: { at: ["inputs", "kubeadm", "kubeProxy", "mode"], to: absent },
        says: /is not set: iptables/,
    },
    {
        rule: "FJ-CLU-020",
        what: "anonymous",
        compliant: compliant.cluster,
        change: { at: kubelet("authentication", "anonymous", "enabled"), to: true },
        says: /lets in who does not log in/,
    },
    {
        rule: "FJ-CLU-020",
        what: "authorization",
        compliant: compliant.cluster,
        change: { at: kubelet("authorization", "mode"), to: "AlwaysAllow" },
        says: /is AlwaysAllow/,
    },
    {
        rule: "FJ-CLU-020",
        what: "the read-only port",
        compliant: compliant.cluster,
        change: { at: kubelet("readOnlyPort"), to: 10255 },
        says: /opens port 10255/,
    },
    {
        rule: "FJ-CLU-021",
        compliant: compliant.cluster,
        change: { at: kubelet("rotateCertificates"), to: false },
        says: /is false/,
    },
    {
        rule: "FJ-CLU-022",
        compliant: compliant.cluster,
        change: { at: kubelet("protectKernelDefaults"), to: false },
        says: /is false/,
    },
    {
        rule: "FJ-CLU-023",
        compliant: compliant.cluster,
        change: { at: kubelet("seccompDefault"), to: absent },
        says: /is not set: false/,
    },
    {
        rule: "FJ-CLU-024",
        compliant: compliant.cluster,
        change: { at: kubelet("podPidsLimit"), to: -1 },
        says: /is -1/,
    },
    {
        rule: "FJ-CLU-025",
        what: "one is missing",
        compliant: compliant.cluster,
        change: { at: kubelet("evictionHard", "nodefs.inodesFree"), to: absent },
        says: /is missing, and so switched off/,
    },
    {
        rule: "FJ-CLU-025",
        what: "one is zero",
        compliant: compliant.cluster,
        change: { at: kubelet("evictionHard", "imagefs.available"), to: "0%" },
        says: /is 0%, and so switched off/,
    },
    {
        rule: "FJ-CLU-026",
        compliant: compliant.cluster,
        change: { at: kubelet("failCgroupV1"), to: false },
        says: /is false/,
    },
    {
        rule: "FJ-CLU-027",
        what: "no bound",
        compliant: compliant.cluster,
        change: { at: kubelet("eventRecordQPS"), to: 0 },
        says: /is 0: there is no bound/,
    },
    {
        rule: "FJ-CLU-027",
        what: "connections that never end",
        compliant: compliant.cluster,
        change: { at: kubelet("streamingConnectionIdleTimeout"), to: "24h0m0s" },
        says: /is 24h0m0s/,
    },
    {
        rule: "FJ-CLU-028",
        compliant: compliant.cluster,
        change: { at: ["inputs", "kubeadm", "cluster", "kubernetesVersion"], to: "stable-1.36" },
        says: /is stable-1\.36/,
    },
    {
        rule: "FJ-CLU-029",
        compliant: compliant.cluster,
        change: { at: ["inputs", "ignorePreflightErrors"], to: ["Swap"] },
        says: /leaves out Swap/,
    },
    {
        rule: "FJ-CLU-030",
        compliant: compliant.cluster,
        change: { at: ["inputs", "podCidr"], to: "10.96.128.0/17" },
        says: /overlaps Services' 10\.96\.0\.0\/16/,
    },
    {
        rule: "FJ-CLU-031",
        compliant: compliant.cluster,
        change: { at: ["inputs", "drainTimeout"], to: 10 },
        says: /is 10 s, less than 60/,
    },
];
