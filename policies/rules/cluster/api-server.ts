import { fault, must, publishedRule } from "../core/define";
import { Path } from "../core/opaque";
import { Fault, Rule } from "../core/rule";
import { field, flag, listFlag } from "./document";

/** Providers that encrypt. aesgcm does too, but is safe only where its key is changed by machine; identity does not. */
const encrypting = ["secretbox", "aescbc", "kms"];

/**
 * Admission plugins that the API server has by itself and that hold the rest together. Without PodSecurity no level that
 * a namespace asks for is enforced.
 */
const indispensable = ["NodeRestriction", "ServiceAccount", "NamespaceLifecycle", "PodSecurity"];

/** TLS 1.3, and TLS 1.2 with forward secrecy and authenticated encryption. */
const strongSuite = /^TLS_(ECDHE_(ECDSA|RSA)_WITH_)?(AES_\d+_GCM_SHA\d+|CHACHA20_POLY1305(_SHA256)?)$/;

const oldTls = ["VersionTLS10", "VersionTLS11"];

/** The API server: who is let in, what it keeps, and what it answers with. */
export const apiServerRules: readonly Rule[] = [
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-001",
            title: "The API server asks RBAC before it obeys",
            severity: "critical",
            why: "With AlwaysAllow whoever can log in is an administrator; without Node every kubelet needs wide rights.",
            mend: "Leave authorization-mode out of apiServer.extraArgs: kubeadm writes Node,RBAC.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.6" },
                { of: "CIS Kubernetes 1.12", id: "1.2.7" },
                { of: "CIS Kubernetes 1.12", id: "1.2.8" },
                { of: "Kubescape", id: "C-0118" },
                { of: "Kubescape", id: "C-0119" },
                { of: "Kubescape", id: "C-0120" },
                { of: "Checkov", id: "CKV_K8S_74" },
                { of: "Checkov", id: "CKV_K8S_75" },
                { of: "Checkov", id: "CKV_K8S_77" },
            ],
        },
        (cluster) => {
            const { at } = flag(cluster, "apiServer", "authorization-mode");
            const config = flag(cluster, "apiServer", "authorization-config");
            const modes = listFlag(cluster, "apiServer", "authorization-mode") ?? ["Node", "RBAC"];
            return [
                ...must(config.value === undefined, config.at, "names a file of authorizers that no rule can look into"),
                ...must(!modes.includes("AlwaysAllow"), at, "allows everything (AlwaysAllow)"),
                ...["Node", "RBAC"].flatMap((mode) => must(modes.includes(mode), at, `is ${modes.join(",")}, without ${mode}`)),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-002",
            title: "The API server keeps the admission plugins that hold nodes, namespaces and pods apart",
            severity: "high",
            why: "Without NodeRestriction a kubelet may change any node and draw pods to itself, with their secrets.",
            mend: "Name NodeRestriction in enable-admission-plugins of apiServer.extraArgs, and switch no plugin off.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.14" },
                { of: "CIS Kubernetes 1.12", id: "1.2.10" },
                { of: "CIS Kubernetes 1.12", id: "1.2.12" },
                { of: "CIS Kubernetes 1.12", id: "1.2.13" },
                { of: "CIS Kubernetes 1.12", id: "5.2.1" },
                { of: "Kubescape", id: "C-0127" },
                { of: "Checkov", id: "CKV_K8S_85" },
                { of: "Checkov", id: "CKV_K8S_79" },
                { of: "Checkov", id: "CKV_K8S_82" },
                { of: "Checkov", id: "CKV_K8S_83" },
            ],
        },
        (cluster) => {
            const { at } = flag(cluster, "apiServer", "enable-admission-plugins");
            const off = flag(cluster, "apiServer", "disable-admission-plugins");
            // kubeadm writes NodeRestriction, but a list that is given replaces its own.
            const on = listFlag(cluster, "apiServer", "enable-admission-plugins") ?? ["NodeRestriction"];
            const disabled = listFlag(cluster, "apiServer", "disable-admission-plugins") ?? [];
            return [
                ...must(on.includes("NodeRestriction"), at, `is ${on.join(",")}, without NodeRestriction`),
                ...must(!on.includes("AlwaysAdmit"), at, "admits everything (AlwaysAdmit)"),
                ...indispensable.flatMap((plugin) => must(!disabled.includes(plugin), off.at, `switches ${plugin} off`)),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-003",
            title: "No Service takes addresses of its own choice",
            severity: "medium",
            why: "Who may write a Service can give it any address, and so read what others send there (CVE-2020-8554).",
            mend: "Name DenyServiceExternalIPs in enable-admission-plugins of apiServer.extraArgs, beside NodeRestriction.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.3" },
                { of: "Kubescape", id: "C-0283" },
            ],
        },
        (cluster) => {
            const { at } = flag(cluster, "apiServer", "enable-admission-plugins");
            const on = listFlag(cluster, "apiServer", "enable-admission-plugins") ?? [];
            return must(on.includes("DenyServiceExternalIPs"), at, "does not name DenyServiceExternalIPs");
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-004",
            title: "No token that cannot be taken back opens the API",
            severity: "high",
            why: "A token from a file holds until the API server restarts; without a look-up those of deleted accounts work on.",
            mend: "Take token-auth-file and service-account-lookup out of apiServer.extraArgs.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.2" },
                { of: "CIS Kubernetes 1.12", id: "1.2.21" },
                { of: "Kubescape", id: "C-0114" },
                { of: "Kubescape", id: "C-0135" },
                { of: "Checkov", id: "CKV_K8S_70" },
                { of: "Checkov", id: "CKV_K8S_96" },
            ],
        },
        (cluster) => {
            const file = flag(cluster, "apiServer", "token-auth-file");
            const lookup = flag(cluster, "apiServer", "service-account-lookup");
            return [
                ...must(file.value === undefined, file.at, "is a list of tokens that never end (token-auth-file)"),
                ...must(lookup.value !== "false", lookup.at, "is false: tokens of deleted accounts go on working"),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-005",
            title: "Tokens of pods end when they say so",
            severity: "medium",
            why: "The API server makes the hour of a pod's token a year by itself, so one that leaked opens the API for a year.",
            mend: "Write service-account-extend-token-expiration: false in apiServer.extraArgs.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.30" },
                { of: "Kubescape", id: "C-0290" },
            ],
        },
        (cluster) => {
            const { value, at } = flag(cluster, "apiServer", "service-account-extend-token-expiration");
            return must(value === "false", at, "leaves service-account-extend-token-expiration at true, the default");
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-006",
            title: "Secrets are encrypted in etcd",
            severity: "high",
            why: "Whoever gets hold of a disk or a snapshot of etcd reads every Secret in it.",
            mend: "Name an EncryptionConfiguration in encryption-provider-config that begins with secretbox or kms.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.27" },
                { of: "CIS Kubernetes 1.12", id: "1.2.28" },
                { of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Network separation and hardening" },
                { of: "Kubescape", id: "C-0141" },
                { of: "Kubescape", id: "C-0142" },
                { of: "Checkov", id: "CKV_K8S_104" },
            ],
        },
        (cluster) => {
            const config = flag(cluster, "apiServer", "encryption-provider-config");
            const { resources, providers } = cluster.encryption;
            const [writes = "nothing"] = providers;
            return [
                ...must(config.value !== undefined && config.value !== "", config.at, "has no encryption-provider-config"),
                ...must(
                    resources.some((resource) => ["secrets", "*.", "*.*"].includes(resource)),
                    ["encryption", "resources"],
                    `is ${resources.join(", ") || "empty"}, without secrets`,
                ),
                ...must(encrypting.includes(writes), ["encryption", "providers", 0], `is ${writes}, which ${weakness(writes)}`),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-007",
            title: "The API and the kubelets speak modern TLS only",
            severity: "medium",
            why: "Suites with CBC and TLS before 1.2 have known attacks, and nothing in the cluster needs them.",
            mend: "Write tls-cipher-suites and tlsCipherSuites with ECDHE and GCM suites, and no version below VersionTLS12.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.29" },
                { of: "CIS Kubernetes 1.12", id: "4.2.12" },
                { of: "Kubescape", id: "C-0277" },
                { of: "Kubescape", id: "C-0184" },
                { of: "Checkov", id: "CKV_K8S_105" },
                { of: "Checkov", id: "CKV_K8S_151" },
            ],
        },
        (cluster) => {
            const version = flag(cluster, "apiServer", "tls-min-version");
            const { at } = flag(cluster, "apiServer", "tls-cipher-suites");
            const ofKubelet = field(cluster, "kubelet", "tlsMinVersion");
            const suites = field(cluster, "kubelet", "tlsCipherSuites");
            return [
                ...weakTls(version.value, version.at, listFlag(cluster, "apiServer", "tls-cipher-suites"), at),
                ...weakTls(ofKubelet.value, ofKubelet.at, suites.value, suites.at),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-008",
            title: "The API's certificate names no host that is not the API",
            severity: "medium",
            why: "A wildcard lets the key of one API server pose as any host; a public address invites the internet.",
            mend: "Name in apiServer.certSANs the API's name, localhost and private addresses; nodes are added by kubeadm.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/setup/best-practices/certificates/" }],
        },
        (cluster) => {
            const { value, at } = field(cluster, "cluster", "apiServer", "certSANs");
            const names: readonly unknown[] = Array.isArray(value) ? value : [];
            return names.flatMap((name, index) => {
                const text = String(name);
                return [
                    ...(text.includes("*") ? [fault([...at, index], `is ${text}, a wildcard`)] : []),
                    ...(isPublicAddress(text) ? [fault([...at, index], `is ${text}, an address of the internet`)] : []),
                ];
            });
        },
    ),
];

