import { objectRule } from "../core/define";
import { Path } from "../core/opaque";
import { at, groupKind } from "../core/pods";
import { Answer, notApplicable, Rule, RuleText } from "../core/rule";
import { KubernetesObject } from "../core/subject";
import { Fields, fieldsOf, isFields, listOf } from "../values";

/** The cluster that Argo CD runs in, by the address and the name that it has from inside. */
export const inCluster = { server: "https://kubernetes.default.svc", name: "in-cluster" } as const;

export const applicationKinds = ["argoproj.io/Application", "argoproj.io/ApplicationSet"] as const;

/** What an Application says, or what an ApplicationSet says of each that it makes. */
export interface ApplicationSpec {
    readonly at: Path;
    readonly spec: Fields;
}

export function applicationSpec(object: KubernetesObject): ApplicationSpec {
    const path: Path = groupKind(object) === applicationKinds[1] ? ["spec", "template", "spec"] : ["spec"];
    return { at: path, spec: fieldsOf(at(object, path)) };
}

/** Where an application's manifests come from: its one source, each of its several, and what a hydrator starts from. */
export function sourcesOf({ at: where, spec }: ApplicationSpec): readonly { readonly at: Path; readonly source: Fields }[] {
    const one = (path: Path): { readonly at: Path; readonly source: Fields }[] => {
        const source = at(spec, path);
        return isFields(source) ? [{ at: [...where, ...path], source }] : [];
    };
    return [
        ...one(["source"]),
        ...listOf(spec["sources"]).map((source, index) => ({ at: [...where, "sources", index], source: fieldsOf(source) })),
        ...one(["sourceHydrator", "drySource"]),
    ];
}

/** A rule about Argo CD's applications, also those that a set makes. */
export function applicationRule(text: RuleText, check: (application: ApplicationSpec, object: KubernetesObject) => Answer): Rule {
    return objectRule(applicationKinds, text, (object) => check(applicationSpec(object), object));
}

/** A rule about one ConfigMap of Argo CD. */
export function settingsRule(name: string, text: RuleText, check: (data: Fields) => Answer): Rule {
    const rule = objectRule(["/ConfigMap"], text, ({ metadata, data }) =>
        metadata.name === name ? check(fieldsOf(data)) : notApplicable(`is not ${name}`),
    );
    return { ...rule, appliesTo: `ConfigMap ${name}` };
}

/** Text that a generator fills in: what it will be cannot be read. */
export const isTemplate = (value: string): boolean => value.includes("{{");

const documentation = "https://argo-cd.readthedocs.io/en/stable";

/** A page of Argo CD's documentation. */
export const argocd = (page: string) => ({ of: "upstream", id: `${documentation}/${page}/` }) as const;
