import { fault, must, objectRule, relationRule } from "../core/define";
import { at, groupKind } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { KubernetesObject } from "../core/subject";
import { Surroundings } from "../core/surroundings";
import { addressGlob, nameGlob } from "../glob";
import { enforce, heldLevels } from "../pod-security";
import { Fields, fieldsOf, listOf, textOf } from "../values";
import { cis, podSecurity } from "../workloads/references";
import { applicationKinds, applicationRule, applicationSpec, argocd, inCluster, isTemplate, sourcesOf } from "./application";

/** Retries that outlast an outage of an hour at the stack's pauses (at most three minutes). */
const lastingRetries = 20;

/** Branches that a Git host protects by custom; which it really protects, only the host knows. */
const protectedBranch = /^(?:refs\/heads\/)?(?:HEAD|main|master|production|release[-/][\w./-]+)$/;
const tag = /^(?:refs\/tags\/[^*?[\]\s]+|v?\d+\.\d+(?:\.\d+)?(?:[-+][\w.+-]+)?)$/;
const commit = /^[0-9a-f]{7,64}$/;
/** A version of a chart, without a range. */
const version = /^v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

/** What is wrong with the revision of a source; undefined where it is pinned, or follows a protected branch. */
function looseRevision(source: Fields): string | undefined {
    const revision = textOf(source["targetRevision"]) ?? "";
    if (source["chart"] !== undefined) {
        return version.test(revision) ? undefined : `is ${revision || "left out"}, no exact version of a chart`;
    }
    if (revision === "" || protectedBranch.test(revision) || tag.test(revision) || commit.test(revision)) {
        return undefined;
    }
    return `is ${revision}, no commit, tag or protected branch`;
}

/** Which cluster a destination names; undefined for Argo CD's own. */
function elsewhere(destination: Fields): string | undefined {
    const server = textOf(destination["server"]) ?? "";
    const name = textOf(destination["name"]) ?? "";
    if (server !== "") {
        return server === inCluster.server ? undefined : server;
    }
    return name === inCluster.name ? undefined : name || "no cluster";
}

