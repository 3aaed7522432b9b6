import * as fs from "node:fs";
import * as path from "node:path";

const prefix = "file:";

/** A public text that is given itself, or as `file:` and a path relative to the project. */
export function readText(value: string, directory: string): { readonly text: string } | { readonly missing: string } {
    if (!value.startsWith(prefix)) {
        return { text: value };
    }
    const file = value.slice(prefix.length);
    try {
        return { text: fs.readFileSync(path.resolve(directory, file), "utf8") };
    } catch {
        return { missing: file };
    }
}

/** The same, where it is known to be readable. */
export function textOf(value: string, directory: string): string {
    const read = readText(value, directory);
    if ("missing" in read) {
        throw new Error(`${read.missing} was there when the configuration was checked and is gone`);
    }
    return read.text;
}
