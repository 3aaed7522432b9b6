import { at } from "./core/pods";
import { Path } from "./core/opaque";

/** What people write may be of any shape: these read the shape that a rule is about, and take every other for nothing. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping, and no list. */
export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a mapping; none of anything else. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/** The entries of a list; none of anything else. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A scalar as text; undefined for anything else. Numbers and booleans are text to whoever reads a ConfigMap. */
export function textOf(value: unknown): string | undefined {
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The entry of a list at a path, each with its own path. */
export const entriesAt = (value: unknown, path: Path): readonly { readonly at: Path; readonly value: unknown }[] =>
    listOf(at(value, path)).map((entry, index) => ({ at: [...path, index], value: entry }));

/**
 * Host of an address as people write them, in lower case: `https://h:5000/x`, `oci://h/x`, `ssh://git@h/x`, `git@h:x`,
 * `h/x` and `h`. A port stays with its host, but for SSH.
 */
export function hostOf(address: string): string {
    const url = /^([a-z][a-z0-9+.-]*):\/\/(?:[^@/]*@)?([^/?#]*)/i.exec(address);
    const found = url ? url[2]! : (/^(?:[\w.-]+@)?([^/:?#]+(?::\d+(?=\/|$))?)/.exec(address)?.[1] ?? "");
    const host = found.toLowerCase();
    return url?.[1]?.toLowerCase() === "ssh" ? host.replace(/:\d+$/, "") : host;
}

/** The same without a port: servers, and not what listens on them. */
export const serverOf = (address: string): string => hostOf(address).replace(/:\d+$/, "");