/** As Argo CD compares addresses: `ssh://git@host/path` and `git@host:path.git` are one. */
function sameForm(url: string): string {
    const lower = url.trim().toLowerCase();
    const slashed = /^[\w.-]+@[^:/]+:/.test(lower) ? lower.replace(":", "/") : lower;
    return slashed.replace(/\.git$/, "").replace(/^ssh:\/\//, "");
}

const projectOf = (name: string, surroundings: Surroundings): KubernetesObject | undefined =>
    surroundings.objects("argoproj.io/AppProject").find(({ metadata }) => metadata.name === name);

/** Whether a value matches one of the patterns and none that is denied (`!`). */
function permitted(patterns: readonly string[], allows: (pattern: string) => boolean): boolean {
    const denied = patterns.filter((pattern) => pattern.startsWith("!"));
    const allowed = patterns.filter((pattern) => !pattern.startsWith("!"));
    return allowed.some(allows) && !denied.some((pattern) => allows(pattern.slice(1)));
}

function allowsRepository(project: KubernetesObject, repository: string): boolean {
    const patterns = listOf(at(project, ["spec", "sourceRepos"])).flatMap((entry) => textOf(entry) ?? []);
    return permitted(patterns, (pattern) => pattern === "*" || addressGlob(sameForm(pattern)).matches(sameForm(repository)));
}

function allowsNamespace(project: KubernetesObject, namespace: string): boolean {
    const patterns = listOf(at(project, ["spec", "destinations"])).flatMap((entry) => textOf(fieldsOf(entry)["namespace"]) ?? []);
    return permitted(patterns, (pattern) => nameGlob(pattern).matches(namespace));
}

export const applicationRules: readonly Rule[] = [
    applicationRule(
        {
            id: "FJ-GIT-001",
            title: "An application belongs to a project of its own",
            severity: "high",
            why: "Argo CD's default project allows any repository, any namespace and any kind, so nothing bounds a mistake.",
            mend: "Name a project under fjord:applications[].project, or in spec.project of the Application.",
            references: [argocd("user-guide/projects")],
        },
        ({ at: where, spec }) => {
            const project = textOf(spec["project"]) ?? "";
            if (project === "" || project === "default") {
                return [fault([...where, "project"], "is Argo CD's default project")];
            }
            return must(!isTemplate(project), [...where, "project"], `is ${project}, which only a generator knows`);
        },
    ),
    applicationRule(
        {
            id: "FJ-GIT-002",
            title: "What is changed by hand is taken back by machine",
            severity: "high",
            why: "Without it the cluster drifts from Git, and a rebuilt region is not the one that was lost.",
            mend: "Set fjord:applications[].selfHeal: true, or syncPolicy.automated.selfHeal: true in the Application.",
            references: [argocd("user-guide/auto_sync")],
        },
        ({ at: where, spec }) => {
            const automated = at(spec, ["syncPolicy", "automated"]);
            const path = [...where, "syncPolicy", "automated"];
            if (automated === undefined || automated === null || fieldsOf(automated)["enabled"] === false) {
                return [fault(path, "is off: nothing is synced until somebody says so")];
            }
            return must(fieldsOf(automated)["selfHeal"] === true, [...path, "selfHeal"], "is not true");
        },
    ),
    applicationRule(
        {
            id: "FJ-GIT-003",
            title: "What left Git leaves the cluster",
            severity: "medium",
            why: "What is removed from Git and goes on running is known to nobody, and is missing after a rebuild.",
            mend: "Set fjord:applications[].prune: true, or syncPolicy.automated.prune: true in the Application.",
            references: [argocd("user-guide/auto_sync")],
        },
        ({ at: where, spec }) => {
            const automated = at(spec, ["syncPolicy", "automated"]);
            if (automated === undefined || automated === null) {
                return notApplicable("is not synced by itself, which is FJ-GIT-002");
            }
            return must(fieldsOf(automated)["prune"] === true, [...where, "syncPolicy", "automated", "prune"], "is not true");
        },
    ),
    applicationRule(
        {
            id: "FJ-GIT-004",
            title: "A sync that failed is tried until it works",
            severity: "low",
            why: "Argo CD's own five retries are over within minutes: a region that starts cold then waits for a person.",
            mend: `Set syncPolicy.retry.limit: -1 in the Application, or at least ${lastingRetries}.`,
            references: [argocd("user-guide/auto_sync")],
        },
        ({ at: where, spec }) => {
            const limit = at(spec, ["syncPolicy", "retry", "limit"]);
            const lasting = typeof limit === "number" && (limit < 0 || limit >= lastingRetries);
            return must(lasting, [...where, "syncPolicy", "retry", "limit"], `is ${textOf(limit) ?? "left out"}`);
        },
    ),
    objectRule(
        [...applicationKinds, "argoproj.io/AppProject"],
        {
            id: "FJ-GIT-005",
            title: "Argo CD writes only to the cluster that it runs in",
            severity: "high",
            why: "To write to another cluster it holds a credential to it: whoever owns one region then owns both.",
            mend: `Set destination.server: ${inCluster.server}, and run an Argo CD in each region.`,
            references: [{ of: "fjord", id: "README, Architecture" }],
        },
        (object) => {
            const { at: where, spec } = applicationSpec(object);
            if (groupKind(object) !== "argoproj.io/AppProject") {
                const other = elsewhere(fieldsOf(spec["destination"]));
                return must(other === undefined, [...where, "destination"], `is ${other}, not ${inCluster.server}`);
            }
            return listOf(spec["destinations"]).flatMap((entry, index) => {
                const other = elsewhere(fieldsOf(entry));
                // What is denied is no destination; a pattern is FJ-GIT-010.
                const named = other !== undefined && !/^!|\*/.test(other);
                return must(!named, [...where, "destinations", index], `is ${other}, not ${inCluster.server}`);
            });
        },
    ),
    applicationRule(
        {
            id: "FJ-GIT-007",
            title: "What is deployed is a commit, a tag or a protected branch",
            severity: "high",
            why: "To a branch that nobody protects anybody pushes without a review, and Argo CD deploys it in minutes.",
            mend: "Write HEAD, main, production, a tag or a commit as fjord:applications[].revision; of a chart, one version.",
            references: [argocd("user-guide/tracking_strategies")],
        },
        (application) =>
            sourcesOf(application).flatMap(({ at: where, source }) => {
                const wrong = looseRevision(source);
                return must(wrong === undefined, [...where, "targetRevision"], wrong ?? "");
            }),
    ),
    relationRule(
        applicationKinds,
        {
            id: "FJ-GIT-008",
            title: "An application takes and writes only what its project allows",
            severity: "medium",
            why: "Argo CD refuses it, so what was merged never arrives.",
            mend: "Add repository and namespace to sourceRepos and destinations of the AppProject, or correct the Application.",
            references: [argocd("user-guide/projects")],
        },
        (object, surroundings) => {
            const application = applicationSpec(object);
            const { at: where, spec } = application;
            const name = textOf(spec["project"]) ?? "default";
            const project = projectOf(name, surroundings);
            if (!project) {
                return notApplicable(`its project ${name} is not among what was read`);
            }
            const namespace = textOf(at(spec, ["destination", "namespace"])) ?? "";
            return [
                ...sourcesOf(application).flatMap(({ at: path, source }) => {
                    const repository = textOf(source["repoURL"]) ?? "";
                    const allowed = repository === "" || isTemplate(repository) || allowsRepository(project, repository);
                    return must(allowed, [...path, "repoURL"], `is ${repository}, which project ${name} does not allow`);
                }),
                ...must(
                    namespace === "" || isTemplate(namespace) || allowsNamespace(project, namespace),
                    [...where, "destination", "namespace"],
                    `is ${namespace}, which project ${name} does not allow`,
                ),
            ];
        },
    ),
    applicationRule(
        {
            id: "FJ-GIT-025",
            title: "A namespace that Argo CD makes holds its pods to a Pod Security Standard",
            severity: "medium",
            why: "Such a Namespace is in no path of Git, so nobody sees that it refuses no pod, whatever that asks for.",
            mend:
                `Set fjord:applications[].podSecurity, or the label ${enforce} in syncPolicy.managedNamespaceMetadata; ` +
                "where the Namespace lies in Git, leave CreateNamespace=true out.",
            references: [argocd("user-guide/sync-options"), cis("5.2.1"), podSecurity("Restricted")],
        },
        ({ at: where, spec }) => {
            if (!listOf(at(spec, ["syncPolicy", "syncOptions"])).includes("CreateNamespace=true")) {
                return notApplicable("makes no namespace");
            }
            const path = ["syncPolicy", "managedNamespaceMetadata", "labels", enforce];
            const level = textOf(at(spec, path));
            const message = level === undefined ? "is missing, so pods may ask for anything" : `is ${level}`;
            return must(level !== undefined && heldLevels.includes(level), [...where, ...path], message);
        },
    ),
];
