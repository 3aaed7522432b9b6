import * as fs from "node:fs";
import * as path from "node:path";
import { Problem } from "../problem";
import { Path } from "../rules/core/opaque";
import { at } from "../rules/core/pods";
import { KubernetesObject, objectId, ObjectSubject, Place } from "../rules/core/subject";
import { entriesAt, listOf } from "../rules/values";
import { isMapping, Mapping, objectsIn, parseDocuments, problemOf } from "./documents";
import { lineOf } from "./places";
import { Sources } from "./sources";
import { runTool, withoutPaths } from "./tools";
import { join, kustomizationNames, shown, Tree } from "./tree";

/** A kustomization, and what it refers to in the repository. */
export interface Kustomization {
    /** The folder it is for. */
    readonly folder: string;
    readonly file: string;
    readonly subject: ObjectSubject;
    /** Files that it uses: they are no manifests of their own. */
    readonly members: readonly string[];
    /** Folders of other kustomizations that it uses. */
    readonly bases: readonly string[];
    /** Why it is not built; each is there once. */
    readonly problems: readonly Problem[];
}

/** The fields whose entries are files or folders of other kustomizations. */
const resourceFields = ["resources", "bases", "components", "generators", "transformers", "validators"];
/** The fields whose entries are files. */
const fileFields = ["crds", "configurations", "patchesStrategicMerge"];
/** The fields whose entries have a `path`. */
const pathFields = ["patches", "patchesJson6902", "replacements"];
const generatorFields = ["configMapGenerator", "secretGenerator"];

const isText = (value: unknown): value is string => typeof value === "string";

/** Something in a kustomization that kustomize would open, as written. */
interface Reference {
    readonly at: Path;
    readonly entry: string;
}

function references(content: Mapping): readonly Reference[] {
    const entries = (fields: readonly string[]) => fields.flatMap((field) => entriesAt(content, [field]));
    const below = (where: Path, ...path: Path) => ({ at: [...where, ...path], value: at(content, [...where, ...path]) });
    const generated = entries(generatorFields).flatMap(({ at: where }) => [
        ...entriesAt(content, [...where, "files"]).map(({ at: file, value }) => ({
            at: file,
            // Written `key=file` or `file`.
            value: isText(value) ? value.slice(value.indexOf("=") + 1) : value,
        })),
        ...entriesAt(content, [...where, "envs"]),
        below(where, "env"),
    ]);
    const found = [
        ...entries([...resourceFields, ...fileFields]),
        ...entries(pathFields).map(({ at: where }) => below(where, "path")),
        ...generated,
        below(["openapi"], "path"),
    ];
    return found.flatMap(({ at: where, value }) =>
        // Text with several lines is a patch or a resource that stands there itself.
        isText(value) && value !== "" && !value.includes("\n") ? [{ at: where, entry: value }] : [],
    );
}

/** A URL, or a host with a repository as Git and kustomize write it. */
const isRemote = (entry: string): boolean => /^([a-z][a-z0-9+.-]*:\/\/|git::|[\w.-]+@[\w.-]+:)|[?&](ref|version)=/i.test(entry);

/** The kustomizations that could be read, and problems with those that could not. */
interface Kustomizations {
    readonly kustomizations: readonly Kustomization[];
    readonly problems: readonly Problem[];
}

/** Reads every kustomization of a tree, and what each refers to. */
export function readKustomizations(tree: Tree): Kustomizations {
    const kustomizations: Kustomization[] = [];
    const problems: Problem[] = [];
    for (const [folder, file] of tree.kustomizations) {
        try {
            const text = fs.readFileSync(path.join(tree.root, file), "utf8");
            const content = parseDocuments(text).find(isMapping) ?? {};
            kustomizations.push(kustomization(tree, folder, file, text, content));
        } catch (error) {
            const mend = "Mend the file: the manifests that it makes were not judged.";
            problems.push({ file, ...problemOf(error, "cannot be read"), mend });
        }
    }
    return { kustomizations, problems };
}

function kustomization(tree: Tree, folder: string, file: string, text: string, content: Mapping): Kustomization {
    const members: string[] = [];
    const bases: string[] = [];
    const problems: Problem[] = [];
    const known = new Set(tree.files);
    for (const { at: where, entry } of references(content)) {
        const missing = (named: string, why: string, mend: string) =>
            problems.push({ file, line: lineOf(text, 0, where), what: `uses ${named}, which is ${why}`, mend });
        if (isRemote(entry)) {
            missing(
                withoutCredentials(entry),
                "not in this repository",
                "Commit a copy of it (kustomize build ... > file) and refer to that.",
            );
            continue;
        }
        const target = path.posix.normalize(join(folder, entry)).replace(/^\.(\/|$)/, "").replace(/\/$/, "");
        const isThere = !path.isAbsolute(entry) && !target.startsWith("..") && fs.existsSync(path.join(tree.root, target));
        if (!isThere) {
            missing(entry, "not there", "Correct the path; what is not in this repository is never fetched.");
        } else if (tree.kustomizations.has(target)) {
            bases.push(target);
        } else if (known.has(target)) {
            members.push(target);
        }
    }
    const metadata = isMapping(content["metadata"]) ? content["metadata"] : {};
    const object: KubernetesObject = {
        ...content,
        apiVersion: isText(content["apiVersion"]) ? content["apiVersion"] : "kustomize.config.k8s.io/v1beta1",
        kind: isText(content["kind"]) ? content["kind"] : "Kustomization",
        metadata: { ...metadata, name: shown(folder) },
    };
    const subject: ObjectSubject = {
        kind: "object",
        source: "git",
        id: objectId(object),
        object,
        locate: (part) => ({ file, line: lineOf(text, 0, part) }),
    };
    return { folder, file, subject, members, bases, problems };
}

