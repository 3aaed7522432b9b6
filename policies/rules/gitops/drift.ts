import { anyObjectRule, fault, must, objectRule } from "../core/define";
import { at, groupKind } from "../core/pods";
import { Fault, Rule } from "../core/rule";
import { KubernetesObject } from "../core/subject";
import { entriesAt, fieldsOf, listOf, textOf } from "../values";
import { applicationKinds, applicationSpec, argocd, sourcesOf } from "./application";

const syncOptionsKey = "argocd.argoproj.io/sync-options";

/** Options that go around what the API would refuse, or take away and make anew what only had to change. */
const roughOption = /^(?:Replace=true|Force=true|Validate=false)$/;

/** A Job cannot be changed, only made anew: Argo CD's own way for it is Force and Replace. */
const mayBeMadeAnew = (option: string, kind: string): boolean => kind === "Job" && option !== "Validate=false";

function optionsOf(object: KubernetesObject): readonly Fault[] {
    const written = textOf(fieldsOf(object.metadata.annotations)[syncOptionsKey]) ?? "";
    return written
        .split(",")
        .map((option) => option.trim())
        .filter((option) => roughOption.test(option) && !mayBeMadeAnew(option, object.kind))
        .map((option) => fault(["metadata", "annotations", syncOptionsKey], `holds ${option}`));
}

const isApplication = (object: KubernetesObject): boolean => (applicationKinds as readonly string[]).includes(groupKind(object));

const isSet = (object: KubernetesObject): boolean => groupKind(object) === applicationKinds[1];

const ignoredInAll = /^resource\.customizations\.ignoreDifferences\./;

/** How Argo CD lets manifests be made by something that is not in Git. */
const looseBuild = ["--enable-exec", "--enable-alpha-plugins", "LoadRestrictionsNone"] as const;

export const driftRules: readonly Rule[] = [
    anyObjectRule(
        {
            id: "FJ-GIT-014",
            title: "A sync changes things in place, and the API checks them",
            severity: "medium",
            why: "Replace and Force take a running thing away to change it; without validation a misspelt field is lost.",
            mend: "Leave Replace=true, Force=true and Validate=false out of the sync options; a Job may have the first two.",
            references: [argocd("user-guide/sync-options")],
        },
        (object) => {
            const own = optionsOf(object);
            if (!isApplication(object)) {
                return own;
            }
            const { at: where, spec } = applicationSpec(object);
            const options = entriesAt(spec, ["syncPolicy", "syncOptions"]);
            return [
                ...own,
                ...options.flatMap(({ at: path, value }) =>
                    must(!roughOption.test(textOf(value) ?? ""), [...where, ...path], `is ${textOf(value)}`),
                ),
            ];
        },
    ),
    objectRule(
        [...applicationKinds, "/ConfigMap"],
        {
            id: "FJ-GIT-015",
            title: "Argo CD looks at every field",
            severity: "medium",
            why: "A field that it ignores may be changed by hand and stays so: that is drift which nobody sees.",
            mend: "Take ignoreDifferences out, and the field out of the manifest where something else sets it.",
            references: [argocd("user-guide/diffing")],
        },
        (object) => {
            if (!isApplication(object)) {
                const keys = object.metadata.name === "argocd-cm" ? Object.keys(fieldsOf(object["data"])) : [];
                return keys
                    .filter((key) => ignoredInAll.test(key) && textOf(at(object, ["data", key])) !== "")
                    .map((key) => fault(["data", key], "ignores fields in every application"));
            }
            const { at: where, spec } = applicationSpec(object);
            return [
                ...must(
                    listOf(spec["ignoreDifferences"]).length === 0,
                    [...where, "ignoreDifferences"],
                    "names fields that Argo CD does not look at",
                ),
                ...must(
                    !isSet(object) || listOf(at(object, ["spec", "ignoreApplicationDifferences"])).length === 0,
                    ["spec", "ignoreApplicationDifferences"],
                    "names fields of the applications that may differ",
                ),
            ];
        },
    ),
    objectRule(
        [...applicationKinds, "/ConfigMap"],
        {
            id: "FJ-GIT-020",
            title: "Only Kustomize and Helm make manifests, and only from Git",
            severity: "medium",
            why: "A plugin runs a program beside Argo CD's keys, and what it makes is not what was reviewed.",
            mend: "Take source.plugin out of the Application, and such options out of kustomize.buildOptions.",
            references: [argocd("operator-manual/config-management-plugins")],
        },
        (object) => {
            if (isApplication(object)) {
                return sourcesOf(applicationSpec(object)).flatMap(({ at: where, source }) =>
                    must(source["plugin"] === undefined, [...where, "plugin"], "is made by a plugin"),
                );
            }
            const data = fieldsOf(object["data"]);
            const keys = object.metadata.name === "argocd-cm" ? Object.keys(data) : [];
            return keys
                .filter((key) => /^kustomize\.buildOptions/.test(key))
                .flatMap((key) => {
                    const found = looseBuild.find((option) => (textOf(data[key]) ?? "").includes(option));
                    return must(found === undefined, ["data", key], `holds ${found}`);
                });
        },
    ),
    objectRule(
        applicationKinds,
        {
            id: "FJ-GIT-022",
            title: "What runs outlives the Application that brought it",
            severity: "medium",
            why: "With Argo CD's finalizer whoever removes an Application, or moves it, removes all that runs.",
            mend: "Take Argo CD's finalizer out of the Application; set preserveResourcesOnDeletion: true in a set.",
            references: [argocd("user-guide/app_deletion"), argocd("operator-manual/applicationset/Application-Deletion")],
        },
        (object) => {
            const finalizers = entriesAt(object, ["metadata", "finalizers"]).flatMap(({ at: path, value }) =>
                must(!(textOf(value) ?? "").startsWith("resources-finalizer.argocd.argoproj.io"), path, "removes what runs"),
            );
            const preserves = ["spec", "syncPolicy", "preserveResourcesOnDeletion"];
            return [...finalizers, ...must(!isSet(object) || at(object, preserves) === true, preserves, "is not true")];
        },
    ),
];
