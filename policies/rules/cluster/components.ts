import { must, publishedRule } from "../core/define";
import { Rule } from "../core/rule";
import { Component, field, flag } from "./document";

const profiled: readonly Component[] = ["apiServer", "controllerManager", "scheduler"];

/** How many finished pods the controller manager leaves lying by itself. */
const keptByDefault = 12500;

const loopback = /^(127\.\d+\.\d+\.\d+|\[?::1\]?|localhost)(:\d+)?$/;

/** Flags of etcd that take its certificates away, with the value that does. */
const weakens = { "client-cert-auth": "false", "peer-client-cert-auth": "false", "auto-tls": "true", "peer-auto-tls": "true" };

/** What etcd listens on: without TLS only on the machine itself. */
const listening = ["listen-client-urls", "listen-peer-urls", "listen-metrics-urls"];

/** The controller manager, the scheduler, etcd and kube-proxy. */
export const componentRules: readonly Rule[] = [
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-013",
            title: "Profiling of the control plane is off",
            severity: "medium",
            why: "Profiles show memory and timing of the control plane, and taking them slows it down for everybody.",
            mend: "Write profiling: false in extraArgs of apiServer, controllerManager and scheduler.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.15" },
                { of: "CIS Kubernetes 1.12", id: "1.3.2" },
                { of: "CIS Kubernetes 1.12", id: "1.4.1" },
                { of: "Kubescape", id: "C-0129" },
                { of: "Kubescape", id: "C-0145" },
                { of: "Kubescape", id: "C-0151" },
                { of: "Checkov", id: "CKV_K8S_90" },
                { of: "Checkov", id: "CKV_K8S_107" },
                { of: "Checkov", id: "CKV_K8S_114" },
            ],
        },
        (cluster) =>
            profiled.flatMap((component) => {
                const { value, at } = flag(cluster, component, "profiling");
                return must(value === "false", at, `does not switch profiling of ${component} off`);
            }),
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-014",
            title: "The controller manager and the scheduler listen on the machine only",
            severity: "medium",
            why: "Their health and metrics pages tell strangers what runs where.",
            mend: "Take bind-address out of extraArgs of controllerManager and scheduler: kubeadm writes 127.0.0.1.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.3.7" },
                { of: "CIS Kubernetes 1.12", id: "1.4.2" },
                { of: "Kubescape", id: "C-0150" },
                { of: "Kubescape", id: "C-0152" },
                { of: "Checkov", id: "CKV_K8S_113" },
                { of: "Checkov", id: "CKV_K8S_115" },
            ],
        },
        (cluster) =>
            (["controllerManager", "scheduler"] as const).flatMap((component) => {
                const { value, at } = flag(cluster, component, "bind-address");
                return must(value === undefined || loopback.test(value), at, `is ${value}`);
            }),
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-015",
            title: "Every controller has an account of its own",
            severity: "medium",
            why: "Controllers that share one account share all rights, and a fault in one of them has the rights of all.",
            mend: "Take use-service-account-credentials out of controllerManager.extraArgs: kubeadm writes true.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.3.3" },
                { of: "Kubescape", id: "C-0146" },
                { of: "Checkov", id: "CKV_K8S_108" },
            ],
        },
        (cluster) => {
            const { value, at } = flag(cluster, "controllerManager", "use-service-account-credentials");
            return must(value === undefined || value === "true", at, `is ${value}`);
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-016",
            title: "Finished pods are cleared away",
            severity: "low",
            why: `By itself the controller manager keeps ${keptByDefault} finished pods, and every list of pods gets slower.`,
            mend: "Write terminated-pod-gc-threshold, such as 1000, in controllerManager.extraArgs.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.3.1" },
                { of: "Kubescape", id: "C-0144" },
                { of: "Checkov", id: "CKV_K8S_106" },
            ],
        },
        (cluster) => {
            const { value, at } = flag(cluster, "controllerManager", "terminated-pod-gc-threshold");
            const kept = Number(value ?? keptByDefault);
            return [
                ...must(kept > 0, at, `is ${value}, which switches it off`),
                ...must(kept < keptByDefault, at, `leaves ${kept} finished pods`),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-017",
            title: "etcd talks only to who shows a certificate of the cluster",
            severity: "critical",
            why: "Who reaches an etcd that asks for no certificate reads and writes everything, past the API and its log.",
            mend: "Leave TLS and the addresses that etcd listens on out of etcd.local.extraArgs: kubeadm sets them.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "2.2" },
                { of: "CIS Kubernetes 1.12", id: "2.3" },
                { of: "CIS Kubernetes 1.12", id: "2.5" },
                { of: "CIS Kubernetes 1.12", id: "2.6" },
                { of: "Kubescape", id: "C-0154" },
                { of: "Kubescape", id: "C-0155" },
                { of: "Kubescape", id: "C-0157" },
                { of: "Kubescape", id: "C-0158" },
                { of: "Checkov", id: "CKV_K8S_117" },
                { of: "Checkov", id: "CKV_K8S_118" },
                { of: "Checkov", id: "CKV_K8S_121" },
            ],
        },
        (cluster) => [
            ...Object.entries(weakens).flatMap(([name, weak]) => {
                const { value, at } = flag(cluster, "etcd", name);
                return must(value !== weak, at, `is ${weak} (${name})`);
            }),
            ...listening.flatMap((name) => {
                const { value = "", at } = flag(cluster, "etcd", name);
                const plain = value.split(",").filter((url) => url.startsWith("http://"));
                const open = plain.filter((url) => !loopback.test(url.slice("http://".length)));
                return must(open.length === 0, at, `listens without TLS on ${open.join(", ")}`);
            }),
        ],
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-018",
            title: "kube-proxy's metrics stay on the node",
            severity: "medium",
            why: "They answer without a login, and tell of every Service and how much it is used.",
            mend: "Leave metricsBindAddress out of the KubeProxyConfiguration: its default is 127.0.0.1:10249.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "4.3.1" },
                { of: "Kubescape", id: "C-0291" },
            ],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubeProxy", "metricsBindAddress");
            return must(value === undefined || value === "" || loopback.test(String(value)), at, `is ${String(value)}`);
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-019",
            title: "Services are programmed with nftables",
            severity: "low",
            why: "iptables mode, the default, takes longer with every Service, and ipvs mode is no longer developed.",
            mend: "Write mode: nftables in the KubeProxyConfiguration.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/reference/networking/virtual-ips/" }],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubeProxy", "mode");
            return must(value === "nftables", at, `is ${String(value ?? "not set: iptables")}`);
        },
    ),
];
