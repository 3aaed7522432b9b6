import { fault, must, objectRule, podRule, relationRule } from "../core/define";
import { at, podKinds, Pods } from "../core/pods";
import { Rule } from "../core/rule";
import { Surroundings } from "../core/surroundings";
import { KubernetesObject } from "../core/subject";
import { checkov, cis, kubescape, nsa, upstream } from "./references";
import { neighbours, podRelationRule } from "./relations";

const rbac = "rbac.authorization.k8s.io";
const roles = [`${rbac}/Role`, `${rbac}/ClusterRole`];
const bindings = [`${rbac}/RoleBinding`, `${rbac}/ClusterRoleBinding`];

/** A rule of a Role or ClusterRole as far as it is looked at. */
interface Grant {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs?: readonly string[];
}

interface BindingSubject {
    readonly kind?: string;
    readonly name?: string;
    readonly namespace?: string;
}

/** A list below the top of an object. */
function listAt<Entry>(object: KubernetesObject, field: string): readonly Entry[] {
    const list = object[field];
    // Nobody has checked what is written: the fields of an entry are all optional.
    return Array.isArray(list) ? (list as readonly Entry[]) : [];
}

const grantsOf = (role: KubernetesObject): readonly Grant[] => listAt<Grant>(role, "rules");
const subjectsOf = (binding: KubernetesObject): readonly BindingSubject[] => listAt<BindingSubject>(binding, "subjects");

/** Whether a list of a grant names it, or everything. */
const covers = (list: readonly string[] | undefined, name: string): boolean =>
    (list ?? []).some((one) => one === name || one === "*");

/**
 * Whether a grant allows everything with everything: a rule of its own, so that the others need not say it again. In the
 * core group that is enough, as Secrets and pods are there; all of an operator's own group is only what it made itself.
 */
const isEverything = ({ apiGroups, verbs, resources }: Grant): boolean =>
    (verbs ?? []).includes("*") && (resources ?? []).includes("*") && covers(apiGroups, "");

