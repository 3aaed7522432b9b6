import * as fs from "node:fs";
import * as path from "node:path";
import { Problem } from "../problem";
import { Path } from "../rules/core/opaque";
import { KubernetesObject, objectId, ObjectSubject } from "../rules/core/subject";
import { entriesAt, fieldsOf } from "../rules/values";
import { isMapping, Mapping, objectsIn, parseDocuments, problemOf, UnreadableText } from "./documents";
import { lineOf } from "./places";
import { Sources } from "./sources";
import { runTool, withoutPaths } from "./tools";
import { isBelow, join, shown, Tree } from "./tree";

/** A chart that lies in the repository. */
export interface Chart {
    readonly folder: string;
    readonly name: string;
    /** The chart's own description as an object, so that rules can look at what it depends on. */
    readonly subject: ObjectSubject;
    /** Without the default one, which always counts: one rendering for each. */
    readonly valueFiles: readonly string[];
    /** A chart of helpers for other charts, which makes nothing by itself. */
    readonly isLibrary: boolean;
    readonly problems: readonly Problem[];
}

/** The charts of a tree. */
export function readCharts(tree: Tree): { readonly charts: readonly Chart[]; readonly problems: readonly Problem[] } {
    const charts: Chart[] = [];
    const problems: Problem[] = [];
    for (const folder of tree.charts) {
        const file = join(folder, "Chart.yaml");
        try {
            const text = fs.readFileSync(path.join(tree.root, file), "utf8");
            const content = parseDocuments(text).find(isMapping);
            if (typeof content?.["name"] !== "string") {
                throw new UnreadableText("has no name");
            }
            charts.push(chart(tree, folder, file, text, content, content["name"]));
        } catch (error) {
            const mend = "Mend the file: the manifests that the chart makes were not judged.";
            problems.push({ file, ...problemOf(error, "cannot be read"), mend });
        }
    }
    return { charts, problems };
}

function chart(tree: Tree, folder: string, file: string, text: string, content: Mapping, name: string): Chart {
    const apiVersion = typeof content["apiVersion"] === "string" ? content["apiVersion"] : "v2";
    const object: KubernetesObject = { ...content, apiVersion, kind: "Chart", metadata: { name } };
    const subject: ObjectSubject = {
        kind: "object",
        source: "git",
        id: objectId(object),
        object,
        locate: (part) => ({ file, line: lineOf(text, 0, part[0] === "metadata" ? part.slice(1) : part) }),
    };
    return {
        folder,
        name,
        subject,
        valueFiles: tree.files.filter((one) => isBelow(one, folder) && /^values-[^/]+\.ya?ml$/.test(below(one, folder))),
        isLibrary: content["type"] === "library",
        problems: missingDependencies(tree, folder, file, text, content),
    };
}

/** The rest of a path below a folder. */
const below = (file: string, folder: string): string => (folder === "" ? file : file.slice(folder.length + 1));

function missingDependencies(tree: Tree, folder: string, file: string, text: string, content: Mapping): readonly Problem[] {
    const vendored = path.join(tree.root, folder, "charts");
    const there = fs.existsSync(vendored) ? fs.readdirSync(vendored) : [];
    return entriesAt(content, ["dependencies"])
        .map(({ at, value }) => ({ at, name: fieldsOf(value)["name"] }))
        .filter((one): one is { readonly at: Path; readonly name: string } => typeof one.name === "string")
        .filter(({ name }) => !there.some((entry) => entry === name || (entry.startsWith(`${name}-`) && entry.endsWith(".tgz"))))
        .map(({ at, name }) => ({
            file,
            line: lineOf(text, 0, at),
            what: `depends on ${name}, which is not in ${join(folder, "charts")}`,
            mend: `Commit its dependencies (helm dependency build ${shown(folder)}): nothing is ever fetched.`,
        }));
}

/** Templates, which are rendered, and what Helm reads itself. */
const chartFiles = /^((templates|crds|charts)\/|(Chart|values[^/]*)\.ya?ml$|values\.schema\.json$)/;

/** Whether a file in a chart's folder is no manifest of its own. */
export const isPartOfChart = (file: string, charts: readonly string[]): boolean =>
    charts.some((folder) => isBelow(file, folder) && chartFiles.test(below(file, folder)));

/** What making manifests of something gave. */
interface Rendered {
    readonly subjects: readonly ObjectSubject[];
    readonly problems: readonly Problem[];
}

/** A library makes nothing, and without its dependencies a chart cannot be rendered: that is told already. */
export const isRenderable = ({ isLibrary, problems }: Chart): boolean => !isLibrary && problems.length === 0;

/** The namespace of the release, while it is rendered: which one it will be, only whoever applies it says. */
const releaseNamespace = "release-namespace";

/** The object without that name wherever it only says the namespace that a part is in, as if nothing was written. */
function withoutReleaseNamespace<T>(value: T): T {
    if (Array.isArray(value)) {
        // The same kind of value again: only keys are left out.
        return value.map((entry: unknown) => withoutReleaseNamespace(entry)) as T;
    }
    if (!isMapping(value)) {
        return value;
    }
    const kept = Object.entries(value).filter(([key, part]) => key !== "namespace" || part !== releaseNamespace);
    return Object.fromEntries(kept.map(([key, part]) => [key, withoutReleaseNamespace(part)])) as T;
}

/** Renders a chart with the real helm: with its own values, and with each further file of values. */
export async function render(
    one: Chart,
    { tree, sources, binary, scratch }: { tree: Tree; sources: Sources; binary: string; scratch: string },
): Promise<Rendered> {
    const subjects = new Map<string, ObjectSubject>();
    const problems: Problem[] = [];
    for (const values of [undefined, ...one.valueFiles]) {
        const chosen = values === undefined ? [] : ["--values", path.join(tree.root, values)];
        const args = ["template", one.name, path.join(tree.root, one.folder), "--namespace", releaseNamespace, "--include-crds"];
        const printed = await runTool(binary, [...args, ...chosen], scratch);
        const file = values ?? join(one.folder, "Chart.yaml");
        if ("failure" in printed) {
            const what = `cannot be rendered: ${withoutPaths(printed.failure, tree.root, scratch)}`;
            problems.push({ file, what, mend: `See \`helm template ${shown(one.folder)}\`.` });
            continue;
        }
        try {
            for (const subject of rendered(printed.output, one, sources)) {
                // Most objects are the same with all values, and are judged once.
                subjects.set(JSON.stringify(subject.object), subject);
            }
        } catch (error) {
            if (!(error instanceof UnreadableText)) {
                throw error;
            }
            problems.push({ file, what: `renders what ${error.message}`, mend: `See \`helm template ${shown(one.folder)}\`.` });
        }
    }
    return { subjects: [...subjects.values()], problems };
}

/** The objects that helm printed: before each document it names the template. */
function rendered(output: string, { folder, name }: Chart, sources: Sources): readonly ObjectSubject[] {
    return output.split(/^---[ \t]*$/m).flatMap((text) => {
        const [, source = ""] = /^# Source: (.+)$/m.exec(text) ?? [];
        const isNamed = source.startsWith(`${name}/`) && !source.split("/").includes("..");
        const file = join(folder, isNamed ? source.slice(name.length + 1) : "Chart.yaml");
        return objectsIn(parseDocuments(text)).objects.map((one): ObjectSubject => {
            const object = withoutReleaseNamespace(one.object);
            return {
                kind: "object",
                source: "git",
                id: objectId(object),
                object,
                locate: (part) => sources.locate(object, part, file),
            };
        });
    });
}
