import { must, publishedRule } from "../core/define";
import { at as valueAt } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { field } from "./document";

const docs = "https://kubernetes.io/docs";

/** What the kubelet evicts on by itself. A list that is given replaces all of them. */
const signals = ["memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree"];

/** `0`, `0%` and `0Mi`, and `100%`, which the kubelet leaves out. */
const switchedOff = /^(0(\.0+)?(%|[KMGT]i?)?|100%)$/;

/** `4h0m0s` in seconds; NaN for what is no duration. */
function seconds(duration: string): number {
    const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
    return parts === null ? NaN : Number(parts[1] ?? 0) * 3600 + Number(parts[2] ?? 0) * 60 + Number(parts[3] ?? 0);
}

/** The kubelet of every node. */
export const kubeletRules: readonly Rule[] = [
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-020",
            title: "A kubelet answers only whom the API knows and permits",
            severity: "critical",
            why: "A kubelet that lets anybody in runs commands in every container of its node, past the API and its log.",
            mend: "Leave authentication, authorization and readOnlyPort out of the KubeletConfiguration: kubeadm sets them.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "4.2.1" },
                { of: "CIS Kubernetes 1.12", id: "4.2.2" },
                { of: "CIS Kubernetes 1.12", id: "4.2.4" },
                { of: "Kubescape", id: "C-0172" },
                { of: "Kubescape", id: "C-0173" },
                { of: "Kubescape", id: "C-0175" },
                { of: "Checkov", id: "CKV_K8S_138" },
                { of: "Checkov", id: "CKV_K8S_139" },
                { of: "Checkov", id: "CKV_K8S_141" },
            ],
        },
        (cluster) => {
            const anonymous = field(cluster, "kubelet", "authentication", "anonymous", "enabled");
            const mode = field(cluster, "kubelet", "authorization", "mode");
            const readOnly = field(cluster, "kubelet", "readOnlyPort");
            return [
                ...must(anonymous.value !== true, anonymous.at, "lets in who does not log in"),
                ...must(["", "Webhook"].includes(String(mode.value ?? "")), mode.at, `is ${String(mode.value)}`),
                ...must(Number(readOnly.value ?? 0) === 0, readOnly.at, `opens port ${String(readOnly.value)} to everybody`),
            ];
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-021",
            title: "Kubelets renew their certificates",
            severity: "low",
            why: "Kubelets whose certificates end leave the cluster, most of them on one day. kubeadm 1.36 writes true over it.",
            mend: "Write rotateCertificates: true in the KubeletConfiguration, or leave it out.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "4.2.10" },
                { of: "Kubescape", id: "C-0182" },
                { of: "Checkov", id: "CKV_K8S_149" },
            ],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubelet", "rotateCertificates");
            return must(value !== false, at, "is false");
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-022",
            title: "The kubelet does not start on a kernel that is not as it needs it",
            severity: "medium",
            why: "Otherwise it changes the kernel's settings itself, and nobody notices where they were wrong or are undone.",
            mend: "Write protectKernelDefaults: true; with fjord:kubernetes.cgroupDriver systemd the program does.",
            references: [{ of: "Checkov", id: "CKV_K8S_144" }],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubelet", "protectKernelDefaults");
            return must(value === true, at, `is ${String(value ?? "not set: false")}`);
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-023",
            title: "Containers run with the runtime's seccomp profile unless they say otherwise",
            severity: "medium",
            why: "Without a profile a container may make every system call, those among them that faults of the kernel are in.",
            mend: "Write seccompDefault: true in the KubeletConfiguration.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "4.2.14" },
                { of: "upstream", id: `${docs}/tutorials/security/seccomp/` },
            ],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubelet", "seccompDefault");
            return must(value === true, at, `is ${String(value ?? "not set: false")}`);
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-024",
            title: "A pod cannot use up the processes of its node",
            severity: "medium",
            why: "One pod that forks without end stops the whole node, the kubelet and SSH among it.",
            mend: "Write podPidsLimit, such as 4096, in the KubeletConfiguration.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "4.2.13" },
                { of: "Kubescape", id: "C-0284" },
            ],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubelet", "podPidsLimit");
            return must(Number(value ?? -1) > 0, at, `is ${String(value ?? "not set")}: there is no limit`);
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-025",
            title: "Nodes evict pods before memory, disk or inodes run out",
            severity: "medium",
            why: "A kubelet that is given some thresholds sets all others to zero, and a full disk then takes the node down.",
            mend: "Write all five thresholds, or none, in fjord:kubernetes.evictionHard.",
            references: [{ of: "upstream", id: `${docs}/concepts/scheduling-eviction/node-pressure-eviction/` }],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubelet", "evictionHard");
            if (value === undefined) {
                return notApplicable("keeps the kubelet's own thresholds");
            }
            const merged = field(cluster, "kubelet", "mergeDefaultEvictionSettings").value === true;
            return signals.flatMap((signal) => {
                const threshold = valueAt(value, [signal]);
                return threshold === undefined
                    ? must(merged, [...at, signal], "is missing, and so switched off")
                    : must(!switchedOff.test(String(threshold)), [...at, signal], `is ${String(threshold)}, and so switched off`);
            });
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-026",
            title: "Nodes without cgroup v2 are refused",
            severity: "medium",
            why: "Kubernetes no longer develops cgroup v1: pods' memory is bounded less well, and later it does not start.",
            mend: "Take fjord:kubernetes.failCgroupV1 out of the stack, and boot the servers with cgroup v2.",
            references: [{ of: "upstream", id: `${docs}/concepts/architecture/cgroups/` }],
        },
        (cluster) => {
            const { value, at } = field(cluster, "kubelet", "failCgroupV1");
            return must(value !== false, at, "is false");
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-027",
            title: "Events of kubelets and idle connections to them are bounded, not cut off",
            severity: "low",
            why: "Without a bound a broken pod floods the API with events; with a small one the events that matter are lost.",
            mend: "Leave eventRecordQPS and streamingConnectionIdleTimeout at their defaults: 50 a second, and four hours.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "4.2.5" },
                { of: "CIS Kubernetes 1.12", id: "4.2.8" },
                { of: "Kubescape", id: "C-0176" },
                { of: "Kubescape", id: "C-0180" },
                { of: "Checkov", id: "CKV_K8S_143" },
                { of: "Checkov", id: "CKV_K8S_147" },
            ],
        },
        (cluster) => {
            const events = field(cluster, "kubelet", "eventRecordQPS");
            const idle = field(cluster, "kubelet", "streamingConnectionIdleTimeout");
            // In its file the kubelet takes a timeout of 0 for one that is not given, which is four hours.
            const rate = Number(events.value ?? 50);
            return [
                ...must(rate >= 5, events.at, rate === 0 ? "is 0: there is no bound" : `is ${rate}`),
                ...must(idle.value === undefined || seconds(String(idle.value)) <= 4 * 3600, idle.at, `is ${String(idle.value)}`),
            ];
        },
    ),
];