/** Why a provider is none to write Secrets with. */
const weakness = (provider: string): string =>
    provider === "aesgcm" ? "is safe only where a machine changes its key" : "does not protect";

/** What is wrong with a server's TLS. Without a version it is 1.2; without a list, Go's, which has suites with CBC. */
function weakTls(version: unknown, versionAt: Path, suites: unknown, suitesAt: Path): readonly Fault[] {
    const weak = Array.isArray(suites) ? suites.map(String).filter((suite) => !strongSuite.test(suite)) : undefined;
    return [
        ...must(!oldTls.includes(String(version)), versionAt, `is ${String(version)}`),
        ...must(weak !== undefined, suitesAt, "is not set, so that suites with CBC are offered too"),
        ...must((weak ?? []).length === 0, suitesAt, `offers ${(weak ?? []).join(", ")}`),
    ];
}

/** IPv4 addresses that are neither private, shared, link-local nor the machine's own. */
function isPublicAddress(text: string): boolean {
    const [a = 0, b = 0, ...rest] = text.split(".").map(Number);
    if (rest.length !== 2 || ![a, b, ...rest].every((octet) => octet >= 0 && octet <= 255)) {
        return false;
    }
    const inside = a === 10 || a === 127 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168);
    return !inside && !(a === 100 && b >= 64 && b <= 127) && !(a === 169 && b === 254);
}