/** Git URLs may hold a token. */
const withoutCredentials = (url: string): string => url.replace(/\/\/[^/@]*@/, "//");

/** Those that no other one uses: what is deployed. A component is only ever a part of another one. */
export function tops(kustomizations: readonly Kustomization[]): readonly Kustomization[] {
    const used = new Set(kustomizations.flatMap(({ bases }) => bases));
    return kustomizations.filter(({ folder, subject }) => !used.has(folder) && subject.object.kind !== "Component");
}

/** Everything that a kustomization is built from, itself first. */
function parts(top: Kustomization, all: readonly Kustomization[]): readonly Kustomization[] {
    const found = new Set([top]);
    for (const one of found) {
        all.filter(({ folder }) => one.bases.includes(folder)).forEach((base) => found.add(base));
    }
    return [...found];
}

/** The annotation in which kustomize tells where an object is from. */
const originAnnotation = "config.kubernetes.io/origin";

/** What building a kustomization gave. */
interface Built {
    readonly subjects: readonly ObjectSubject[];
    readonly problems: readonly Problem[];
}

/** Builds one with the real kustomize, unless a part of it is not in the repository. */
export async function build(
    top: Kustomization,
    all: readonly Kustomization[],
    { tree, sources, binary, scratch }: { tree: Tree; sources: Sources; binary: string; scratch: string },
): Promise<Built> {
    const used = parts(top, all);
    if (used.some(({ problems }) => problems.length > 0)) {
        // Those are told already, once each.
        return { subjects: [], problems: [] };
    }
    // One more kustomization around it asks for origins, also of what its bases bring: the repository is not touched.
    const folder = fs.mkdtempSync(path.join(scratch, "build-"));
    const target = path.relative(folder, path.join(tree.root, top.folder)).split(path.sep).join("/");
    const own = listOf(top.subject.object["buildMetadata"]).filter(isText);
    const wrapper = { buildMetadata: [...new Set([...own, "originAnnotations"])], resources: [target] };
    fs.writeFileSync(path.join(folder, "kustomization.yaml"), JSON.stringify(wrapper));
    const printed = await runTool(binary, ["build", folder], scratch);
    if ("failure" in printed) {
        const what = `cannot be built: ${withoutPaths(printed.failure, tree.root, folder)}`;
        return { subjects: [], problems: [{ file: top.file, what, mend: `See \`kustomize build ${shown(top.folder)}\`.` }] };
    }
    const { objects } = objectsIn(parseDocuments(printed.output));
    return {
        subjects: objects.map(({ object }): ObjectSubject => {
            const { clean, origin } = takeOrigin(object);
            const file = origin === undefined ? undefined : inTree(path.resolve(folder, origin), tree.root);
            return {
                kind: "object",
                source: "git",
                id: objectId(clean),
                object: clean,
                locate: (part) => locate(clean, part, file ?? top.file, top, sources),
            };
        }),
        problems: [],
    };
}

/** The object without the annotation that was asked for, and the path in that. */
function takeOrigin(object: KubernetesObject): { readonly clean: KubernetesObject; readonly origin?: string } {
    const { [originAnnotation]: written, ...annotations } = object.metadata.annotations ?? {};
    if (written === undefined) {
        return { clean: object };
    }
    const left = Object.keys(annotations).length === 0 ? undefined : annotations;
    const { annotations: _written, ...metadata } = object.metadata;
    const clean = { ...object, metadata: left ? { ...metadata, annotations: left } : metadata };
    const [, origin] = /^(?:path|configuredIn): (.+)$/m.exec(written) ?? [];
    return { clean, origin };
}

/** A path of this machine as one of the tree; undefined where it is none. */
function inTree(absolute: string, root: string): string | undefined {
    const relative = path.relative(root, absolute).split(path.sep).join("/");
    return relative.startsWith("..") || path.isAbsolute(relative) ? undefined : relative;
}

function locate(object: KubernetesObject, part: Path, file: string, top: Kustomization, sources: Sources): Place {
    if (!kustomizationNames.has(path.posix.basename(file))) {
        return sources.locate(object, part, file, top.file);
    }
    // Made by a generator in that file: its entry there, by the name that the object's begins with or holds.
    const text = sources.text(file);
    const field = object.kind === "Secret" ? "secretGenerator" : "configMapGenerator";
    const content = text === undefined ? undefined : parseDocuments(text).find(isMapping);
    const entry = listOf(content?.[field]).findIndex(
        (one) => isMapping(one) && isText(one["name"]) && object.metadata.name.includes(one["name"]),
    );
    return { file, line: text === undefined ? 1 : lineOf(text, 0, entry < 0 ? [field] : [field, entry]) };
}
