import { fault, must, publishedRule } from "../core/define";
import { Rule } from "../core/rule";
import { ApiRequest, decisions } from "./audit-policy";
import { flag } from "./document";

/** Kinds whose content must not be in a log, and in which direction it passes. */
const sensitive: readonly (Omit<ApiRequest, "verb"> & { readonly in: readonly ("request" | "response")[] })[] = [
    { group: "", resource: "secrets", in: ["request", "response"] },
    { group: "", resource: "configmaps", in: ["request", "response"] },
    { group: "", resource: "serviceaccounts/token", in: ["response"] },
    { group: "authentication.k8s.io", resource: "tokenreviews", in: ["request", "response"] },
];

const writing = ["create", "update", "patch"];
const reading = ["get", "list"];

/** Changes that somebody will ask about one day. */
const watched: readonly ApiRequest[] = [
    { verb: "create", group: "apps", resource: "deployments" },
    { verb: "patch", group: "apps", resource: "deployments" },
    { verb: "update", group: "", resource: "secrets" },
    { verb: "delete", group: "", resource: "pods" },
    { verb: "create", group: "", resource: "pods/exec" },
    { verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" },
    { verb: "update", group: "networking.k8s.io", resource: "networkpolicies" },
];

/** How long the log goes back. What is not given is 366 days, 100 files, 100 MB in Kubernetes 1.36. */
const bounds = { "audit-log-maxage": 30, "audit-log-maxbackup": 10, "audit-log-maxsize": 100 } as const;

/** What the API server writes down. */
export const auditRules: readonly Rule[] = [
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-009",
            title: "The API server keeps an audit log",
            severity: "high",
            why: "After an incident nobody can tell who did what, or whether it goes on.",
            mend: "Write audit-policy-file and audit-log-path in apiServer.extraArgs.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.16" },
                { of: "CIS Kubernetes 1.12", id: "3.2.1" },
                { of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Audit Logging and Threat Detection" },
                { of: "Kubescape", id: "C-0130" },
                { of: "Kubescape", id: "C-0160" },
                { of: "Checkov", id: "CKV_K8S_91" },
            ],
        },
        (cluster) =>
            ["audit-log-path", "audit-policy-file"].flatMap((name) => {
                const { value, at } = flag(cluster, "apiServer", name);
                return must(value !== undefined && value !== "", at, `has no ${name}`);
            }),
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-010",
            title: "The audit log goes back a month",
            severity: "medium",
            why: "Most break-ins are noticed after weeks, when a shorter log has lost their beginning.",
            mend: "Write audit-log-maxage 30 or more, audit-log-maxbackup 10 or more and audit-log-maxsize 100 or more.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "1.2.17" },
                { of: "CIS Kubernetes 1.12", id: "1.2.18" },
                { of: "CIS Kubernetes 1.12", id: "1.2.19" },
                { of: "Kubescape", id: "C-0131" },
                { of: "Kubescape", id: "C-0132" },
                { of: "Kubescape", id: "C-0133" },
                { of: "Checkov", id: "CKV_K8S_92" },
                { of: "Checkov", id: "CKV_K8S_93" },
                { of: "Checkov", id: "CKV_K8S_94" },
            ],
        },
        (cluster) =>
            Object.entries(bounds).flatMap(([name, least]) => {
                const { value, at } = flag(cluster, "apiServer", name);
                if (value === undefined) {
                    return [];
                }
                return Number(value) === 0
                    ? [fault(at, `is 0: ${name} has no bound, and the log fills the disk`)]
                    : must(Number(value) >= least, at, `is ${value}, less than ${least} (${name})`);
            }),
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-011",
            title: "The audit log holds no secret",
            severity: "high",
            why: "Who may read the log, or the place where it is collected, has every Secret and token that passed.",
            mend: "Put a rule of level Metadata for secrets, configmaps, tokens and tokenreviews before those that log bodies.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "3.2.2" },
                { of: "Kubescape", id: "C-0161" },
            ],
        },
        (cluster) => {
            const leaks = new Map<number, Set<string>>();
            for (const { in: directions, ...kind } of sensitive) {
                for (const verb of [...writing, ...reading]) {
                    const inRequest = writing.includes(verb) && directions.includes("request");
                    const inEither = inRequest || directions.includes("response");
                    for (const { index, level } of decisions(cluster, { verb, ...kind })) {
                        if ((level === "Request" && inRequest) || (level === "RequestResponse" && inEither)) {
                            leaks.set(index, (leaks.get(index) ?? new Set()).add(kind.resource));
                        }
                    }
                }
            }
            return [...leaks].map(([index, resources]) =>
                fault(["auditPolicy", "rules", index, "level"], `logs the content of ${[...resources].join(", ")}`),
            );
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-012",
            title: "Every change through the API is in the audit log",
            severity: "high",
            why: "A change that is not logged is one that nobody made: neither mistakes nor break-ins can be followed.",
            mend: "Let the last rule of the audit policy have level Request or Metadata, and leave out reads only.",
            references: [
                { of: "CIS Kubernetes 1.12", id: "3.2.2" },
                { of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Audit Logging and Threat Detection" },
                { of: "Kubescape", id: "C-0161" },
            ],
        },
        (cluster) => {
            const lost = new Map<number, string[]>();
            for (const request of watched) {
                const last = decisions(cluster, request).at(-1);
                if (last?.reach === "all" && last.level === "None") {
                    lost.set(last.index, [...(lost.get(last.index) ?? []), `${request.verb} ${request.resource}`]);
                }
            }
            return [...lost].map(([index, requests]) =>
                fault(
                    index === -1 ? ["auditPolicy", "rules"] : ["auditPolicy", "rules", index, "level"],
                    `does not log ${requests.join(", ")}`,
                ),
            );
        },
    ),
];
