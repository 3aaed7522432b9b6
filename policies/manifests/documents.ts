import { boolYaml11Tag, CORE_SCHEMA, intCoreTag, loadAll, mergeTag, YAMLException } from "js-yaml";
import { Problem } from "../problem";
import { KubernetesObject } from "../rules/core/subject";
import { Path } from "../rules/core/opaque";

/** A mapping as it comes from YAML or JSON. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Kubernetes reads numbers with a leading zero as octal: `defaultMode: 0644`. */
const octal = /^[-+]?0[0-7]+$/;
const intTag: typeof intCoreTag = {
    ...intCoreTag,
    resolve: (source, isExplicit, tagName) =>
        octal.test(source) ? parseInt(source, 8) : intCoreTag.resolve(source, isExplicit, tagName),
};

/** YAML as Kubernetes reads it: 1.1 for booleans (`yes`, `on`) and octal numbers, and with merge keys. */
const schema = CORE_SCHEMA.withTags(boolYaml11Tag, intTag, mergeTag);

/** More than the largest manifests that people write; a few lines of nested aliases can mean billions of values. */
const mostValues = 500_000;

/** A text that cannot be read. Quotes nothing of it but the parser's reason. */
export class UnreadableText extends Error {
    override readonly name = "UnreadableText";

    constructor(
        message: string,
        /** Of the text, from 1; absent where the parser names none. */
        readonly line?: number,
    ) {
        super(message);
    }
}

/** What is wrong with a text, and where, as an error says it. */
export const problemOf = (error: unknown, otherwise: string): Pick<Problem, "what" | "line"> =>
    error instanceof UnreadableText
        ? { what: error.message, ...(error.line !== undefined && { line: error.line }) }
        : { what: otherwise };

/** The documents of a YAML or JSON text, empty ones as null or undefined. */
export function parseDocuments(text: string): readonly unknown[] {
    let documents: unknown[];
    try {
        documents = loadAll(text, { schema });
    } catch (error) {
        const { reason, mark } = error instanceof YAMLException ? error : { reason: String(error), mark: undefined };
        throw new UnreadableText(`is no YAML: ${reason}`, mark && mark.line + 1);
    }
    // Only with an alias can a short text be a large value, or hold itself.
    if (text.includes("*")) {
        const sizes = new Map<object, number>();
        documents.forEach((document) => sizeOf(document, sizes));
    }
    return documents;
}

/** How many values it is when aliases are written out. */
function sizeOf(value: unknown, sizes: Map<object, number>): number {
    if (typeof value !== "object" || value === null) {
        return 1;
    }
    const known = sizes.get(value);
    if (known !== undefined) {
        return known;
    }
    // Seen again before its size is known, it is part of itself.
    sizes.set(value, Number.POSITIVE_INFINITY);
    const size = Object.values(value).reduce<number>((sum, part) => sum + sizeOf(part, sizes), 1);
    if (size > mostValues) {
        throw new UnreadableText("uses aliases (*) that make it too large to read, or part of itself");
    }
    sizes.set(value, size);
    return size;
}

/** Whether a text that cannot be read was meant as a manifest. */
export const looksLikeManifest = (text: string): boolean =>
    ["apiVersion", "kind"].every((key) => new RegExp(`(^|[\\s{,])["']?${key}["']?\\s*:`, "m").test(text));

/** An object in a text, and where. */
export interface FoundObject {
    readonly object: KubernetesObject;
    /** Which document of the text it is in, from 0. */
    readonly document: number;
    /** Where in the document: not empty in a list. */
    readonly at: Path;
}

/** What a document or an item of a list is. */
type Sorted = FoundObject | "nameless" | "no object";

/** The objects of a text, lists split as Argo CD splits them. */
export interface FoundObjects {
    readonly objects: readonly FoundObject[];
    /** Documents with a kind and metadata, but no name. */
    readonly nameless: readonly number[];
    /** How many documents are something else: values of Helm, files of a CI. */
    readonly ignored: number;
}

export function objectsIn(documents: readonly unknown[]): FoundObjects {
    const sorted = documents.flatMap((value, document) =>
        value === null || value === undefined ? [] : sortOut(value, document, []).map((what) => ({ what, document })),
    );
    return {
        objects: sorted.flatMap(({ what }) => (typeof what === "object" ? [what] : [])),
        nameless: sorted.flatMap(({ what, document }) => (what === "nameless" ? [document] : [])),
        ignored: sorted.filter(({ what }) => what === "no object").length,
    };
}

function sortOut(value: unknown, document: number, at: Path, defaults: Mapping = {}): readonly Sorted[] {
    if (!isMapping(value)) {
        return ["no object"];
    }
    const { apiVersion, kind, metadata } = { ...defaults, ...value };
    if (typeof apiVersion !== "string" || typeof kind !== "string") {
        return ["no object"];
    }
    const items = value["items"];
    if (kind.endsWith("List") && Array.isArray(items)) {
        // Items of a typed list need not repeat its kind.
        const inherited = kind === "List" ? {} : { apiVersion, kind: kind.replace(/List$/, "") };
        return items.flatMap((item, index) => sortOut(item, document, [...at, "items", index], inherited));
    }
    if (!isMapping(metadata)) {
        // Shaped alike, but for programs and not for the API: configuration of kubeadm, the kubelet, kubectl.
        return ["no object"];
    }
    const name = metadata["name"] || metadata["generateName"];
    if (typeof name !== "string" || name === "") {
        return ["nameless"];
    }
    return [{ object: { ...value, apiVersion, kind, metadata: { ...metadata, name } }, document, at }];
}
