import * as fs from "node:fs";
import { load } from "js-yaml";

/**
 * The configuration map of a stack's file, as Pulumi would hand it to the program. For checks without an engine: values
 * that Pulumi encrypted (`secure:`) cannot be read here and are refused. Throws an `Error` that names the file.
 */
export function readStackFile(file: string): Record<string, string> {
    return parseStackFile(fs.readFileSync(file, "utf8"), file);
}

/** The same for a text; `file` is its name in messages. */
export function parseStackFile(text: string, file: string): Record<string, string> {
    const content = load(text);
    const config = typeof content === "object" && content !== null && "config" in content ? content.config : undefined;
    if (typeof config !== "object" || config === null) {
        throw new Error(`${file} has no mapping \`config:\`; see the examples in stacks/`);
    }
    return Object.fromEntries(
        Object.entries(config).map(([key, value]) => {
            if (holdsSecret(value)) {
                throw new Error(`${file}: ${key} is encrypted; only Pulumi can read it (pulumi config get ${key})`);
            }
            return [key, typeof value === "object" ? JSON.stringify(value) : String(value)];
        }),
    );
}

function holdsSecret(value: unknown): boolean {
    if (typeof value !== "object" || value === null) {
        return false;
    }
    return Object.entries(value).some(
        ([key, item]) => (key === "secure" && typeof item === "string") || holdsSecret(item),
    );
}
