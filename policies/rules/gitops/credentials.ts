import { fault, must, objectRule, relationRule } from "../core/define";
import { Path } from "../core/opaque";
import { at, groupKind } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { KubernetesObject } from "../core/subject";
import { Surroundings } from "../core/surroundings";
import { entriesAt, Fields, fieldsOf, listOf, textOf } from "../values";
import { argocd, inCluster, settingsRule } from "./application";

const secretType = "argocd.argoproj.io/secret-type";

const secretKinds = ["/Secret", "bitnami.com/SealedSecret"] as const;

const isSealed = (object: KubernetesObject): boolean => groupKind(object) === secretKinds[1];

/** Where the label is that says what a Secret is to Argo CD: its own, or the one that a SealedSecret will give it. */
function typePath(object: KubernetesObject): Path {
    return [...(isSealed(object) ? ["spec", "template"] : []), "metadata", "labels", secretType];
}

/** Names of a Secret's values, with their places; the values themselves are left alone. */
function fieldsIn(object: KubernetesObject): readonly { readonly name: string; readonly at: Path }[] {
    const places: readonly Path[] = isSealed(object)
        ? [["spec", "encryptedData"], ["spec", "template", "data"]]
        : [["data"], ["stringData"]];
    return places.flatMap((place) => Object.keys(fieldsOf(at(object, place))).map((name) => ({ name, at: [...place, name] })));
}

/** Whether a field has a value, as far as it can be read: what is sealed cannot. */
function holds(object: KubernetesObject, path: Path, value: string): boolean {
    return textOf(at(object, path)) === (path[0] === "data" ? btoa(value) : value);
}

/** Values of the label for what Argo CD reads from, and what it writes to. */
const readers = ["repository", "repo-creds"];
const writers = ["repository-write", "repo-write-creds"];

/** Fields by which Argo CD would log in to a repository otherwise than with a deploy key. */
const otherLogins = ["password", "username", "bearerToken", "githubAppPrivateKey", "gcpServiceAccountKey", "tlsClientCertKey"];
/** Settings that leave the other side unproven. */
const unproven = ["insecure", "insecureIgnoreHostKey"];

/** Roles of Kubernetes itself that only read. */
const readingRoles = ["view", "system:discovery", "system:public-info-viewer", "system:basic-user"];
const readingVerbs = ["get", "list", "watch"];

/** Groups and users of Kubernetes itself that stand for people, or for anybody. */
const people = ["system:masters", "system:authenticated", "system:unauthenticated", "system:anonymous"];

/** Whether a role that is bound only reads, as far as it can be found. */
function onlyReads(binding: KubernetesObject, surroundings: Surroundings): boolean {
    const { kind, name } = fieldsOf(binding["roleRef"]);
    if (kind === "ClusterRole" && readingRoles.includes(textOf(name) ?? "")) {
        return true;
    }
    const group = "rbac.authorization.k8s.io";
    const roles =
        kind === "ClusterRole"
            ? surroundings.objects(`${group}/ClusterRole`)
            : surroundings.objectsIn(binding.metadata.namespace, `${group}/Role`);
    const role = roles.find(({ metadata }) => metadata.name === name);
    if (!role) {
        return false;
    }
    const verbs = listOf(role["rules"]).flatMap((rule) => listOf(fieldsOf(rule)["verbs"]));
    return verbs.every((verb) => readingVerbs.includes(textOf(verb) ?? "")) && role["aggregationRule"] === undefined;
}

/** Accounts of Argo CD's own that may log in or have a key. */
function accounts(data: Fields): readonly string[] {
    return Object.keys(data).filter(
        (key) => /^accounts\.[^.]+$/.test(key) && textOf(data[key]) !== "" && textOf(data[`${key}.enabled`]) !== "false",
    );
}

