import * as fs from "node:fs";
import * as path from "node:path";
import { Problem } from "../problem";

/** The files of a folder that a reader looks at. Paths are relative to its root, with `/`. */
export interface Tree {
    /** Absolute, without symbolic links. */
    readonly root: string;
    /** YAML and JSON. */
    readonly files: readonly string[];
    /** Folders with a kustomization, and its file. */
    readonly kustomizations: ReadonlyMap<string, string>;
    /** Folders of charts, without those that another chart brings along in its `charts` folder. */
    readonly charts: readonly string[];
    readonly problems: readonly Problem[];
}

/** What kustomize calls its files. */
export const kustomizationNames: ReadonlySet<string> = new Set(["kustomization.yaml", "kustomization.yml", "Kustomization"]);

/** Not part of what a repository brings to a cluster, and large. */
const skipped: ReadonlySet<string> = new Set([".git", "node_modules"]);

/** `a/b` of the folder `a` and the name `b`; the root is the empty string. */
export const join = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

/** Whether a file lies below a folder. */
export const isBelow = (file: string, folder: string): boolean => folder === "" || file.startsWith(`${folder}/`);

/** How a folder is called in messages. */
export const shown = (folder: string): string => (folder === "" ? "." : folder);

/** Looks a folder through. Symbolic links are not followed: what they point to in the folder is read where it is. */
export function readTree(folder: string): Tree {
    const root = fs.realpathSync(folder);
    const files: string[] = [];
    const kustomizations = new Map<string, string>();
    const charts: string[] = [];
    const problems: Problem[] = [];
    const look = (directory: string, vendored: boolean): void => {
        const entries = fs.readdirSync(path.join(root, directory), { withFileTypes: true });
        const isChart = !vendored && entries.some((entry) => entry.isFile() && entry.name === "Chart.yaml");
        if (isChart) {
            charts.push(directory);
        }
        for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
            const file = join(directory, entry.name);
            if (entry.isSymbolicLink()) {
                problems.push(...strayLink(root, file));
            } else if (entry.isDirectory()) {
                if (!skipped.has(entry.name)) {
                    look(file, vendored || (isChart && entry.name === "charts"));
                }
            } else if (kustomizationNames.has(entry.name)) {
                kustomizations.set(directory, file);
            } else if (/\.(ya?ml|json)$/.test(entry.name)) {
                files.push(file);
            } else if (entry.name.endsWith(".jsonnet")) {
                problems.push({
                    file,
                    what: "is Jsonnet, which is not read",
                    mend: "Commit the manifests that it makes, as YAML or JSON.",
                });
            }
        }
    };
    look("", false);
    return { root, files, kustomizations, charts, problems };
}

/** A link out of the repository lets who can push read files of the machine that reviews it, or of Argo CD. */
function strayLink(root: string, file: string): readonly Problem[] {
    let target: string | undefined;
    try {
        target = fs.realpathSync(path.join(root, file));
    } catch {
        // Points to nothing.
    }
    if (target !== undefined && !path.relative(root, target).startsWith("..")) {
        return [];
    }
    return [
        {
            file,
            what: target === undefined ? "is a symbolic link to nothing" : "is a symbolic link out of the repository",
            mend: "Put the file itself there, or remove the link.",
        },
    ];
}
