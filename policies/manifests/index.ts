import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Problem } from "../problem";
import { objectId, ObjectSubject } from "../rules/core/subject";
import { looksLikeManifest, objectsIn, parseDocuments, problemOf } from "./documents";
import { isPartOfChart, isRenderable, readCharts, render } from "./helm";
import { build, Kustomization, readKustomizations, tops } from "./kustomize";
import { lineOf } from "./places";
import { Sources } from "./sources";
import { findTool, Tool } from "./tools";
import { readTree, shown, Tree } from "./tree";

/** What a folder of manifests holds. */
export interface ManifestReading {
    readonly subjects: readonly ObjectSubject[];
    readonly problems: readonly Problem[];
    /** Documents that are no Kubernetes objects: values of Helm, files of a CI. */
    readonly ignored: number;
}

export interface ManifestOptions {
    /**
     * Folders, relative to the root, whose kustomizations are built: what Argo CD's applications name. Default: each
     * that no other kustomization of the folder uses.
     */
    readonly kustomizations?: readonly string[];
    /** Where kustomize and helm are looked for: FJORD_TOOLCHAIN and PATH. Default: that of the process. */
    readonly env?: NodeJS.ProcessEnv;
}

/** Larger files are data. */
const largestFile = 16 * 2 ** 20;

/**
 * Reads everything that Argo CD would apply from a folder: plain manifests, what kustomize builds and what helm renders.
 * Nothing is fetched, and nothing of the folder is run.
 */
export async function readManifests(folder: string, options: ManifestOptions = {}): Promise<ManifestReading> {
    const { kustomizations: named, env } = options;
    const tree = readTree(folder);
    const { kustomizations, problems: brokenKustomizations } = readKustomizations(tree);
    const { charts, problems: brokenCharts } = readCharts(tree);
    const members = new Set(kustomizations.flatMap((one) => one.members));
    const plain = tree.files
        .filter((file) => !members.has(file) && !isPartOfChart(file, tree.charts))
        .map((file) => readFile(tree, file));
    const readings: Reading[] = [
        ...plain,
        { subjects: [...kustomizations, ...charts].map(({ subject }) => subject), problems: tree.problems },
        { subjects: [], problems: [...brokenKustomizations, ...brokenCharts] },
        { subjects: [], problems: [...kustomizations, ...charts].flatMap(({ problems }) => problems) },
    ];
    const { wanted, problems: unknownFolders } = chosen(kustomizations, named);
    readings.push({ subjects: [], problems: unknownFolders });
    const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "fjord-manifests-")));
    try {
        const place = { tree, sources: new Sources(tree.root), scratch };
        readings.push(
            ...(await withTool("kustomize", wanted, env, (one, binary) => build(one, kustomizations, { ...place, binary }))),
            ...(await withTool("helm", charts.filter(isRenderable), env, (one, binary) => render(one, { ...place, binary }))),
        );
    } finally {
        fs.rmSync(scratch, { recursive: true, force: true });
    }
    return {
        subjects: readings.flatMap(({ subjects }) => subjects),
        problems: readings.flatMap(({ problems }) => problems),
        ignored: readings.reduce((sum, { ignored = 0 }) => sum + ignored, 0),
    };
}

/** What one source gave. */
interface Reading {
    readonly subjects: readonly ObjectSubject[];
    readonly problems: readonly Problem[];
    readonly ignored?: number;
}

function chosen(
    all: readonly Kustomization[],
    named: readonly string[] | undefined,
): { readonly wanted: readonly Kustomization[]; readonly problems: readonly Problem[] } {
    if (named === undefined) {
        return { wanted: tops(all), problems: [] };
    }
    const folders = named.map((folder) => path.posix.normalize(folder).replace(/\/$/, "").replace(/^\.$/, ""));
    return {
        wanted: all.filter(({ folder }) => folders.includes(folder)),
        problems: folders
            .filter((folder) => !all.some((one) => one.folder === folder))
            .map((folder) => ({
                file: shown(folder),
                what: "has no kustomization that can be read",
                mend: "Name a folder with a kustomization.yaml, relative to the repository's root.",
            })),
    };
}

/** Has a program make the manifests of each, one after the other; without the program that is one problem. */
async function withTool<T extends { readonly folder: string }>(
    tool: Tool,
    wanted: readonly T[],
    env: NodeJS.ProcessEnv | undefined,
    make: (one: T, binary: string) => Promise<Reading>,
): Promise<readonly Reading[]> {
    const [first] = wanted;
    if (first === undefined) {
        return [];
    }
    const binary = findTool(tool, env);
    if (binary === undefined) {
        const problem: Problem = {
            file: shown(first.folder),
            what: `needs ${tool}, which is neither in FJORD_TOOLCHAIN nor on PATH`,
            mend: "Run `npm run toolchain` and set FJORD_TOOLCHAIN to the folder that it prints, or install the program.",
        };
        return [{ subjects: [], problems: [problem] }];
    }
    const readings: Reading[] = [];
    for (const one of wanted) {
        readings.push(await make(one, binary));
    }
    return readings;
}

function readFile(tree: Tree, file: string): Reading {
    const unreadable = (what: string): Reading => ({
        subjects: [],
        problems: [{ file, what, mend: "Mend the file: what is in it was not judged." }],
    });
    try {
        const absolute = path.join(tree.root, file);
        if (fs.statSync(absolute).size > largestFile) {
            return unreadable(`is larger than ${largestFile / 2 ** 20} MiB`);
        }
        return readText(fs.readFileSync(absolute, "utf8"), file);
    } catch (error) {
        return unreadable(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`);
    }
}

/** The objects in one text of plain YAML or JSON. */
export function readText(text: string, file: string): Required<Reading> {
    let documents: readonly unknown[];
    try {
        documents = file.endsWith(".json") ? [JSON.parse(text)] : parseDocuments(text);
    } catch (error) {
        if (!looksLikeManifest(text)) {
            return { subjects: [], problems: [], ignored: 1 };
        }
        const problem = { file, ...problemOf(error, "is no JSON"), mend: "Mend the file: what is in it was not judged." };
        return { subjects: [], problems: [problem], ignored: 0 };
    }
    const { objects, nameless, ignored } = objectsIn(documents);
    return {
        subjects: objects.map(({ object, document, at }) => ({
            kind: "object",
            source: "git",
            id: objectId(object),
            object,
            locate: (part) => ({ file, line: lineOf(text, document, [...at, ...part]) }),
        })),
        problems: nameless.map((document) => ({
            file,
            line: lineOf(text, document, ["metadata"]),
            what: "has no metadata.name",
            mend: "Name the object: without a name it was not judged.",
        })),
        ignored,
    };
}