export const credentialRules: readonly Rule[] = [
    objectRule(
        secretKinds,
        {
            id: "FJ-GIT-006",
            title: "Argo CD holds no credential to another cluster",
            severity: "critical",
            why: "Each region pulls for itself; a key to another cluster in here makes one break-in two.",
            mend: `Remove the Secret with the label ${secretType}: cluster, and run an Argo CD in that cluster.`,
            references: [argocd("operator-manual/declarative-setup")],
        },
        (object) => {
            const typeAt = typePath(object);
            if (at(object, typeAt) !== "cluster") {
                return [];
            }
            const server = fieldsIn(object).find(({ name }) => name === "server");
            // With its own address it is no credential, but a place for the cluster's labels.
            const own = server !== undefined && holds(object, server.at, inCluster.server);
            return must(own, typeAt, "is cluster: a credential to another one");
        },
    ),
    objectRule(
        ["/ConfigMap", "argoproj.io/AppProject"],
        {
            id: "FJ-GIT-016",
            title: "Argo CD has no accounts and no tokens of its own",
            severity: "high",
            why: "A local password or a token that never ends deploys past Git, and leaves no name in its log.",
            mend: 'Set admin.enabled: "false" in argocd-cm and leave accounts.* out; take jwtTokens out of the AppProject.',
            references: [argocd("operator-manual/user-management")],
        },
        (object) => {
            if (object.kind === "AppProject") {
                return entriesAt(object, ["spec", "roles"]).flatMap(({ at: path, value }) =>
                    must(listOf(fieldsOf(value)["jwtTokens"]).length === 0, [...path, "jwtTokens"], "holds tokens of a role"),
                );
            }
            if (object.metadata.name !== "argocd-cm") {
                return notApplicable("is not argocd-cm");
            }
            const data = fieldsOf(object["data"]);
            return [
                ...must(textOf(data["admin.enabled"]) === "false", ["data", "admin.enabled"], 'is not "false"'),
                ...accounts(data).map((key) => fault(["data", key], "is an account of Argo CD's own")),
            ];
        },
    ),
    settingsRule(
        "argocd-cm",
        {
            id: "FJ-GIT-017",
            title: "Argo CD answers nobody without a name",
            severity: "critical",
            why: "Whoever reaches its server reads every manifest, and does what the default policy allows.",
            mend: 'Leave users.anonymous.enabled out of argocd-cm, or set it to "false".',
            references: [argocd("operator-manual/user-management")],
        },
        (data) =>
            must(textOf(data["users.anonymous.enabled"]) !== "true", ["data", "users.anonymous.enabled"], "lets anybody in"),
    ),
    settingsRule(
        "argocd-rbac-cm",
        {
            id: "FJ-GIT-018",
            title: "Who logs in to Argo CD may change nothing by default",
            severity: "high",
            why: "The default policy holds for everybody who can log in, also for whoever joins tomorrow.",
            mend: 'Set policy.default: "" in argocd-rbac-cm, or role:readonly, and name who may more in policy.csv.',
            references: [argocd("operator-manual/rbac")],
        },
        (data) => {
            const policy = textOf(data["policy.default"]) ?? "";
            return must(policy === "" || policy === "role:readonly", ["data", "policy.default"], `is ${policy}`);
        },
    ),
    settingsRule(
        "argocd-cm",
        {
            id: "FJ-GIT-019",
            title: "Argo CD opens no terminals",
            severity: "high",
            why: "A shell in a pod is a change that never was in Git.",
            mend: 'Leave exec.enabled out of argocd-cm, or set it to "false".',
            references: [argocd("operator-manual/web_based_terminal")],
        },
        (data) => must(textOf(data["exec.enabled"]) !== "true", ["data", "exec.enabled"], "opens shells in pods"),
    ),
    objectRule(
        secretKinds,
        {
            id: "FJ-GIT-021",
            title: "Argo CD reads repositories with a deploy key, from hosts that it knows",
            severity: "high",
            why: "A password or a token of a person can write as well, and an unproven host can hand out any manifest.",
            mend: "Give the repository's Secret an sshPrivateKey that only reads, and no password, token or insecure in it.",
            references: [argocd("operator-manual/declarative-setup")],
            // A checkpoint has all of a Secret's data encrypted, its field names too.
            sources: ["stack", "git"],
        },
        (object) => {
            const typeAt = typePath(object);
            const type = textOf(at(object, typeAt)) ?? "";
            if (writers.includes(type)) {
                return [fault(typeAt, `is ${type}: a credential that writes to Git`)];
            }
            if (!readers.includes(type)) {
                return notApplicable("is not a repository of Argo CD");
            }
            const fields = fieldsIn(object);
            return [
                ...fields
                    .filter(({ name }) => otherLogins.includes(name))
                    .map(({ name, at: path }) => fault(path, `logs in with ${name}, not with a deploy key`)),
                ...fields
                    .filter(({ name, at: path }) => unproven.includes(name) && !holds(object, path, "false"))
                    .map(({ at: path }) => fault(path, "lets any server pose as the repository's")),
            ];
        },
    ),
    relationRule(
        ["rbac.authorization.k8s.io/ClusterRoleBinding", "rbac.authorization.k8s.io/RoleBinding"],
        {
            id: "FJ-GIT-023",
            title: "Nobody outside the cluster may write to it",
            severity: "high",
            why: "What a person or a pipeline writes by itself is not in Git; a credential that can is one that can be stolen.",
            mend: "Bind people to a role that only reads (view), and let changes go through Git.",
            references: [{ of: "fjord", id: "README, Architecture" }],
        },
        (object, surroundings) =>
            entriesAt(object, ["subjects"]).flatMap(({ at: path, value }) => {
                const { kind, name } = fieldsOf(value);
                const who = textOf(name) ?? "";
                const outside = (kind === "User" || kind === "Group") && (!who.startsWith("system:") || people.includes(who));
                const message = `is ${textOf(kind)} ${who}, with a role that writes, or that is not here to be read`;
                return must(!outside || onlyReads(object, surroundings), path, message);
            }),
    ),
    objectRule(
        ["/Secret"],
        {
            id: "FJ-GIT-024",
            title: "No token of a ServiceAccount lasts for ever",
            severity: "high",
            why: "Such a Secret holds a token that has no end and works from anywhere: a standing credential.",
            mend: "Remove the Secret of that type: pods have tokens that end, and kubectl create token makes one for an hour.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/concepts/security/service-accounts/" }],
        },
        (object) => must(object["type"] !== "kubernetes.io/service-account-token", ["type"], "is a token without an end"),
    ),
];
