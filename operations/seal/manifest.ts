import {
    boolYaml11Tag,
    CORE_SCHEMA,
    DEFAULT_SCALAR_STYLE_RULES,
    dump,
    load,
    loadAll,
    mergeTag,
    SCALAR_STYLE,
    ScalarStyleRule,
    YAML11_SCHEMA,
} from "js-yaml";

/** A mapping as it comes from YAML or JSON. */
export type Mapping = { readonly [key: string]: unknown };

/** Thrown for input that cannot be sealed. The message names keys and places, never a value. */
export class ManifestError extends Error {
    override readonly name = "ManifestError";
}

export function isMapping(value: unknown): value is Mapping {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Kubernetes reads YAML 1.1: `yes` and `on` are booleans, as values (then refused, put them in quotes) and as keys. */
const inputSchema = CORE_SCHEMA.withTags(boolYaml11Tag, mergeTag);

/**
 * The documents of a YAML or JSON text. What the parser says is kept back: it quotes the text, and the text is
 * secret.
 */
export function parseManifests(text: string): Mapping[] {
    let documents: unknown[];
    try {
        documents = loadAll(text, { schema: inputSchema });
    } catch (error) {
        const line = (error as { readonly mark?: { readonly line: number } }).mark?.line;
        throw new ManifestError(
            `the input is neither YAML nor JSON${line === undefined ? "" : `, near line ${line + 1}`}`,
        );
    }
    return documents
        .filter((document) => document !== null && document !== undefined)
        .map((document, index) => {
            if (!isMapping(document)) {
                throw new ManifestError(`document ${index + 1} of the input is not a manifest`);
            }
            return document;
        });
}

function sorted(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(sorted);
    }
    return isMapping(value)
        ? Object.fromEntries(
              Object.entries(value)
                  .sort(([a], [b]) => (a < b ? -1 : 1))
                  .map(([key, item]) => [key, sorted(item)]),
          )
        : value;
}

/**
 * Go's YAML has double quotes around texts that would otherwise be of another kind, and single ones where they
 * suffice.
 */
const doubleQuoteOtherKinds: ScalarStyleRule = (layout) => {
    const isText = layout.node.tag === layout.presenterOptions.schema.defaultScalarTag.tagName;
    if (isText && layout.style === SCALAR_STYLE.PLAIN && !isPlainText(layout.node.value)) {
        layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
    }
};

function isPlainText(value: string): boolean {
    try {
        const meant = value === "" ? null : load(value, { schema: YAML11_SCHEMA });
        return typeof meant === "string" || (typeof meant === "object" && meant !== null && !(meant instanceof Date));
    } catch {
        return true;
    }
}

const yamlStyle = {
    lineWidth: -1,
    noRefs: true,
    seqNoIndent: true,
    scalarStyleRules: [doubleQuoteOtherKinds, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)],
} as const;

/** Go's JSON escapes these, so that JSON may stand in HTML. */
const htmlEscapes = /[<>&\u2028\u2029]/g;

/** A manifest as kubeseal prints it: YAML with sorted keys after a `---`, or JSON with two spaces. */
export function formatManifest(manifest: object, format: "yaml" | "json"): string {
    if (format === "json") {
        const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
        return `${JSON.stringify(manifest, undefined, 2).replace(htmlEscapes, escape)}\n`;
    }
    return `---\n${dump(sorted(manifest), yamlStyle)}`;
}
