import { fault, must, objectRule } from "../core/define";
import { Path } from "../core/opaque";
import { at } from "../core/pods";
import { Answer, Fault, notApplicable, Rule, RuleText } from "../core/rule";
import { nameGlob } from "../glob";
import { entriesAt, Fields, fieldsOf, hostOf, listOf, textOf } from "../values";
import { argocd } from "./application";

/** Namespaces of Kubernetes and of fjord's platform: who may write there owns the cluster. */
const platformNamespaces = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "kube-flannel",
    "default",
    "argocd",
    "sealed-secrets",
    "nginx-ingress",
] as const;

function projectRule(text: RuleText, check: (spec: Fields, name: string) => Answer): Rule {
    return objectRule(["argoproj.io/AppProject"], text, (object) => check(fieldsOf(object["spec"]), object.metadata.name));
}

interface Pattern {
    readonly at: Path;
    readonly pattern: string;
}

/** A field of each destination. */
function destinations(spec: Fields, field: "server" | "name" | "namespace"): readonly Pattern[] {
    return listOf(spec["destinations"]).flatMap((entry, index) => {
        const pattern = textOf(fieldsOf(entry)[field]);
        return pattern === undefined ? [] : [{ at: ["spec", "destinations", index, field], pattern }];
    });
}

/** What is wrong with the namespaces that a pattern reaches. */
function reach({ at: where, pattern }: Pattern, denied: readonly string[]): readonly Fault[] {
    if (/^\*+$/.test(pattern)) {
        return [fault(where, "is every namespace")];
    }
    const reached = platformNamespaces.find(
        (name) => nameGlob(pattern).matches(name) && !denied.some((one) => nameGlob(one).matches(name)),
    );
    return must(reached === undefined, where, `is ${pattern}, which reaches ${reached}`);
}

/** Whether a list of groups and kinds names plain Secrets. */
const namesSecret = (list: readonly unknown[]): boolean =>
    list.some((entry) => {
        const { group, kind } = fieldsOf(entry);
        return nameGlob(textOf(group) ?? "").matches("") && nameGlob(textOf(kind) ?? "").matches("Secret");
    });

export const projectRules: readonly Rule[] = [
    projectRule(
        {
            id: "FJ-GIT-009",
            title: "A project names the hosts of its repositories",
            severity: "high",
            why: "With * for a host anybody's repository can be deployed, and what it holds runs here.",
            mend: "List the repositories in sourceRepos of the AppProject; a * may stand for a repository, not for a host.",
            references: [argocd("user-guide/projects")],
        },
        (spec) =>
            entriesAt(spec, ["sourceRepos"]).flatMap(({ at: path, value }) => {
                const repository = textOf(value) ?? "";
                const open = !repository.startsWith("!") && /[*?[]/.test(hostOf(repository) || repository);
                return must(!open, ["spec", ...path], `is ${repository}, which leaves the host open`);
            }),
    ),
    projectRule(
        {
            id: "FJ-GIT-010",
            title: "A project reaches only namespaces of its own",
            severity: "critical",
            why: "Who writes to the namespaces of Kubernetes, Argo CD or Sealed Secrets owns the cluster and its keys.",
            mend: "Name the project's namespaces in destinations of the AppProject, or a prefix of them such as payment-*.",
            references: [argocd("user-guide/projects")],
        },
        (spec) => {
            const namespaces = destinations(spec, "namespace");
            const denied = namespaces.filter(({ pattern }) => pattern.startsWith("!")).map(({ pattern }) => pattern.slice(1));
            return [
                ...namespaces.filter(({ pattern }) => !pattern.startsWith("!")).flatMap((one) => reach(one, denied)),
                ...[...destinations(spec, "server"), ...destinations(spec, "name")]
                    .filter(({ pattern }) => !pattern.startsWith("!") && pattern.includes("*"))
                    .map(({ at: path, pattern }) => fault(path, `is ${pattern}, any cluster that Argo CD may ever know`)),
            ];
        },
    ),
    projectRule(
        {
            id: "FJ-GIT-011",
            title: "A project names the cluster-wide kinds that it may make",
            severity: "critical",
            why: "A ClusterRoleBinding or a webhook of an application's own gives it the whole cluster.",
            mend: "List group and kind in clusterResourceWhitelist of the AppProject without *; most need Namespace at the most.",
            references: [argocd("user-guide/projects")],
        },
        (spec) =>
            entriesAt(spec, ["clusterResourceWhitelist"]).flatMap(({ at: path, value }) => {
                const { group, kind } = fieldsOf(value);
                const name = `${textOf(group) ?? ""}/${textOf(kind) ?? ""}`;
                return must(!name.includes("*"), ["spec", ...path], `is ${name}`);
            }),
    ),
    projectRule(
        {
            id: "FJ-GIT-012",
            title: "A project refuses plain Secrets",
            severity: "medium",
            why: "A Secret that comes out of Git was readable in Git; only a SealedSecret is safe there.",
            mend: 'Add { group: "", kind: Secret } to namespaceResourceBlacklist of the AppProject.',
            references: [argocd("user-guide/projects")],
        },
        (spec) => {
            const allowed = spec["namespaceResourceWhitelist"];
            const refuses =
                namesSecret(listOf(spec["namespaceResourceBlacklist"])) || (Array.isArray(allowed) && !namesSecret(allowed));
            return must(refuses, ["spec", "namespaceResourceBlacklist"], "does not name Secret");
        },
    ),
    projectRule(
        {
            id: "FJ-GIT-013",
            title: "Argo CD's default project is locked",
            severity: "high",
            why: "It cannot be removed, and an application that forgets its project lands in it.",
            mend: "Give the AppProject default empty sourceRepos and destinations; what needs them gets a project of its own.",
            references: [argocd("user-guide/projects")],
        },
        (spec, name) =>
            name !== "default"
                ? notApplicable("is not the default project")
                : (["sourceRepos", "destinations"] as const).flatMap((field) =>
                      must(listOf(at(spec, [field])).length === 0, ["spec", field], "is not empty"),
                  ),
    ),
];
