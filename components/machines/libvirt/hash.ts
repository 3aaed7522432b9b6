import { createHash } from "node:crypto";

/** A value that JSON can hold. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

function canonical(value: Json): string {
    if (typeof value !== "object") {
        return JSON.stringify(value);
    }
    if (Array.isArray(value)) {
        return `[${value.map(canonical).join(",")}]`;
    }
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}

/** sha256 in hex of a value, whatever the order of its keys. */
export function stableHash(value: Json): string {
    return createHash("sha256").update(canonical(value)).digest("hex");
}
