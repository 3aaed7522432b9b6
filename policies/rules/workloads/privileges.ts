import { containerRule, fault, must, podRule } from "../core/define";
import { at as valueAt, ContainerSpec, PodSpec } from "../core/pods";
import { Rule } from "../core/rule";
import { checkov, cis, kubescape, nsa, podSecurity, upstream } from "./references";

/** The one capability that the restricted standard lets a container add. */
const addable = "NET_BIND_SERVICE";

const capability = (name: string): string => name.toUpperCase().replace(/^CAP_/, "");

/** Settings of the kernel that belong to the pod alone and harm nobody else: the list of the baseline standard. */
const safeSysctls = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/** What holds for a container: its own word, or else that of its pod. */
const userOf = (container: ContainerSpec, pod: PodSpec): number | undefined =>
    container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser;

/** What a process in a container may do. */
export const privilegeRules: readonly Rule[] = [
    containerRule(
        {
            id: "FJ-WRK-009",
            title: "No container can come to more rights than it starts with",
            severity: "medium",
            why: "Without the word, one setuid program in the image is enough to become root in the container.",
            mend: "Write securityContext.allowPrivilegeEscalation: false for the container; the default is true.",
            references: [
                cis("5.2.6"),
                kubescape("C-0016"),
                checkov("CKV_K8S_20"),
                podSecurity("Restricted: Privilege Escalation"),
            ],
        },
        ({ at, spec }) => {
            const allowed = spec.securityContext?.allowPrivilegeEscalation;
            const message = allowed === true ? "is true" : "is not set, which means true";
            return must(allowed === false, [...at, "securityContext", "allowPrivilegeEscalation"], message);
        },
    ),
    containerRule(
        {
            id: "FJ-WRK-010",
            title: "No container runs as root",
            severity: "high",
            why: "Root in a container is root of the node as soon as one wall between them has a hole.",
            mend: "Write securityContext.runAsNonRoot: true and a runAsUser that is not 0, for the pod or the container.",
            references: [
                cis("5.2.7"),
                nsa("Kubernetes Pod security"),
                kubescape("C-0013"),
                checkov("CKV_K8S_23"),
                podSecurity("Restricted: Running as Non-root"),
            ],
        },
        ({ at, spec, pod }) => {
            const user = userOf(spec, pod.spec);
            if (user === 0) {
                return [fault([...at, "securityContext", "runAsUser"], "is 0")];
            }
            const refused = spec.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
            return must(
                refused === true || user !== undefined,
                [...at, "securityContext", "runAsNonRoot"],
                "is not true, and no runAsUser is set: the image may say root",
            );
        },
    ),
    containerRule(
        {
            id: "FJ-WRK-011",
            title: "Every container drops all capabilities",
            severity: "medium",
            why: "Among those that a container has by default are raw packets on the pods' network and other users' files.",
            mend: 'Write securityContext.capabilities.drop: ["ALL"] for the container.',
            references: [
                cis("5.2.8"),
                cis("5.2.9"),
                checkov("CKV_K8S_28"),
                checkov("CKV_K8S_37"),
                podSecurity("Restricted: Capabilities"),
            ],
        },
        ({ at, spec }) => {
            const dropped = (spec.securityContext?.capabilities?.drop ?? []).map(capability);
            return must(dropped.includes("ALL"), [...at, "securityContext", "capabilities", "drop"], "does not say ALL");
        },
    ),
    containerRule(
        {
            id: "FJ-WRK-012",
            title: `Containers add no capability but ${addable}`,
            severity: "high",
            why: "Most capabilities, SYS_ADMIN and NET_ADMIN before all, are a piece of the node's root.",
            mend: `Remove it from securityContext.capabilities.add; only ${addable} may stay, for ports below 1024.`,
            references: [
                kubescape("C-0046"),
                checkov("CKV_K8S_25"),
                checkov("CKV_K8S_39"),
                podSecurity("Restricted: Capabilities"),
            ],
        },
        ({ at, spec }) =>
            (spec.securityContext?.capabilities?.add ?? []).flatMap((name, index) =>
                must(capability(name) === addable, [...at, "securityContext", "capabilities", "add", index], `is ${name}`),
            ),
    ),
    containerRule(
        {
            id: "FJ-WRK-013",
            title: "The files of a container's image cannot be changed while it runs",
            severity: "medium",
            why: "Who breaks in can otherwise leave programs behind, and what runs is no longer what the digest names.",
            mend: "Write securityContext.readOnlyRootFilesystem: true, and an emptyDir for each directory that is written to.",
            references: [nsa("Kubernetes Pod security"), kubescape("C-0017"), checkov("CKV_K8S_22")],
        },
        ({ at, role, spec }) =>
            must(
                role === "ephemeral" || spec.securityContext?.readOnlyRootFilesystem === true,
                [...at, "securityContext", "readOnlyRootFilesystem"],
                "is not true",
            ),
    ),
    containerRule(
        {
            id: "FJ-WRK-014",
            title: "System calls are filtered by a seccomp profile",
            severity: "medium",
            why: "Unfiltered, every system call of the node's kernel can be tried; a namespace at restricted refuses the pod.",
            mend: "Write securityContext.seccompProfile.type: RuntimeDefault for the pod.",
            references: [cis("5.6.2"), checkov("CKV_K8S_31"), podSecurity("Restricted: Seccomp")],
        },
        ({ at, spec, pod }) => {
            const type = spec.securityContext?.seccompProfile?.type ?? pod.spec.securityContext?.seccompProfile?.type;
            const message = type === undefined ? "is set neither here nor for the pod" : `is ${type}`;
            const filtered = type === "RuntimeDefault" || type === "Localhost";
            return must(filtered, [...at, "securityContext", "seccompProfile", "type"], message);
        },
    ),
    containerRule(
        {
            id: "FJ-WRK-015",
            title: "The kernel's files in /proc stay masked",
            severity: "high",
            why: "Unmasked, a container reads and writes settings of the node's kernel.",
            mend: "Remove securityContext.procMount, or write hostUsers: false for the pod that needs it.",
            references: [podSecurity("Baseline: /proc Mount Type")],
        },
        ({ at, spec, pod }) => {
            const mount = spec.securityContext?.procMount ?? "Default";
            // In a user namespace of its own a pod is root of nothing in there; the standard allows it since 1.35.
            const allowed = mount === "Default" || valueAt(pod.spec, ["hostUsers"]) === false;
            return must(allowed, [...at, "securityContext", "procMount"], `is ${mount}`);
        },
    ),
    podRule(
        {
            id: "FJ-WRK-016",
            title: "Pods set only kernel settings that Kubernetes calls safe",
            severity: "medium",
            why: "The kubelet refuses a pod with any other setting; allowed by force, it may harm the node and all that runs there.",
            mend: "Remove it from securityContext.sysctls: settings of the nodes are the stack's to make.",
            references: [
                podSecurity("Baseline: Sysctls"),
                upstream("https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/"),
            ],
        },
        ({ at, spec }) =>
            (spec.securityContext?.sysctls ?? []).flatMap(({ name }, index) =>
                must(
                    name !== undefined && safeSysctls.includes(name),
                    [...at, "securityContext", "sysctls", index, "name"],
                    `is ${name}, which is not among the safe ones`,
                ),
            ),
    ),
];