/** What makes its owner stronger than the role says. */
const ladders: readonly {
    readonly groups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
}[] = [
    { groups: [rbac], resources: ["roles", "clusterroles"], verbs: ["escalate", "bind"] },
    { groups: ["", "authentication.k8s.io"], resources: ["users", "groups", "serviceaccounts", "uids"], verbs: ["impersonate"] },
    { groups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
];

/** Ways into a container that runs, or to the kubelet's own API. */
const doors = ["pods/exec", "pods/attach", "pods/ephemeralcontainers", "pods/portforward", "pods/*", "nodes/proxy"];
const opening = ["create", "get", "update", "patch", "*"];

/** The account of a pod; `serviceAccount` is its old name, which still counts. */
function accountOf({ spec }: Pods): string {
    const old = at(spec, ["serviceAccount"]);
    return spec.serviceAccountName ?? (typeof old === "string" ? old : "default");
}

/** Whether a binding that was seen gives the account rights. */
function hasRights(account: string, object: KubernetesObject, surroundings: Surroundings): boolean {
    const { namespace } = object.metadata;
    return surroundings.objects(...bindings).some((binding) =>
        subjectsOf(binding).some((one) => {
            const where = one.namespace ?? binding.metadata.namespace;
            // What names no namespace gets one from whoever applies it: that may be the one which the other names.
            const same = where === undefined || namespace === undefined || where === namespace;
            return one.kind === "ServiceAccount" && one.name === account && same;
        }),
    );
}

/** Whether a subject of a binding is more than accounts that somebody chose. */
function isAnybody({ kind, name = "" }: BindingSubject): boolean {
    switch (kind) {
        case "ServiceAccount":
            return name === "default";
        case "Group":
            return /^system:(authenticated|unauthenticated|serviceaccounts(:.*)?)$/.test(name);
        default:
            return name === "system:anonymous";
    }
}

/** Who pods are to the API, and what accounts may do. */
export const accountRules: readonly Rule[] = [
    podRelationRule(
        podKinds,
        {
            id: "FJ-WRK-017",
            title: "Only a pod that uses the API gets a token for it",
            severity: "medium",
            why: "A token lies in the pod as a file: who breaks in has it, and asks the API in the pod's name.",
            mend: "Write automountServiceAccountToken: false for the pod, or bind its account to a Role of what it needs.",
            references: [cis("5.1.6"), nsa("Kubernetes Pod security"), kubescape("C-0034"), checkov("CKV_K8S_38")],
        },
        (pod, surroundings, object) => {
            if (pod.spec.automountServiceAccountToken === false) {
                return [];
            }
            const account = accountOf(pod);
            const seen = neighbours(object, surroundings, "/ServiceAccount").find(({ metadata }) => metadata.name === account);
            const mounted = pod.spec.automountServiceAccountToken ?? seen?.["automountServiceAccountToken"] ?? true;
            return must(
                mounted === false || (account !== "default" && hasRights(account, object, surroundings)),
                [...pod.at, "automountServiceAccountToken"],
                `is not false, and no binding here gives the account ${account} any right`,
            );
        },
    ),
    podRule(
        {
            id: "FJ-WRK-018",
            title: "Pods have an account of their own",
            severity: "low",
            why: "A right of the account default is one of every pod that names none, and the audit log has one name for all.",
            mend: "Make a ServiceAccount for the application, and name it in serviceAccountName.",
            references: [cis("5.1.5"), checkov("CKV_K8S_41")],
        },
        (pod) => must(accountOf(pod) !== "default", [...pod.at, "serviceAccountName"], "is default"),
    ),
    objectRule(
        bindings,
        {
            id: "FJ-WRK-019",
            title: "Rights are given to accounts that somebody chose",
            severity: "high",
            why: "What everybody who is logged in, or not even that, may do, every pod and every stranger at the API may do.",
            mend: "Name in subjects the ServiceAccounts or groups of people that need it: not default, no group of system:.",
            references: [cis("5.1.5"), nsa("Authentication and authorization"), checkov("CKV_K8S_42")],
        },
        (object) =>
            subjectsOf(object).flatMap((subject, index) =>
                must(!isAnybody(subject), ["subjects", index, "name"], `is ${subject.kind} ${subject.name}`),
            ),
    ),
    objectRule(
        bindings,
        {
            id: "FJ-WRK-020",
            title: "Nothing is bound to cluster-admin",
            severity: "critical",
            why: "Who has it owns the platform: every secret, every node, and the controllers that watch over both.",
            mend: "Bind a Role that lists what is needed; people get rights for a short time from the stack, not from Git.",
            references: [cis("5.1.1"), nsa("Authentication and authorization"), kubescape("C-0035")],
        },
        (object) => must(at(object, ["roleRef", "name"]) !== "cluster-admin", ["roleRef", "name"], "is cluster-admin"),
    ),
    objectRule(
        roles,
        {
            id: "FJ-WRK-021",
            title: "No role allows everything with everything",
            severity: "high",
            why: "It is cluster-admin by another name, and grows with every kind that is added later.",
            mend: "List the resources and the verbs that are used.",
            references: [cis("5.1.3"), nsa("Authentication and authorization"), checkov("CKV_K8S_49")],
        },
        (object) =>
            grantsOf(object).flatMap((grant, index) =>
                must(!isEverything(grant), ["rules", index], "has * for resources and for verbs"),
            ),
    ),
    relationRule(
        [`${rbac}/ClusterRole`],
        {
            id: "FJ-WRK-022",
            title: "No role reads the Secrets of all namespaces",
            severity: "high",
            why: "One account that reads all Secrets has every password and key of the region, the sealing keys among them.",
            mend: "Use a Role in the namespaces concerned, or name the Secrets in resourceNames.",
            references: [
                cis("5.1.2"),
                nsa("Authentication and authorization"),
                kubescape("C-0015"),
                upstream("https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets"),
            ],
        },
        (object, surroundings) => {
            const faults = grantsOf(object).flatMap((grant, index) => {
                const read = ["get", "list", "watch"].some((verb) => covers(grant.verbs, verb));
                const secrets = covers(grant.apiGroups, "") && covers(grant.resources, "secrets");
                const all = (grant.resourceNames ?? []).length === 0 && !isEverything(grant);
                return read && secrets && all ? [fault(["rules", index], "reads Secrets without naming them")] : [];
            });
            // A ClusterRole that is only bound within namespaces reads what is there.
            const binders = faults.length === 0 ? [] : surroundings.objects(...bindings);
            const kinds = binders
                .filter(
                    (one) =>
                        at(one, ["roleRef", "kind"]) === "ClusterRole" && at(one, ["roleRef", "name"]) === object.metadata.name,
                )
                .map(({ kind }) => kind);
            return kinds.length > 0 && kinds.every((kind) => kind === "RoleBinding") ? [] : faults;
        },
    ),
    objectRule(
        roles,
        {
            id: "FJ-WRK-023",
            title: "No role lets its owner become somebody stronger",
            severity: "high",
            why: "Who may escalate, bind, impersonate, or make tokens of other accounts has every right that exists in reach.",
            mend: "Remove the verbs escalate, bind and impersonate, and create on serviceaccounts/token.",
            references: [cis("5.1.8"), cis("5.1.13"), kubescape("C-0065"), checkov("CKV_K8S_158")],
        },
        (object) =>
            grantsOf(object).flatMap((grant, index) => {
                const found = isEverything(grant)
                    ? []
                    : ladders.flatMap(({ groups, resources, verbs }) =>
                          groups.some((group) => covers(grant.apiGroups, group)) &&
                          resources.some((one) => covers(grant.resources, one))
                              ? verbs.filter((verb) => covers(grant.verbs, verb))
                              : [],
                      );
                return must(
                    found.length === 0,
                    ["rules", index],
                    `allows ${found.join(", ")} on ${(grant.resources ?? []).join(", ")}`,
                );
            }),
    ),
    objectRule(
        roles,
        {
            id: "FJ-WRK-024",
            title: "No role opens a shell in pods",
            severity: "high",
            why: "What is done in a running container is in no commit, and reads whatever the pod may read.",
            mend: "Remove pods/exec, /attach, /portforward and /ephemeralcontainers, and nodes/proxy, from the resources.",
            references: [cis("5.1.10"), kubescape("C-0002"), kubescape("C-0063"), checkov("CKV2_K8S_2")],
        },
        (object) =>
            grantsOf(object).flatMap((grant, index) => {
                const named = grant.resources ?? [];
                // All resources are the doors too; with all verbs as well it is the matter of another rule.
                const all = named.includes("*") && covers(grant.apiGroups, "") && !isEverything(grant) ? ["*"] : [];
                const opened = [...all, ...doors.filter((door) => named.includes(door))];
                const used = opening.some((verb) => (grant.verbs ?? []).includes(verb));
                return must(!used || opened.length === 0, ["rules", index], `allows ${opened.join(", ")}`);
            }),
    ),
];
