import { z } from "zod";
import { suggest } from "./suggestion";
import { Problem } from "./types";

/** A place in a stack's configuration, below `fjord:`. */
export type Path = readonly PropertyKey[];

/** `fjord:machines[2].address` */
export function formatPath(path: Path): string {
    return path.reduce<string>((text, key, index) => {
        if (typeof key === "number") {
            return `${text}[${key}]`;
        }
        const plain = /^[\w-]+$/.test(String(key));
        return plain ? `${text}${index === 0 ? "" : "."}${String(key)}` : `${text}["${String(key)}"]`;
    }, "fjord:");
}

/** Fields whose value never shows, whatever is wrong with it. */
const secretFields = new Set<PropertyKey>(["privateKey"]);

/** A value as messages quote it: short, and never a secret. `hidden` are top-level fields that hold one. */
export function shown(value: unknown, path: Path = [], hidden: ReadonlySet<string> = new Set()): string {
    const text = typeof value === "string" ? `"${value}"` : (JSON.stringify(value) ?? String(value));
    if (
        path.some((key) => secretFields.has(key)) ||
        hidden.has(String(path[0])) ||
        text.includes("PRIVATE KEY") ||
        text.includes("privateKey")
    ) {
        return "the value (not shown)";
    }
    return text.length > 80 ? `${text.slice(0, 76)}...` : text;
}

/** The JSON Schema of what users write: messages take descriptions, examples and known keys from it. */
export type Described = z.core.JSONSchema.BaseSchema;

/** The member of a union that a value is: the one whose constant it has; all keys together where none fits. */
function memberOf(node: Described, value: unknown): Described {
    if (node.oneOf === undefined) {
        return node;
    }
    const members: readonly Described[] = node.oneOf.filter((member) => typeof member === "object");
    const fitting = members.find((member) =>
        Object.entries(member.properties ?? {}).some(
            ([key, field]) =>
                typeof field === "object" && field.const !== undefined && field.const === valueAt(value, [key]),
        ),
    );
    return fitting ?? { properties: Object.assign({}, ...members.map(({ properties }) => properties)) };
}

/** The description of what is at a path of `root`. */
function describedAt(schema: Described, path: Path, root: unknown): Described {
    const found = path.reduce<Described>((holder, key, index) => {
        const node = memberOf(holder, valueAt(root, path.slice(0, index)));
        const next =
            (typeof key === "number" ? node.items : node.properties?.[String(key)]) ?? node.additionalProperties;
        return typeof next === "object" && !Array.isArray(next) ? next : {};
    }, schema);
    return memberOf(found, valueAt(root, path));
}

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: Path): unknown {
    return path.reduce<unknown>(
        (value, key) =>
            typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
        root,
    );
}

const kinds: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    object: "a mapping",
    record: "a mapping",
    array: "a list",
};

function kindOf(value: unknown): string {
    return value === null ? "nothing" : (kinds[Array.isArray(value) ? "array" : typeof value] ?? typeof value);
}

function example(node: Described): string {
    const [first] = node.examples ?? [];
    return first === undefined ? "" : `, e.g. ${String(first)}`;
}

function fixForMissing(key: string, node: Described): string {
    return `add ${key}${example(node)}${node.description ? ` (${node.description})` : ""}`;
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, path: Path, node: Described): Problem[] {
    const known = Object.keys(node.properties ?? {});
    return issue.keys.map((key) => {
        const meant = suggest(key, known);
        return {
            path: formatPath([...path, key]),
            message: "is not a key that fjord knows",
            fix: meant ? `did you mean ${meant}?` : `remove it; known here: ${known.join(", ")}`,
        };
    });
}

function sizeProblem(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown, quoted: string) {
    const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    return Array.isArray(value)
        ? { message: `has ${value.length} entries`, fix: `write ${bound}` }
        : { message: `is ${quoted}`, fix: `write a number of ${bound}` };
}

/** The problems of one schema violation. `root` is what was parsed, `schema` describes it. */
export function problemsOf(
    issue: z.core.$ZodIssue,
    root: unknown,
    schema: Described,
    hidden: ReadonlySet<string>,
): Problem[] {
    const at = { path: formatPath(issue.path) };
    const value = valueAt(root, issue.path);
    const quoted = shown(value, issue.path, hidden);
    const node = describedAt(schema, issue.path, root);
    const key = String(issue.path.at(-1));
    switch (issue.code) {
        case "unrecognized_keys":
            return unknownKeys(issue, issue.path, node);
        case "invalid_key":
            return issue.issues.map((inner) => ({
                ...at,
                message: `the key ${shown(key)} ${inner.message}`,
                fix: fixOf(inner),
            }));
        case "too_small":
        case "too_big":
            return [{ ...at, ...sizeProblem(issue, value, quoted) }];
        case "invalid_type":
            if (value === undefined) {
                return [{ ...at, message: "is missing", fix: fixForMissing(key, node) }];
            }
            return [
                {
                    ...at,
                    message: `is ${quoted}, which is ${kindOf(value)}`,
                    fix: `write ${kinds[issue.expected] ?? issue.expected}${example(node)}${issue.expected === "string" ? ", in quotes" : ""}`,
                },
            ];
        case "invalid_value": {
            const known = issue.values.map(String);
            if (value === undefined) {
                return [{ ...at, message: "is missing", fix: `add ${key}: ${known.join(" or ")}` }];
            }
            const meant = typeof value === "string" ? suggest(value, known) : undefined;
            const hint = meant && known.length > 1 ? ` (did you mean ${meant}?)` : "";
            return [{ ...at, message: `is ${quoted}`, fix: `write ${known.join(" or ")}${hint}` }];
        }
        default:
            return [{ ...at, message: `${quoted} ${issue.message}`, fix: fixOf(issue) }];
    }
}

function fixOf(issue: z.core.$ZodIssue): string {
    const fix: unknown = issue.code === "custom" ? issue.params?.["fix"] : undefined;
    return typeof fix === "string" ? fix : "see stacks/fjord.schema.json";
}

/** The problems as a person reads them: where, what, and what to write instead. `file` is the stack's file. */
export function formatProblems(problems: readonly Problem[], file: string): string {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${problem.path}\n    ${problem.message}\n    -> ${problem.fix}`);
    return [`${file}: ${count}; nothing has been touched`, ...lines, ""].join("\n");
}
