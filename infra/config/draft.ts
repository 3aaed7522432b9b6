import { z } from "zod";

/**
 * A configuration of which some parts are wrong. What is in it has the right form; what was wrong is there as
 * `undefined`, so that a check can tell "left out, has its default" from "given, but unusable".
 */
export type Draft<T> = T extends readonly (infer Item)[]
    ? readonly (Draft<Item> | undefined)[]
    : T extends object
      ? { readonly [Key in keyof T]?: Draft<T[Key]> | undefined }
      : T;

type Container = Record<PropertyKey, unknown>;

function blank(root: Container, path: readonly PropertyKey[]): void {
    const parent = path.slice(0, -1).reduce<unknown>((value, key) => (value as Container | undefined)?.[key], root);
    const last = path.at(-1);
    if (last !== undefined && typeof parent === "object" && parent !== null) {
        (parent as Container)[last] = undefined;
    }
}

/** The configuration without what the schema found wrong in it. Lists keep their positions. */
export function draftOf<T>(input: object, issues: readonly z.core.$ZodIssue[]): Draft<T> {
    const copy = structuredClone(input) as Container;
    for (const issue of issues) {
        const paths = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
        paths.forEach((path) => blank(copy, path));
    }
    return copy as Draft<T>;
}

/** The value of a field: its default where it was left out, undefined where it was given and is wrong. */
export function fieldOr<T extends object, K extends keyof T, D>(
    holder: T | undefined,
    key: K,
    standard: D,
): T[K] | D | undefined {
    if (holder === undefined) {
        return undefined;
    }
    return key in holder ? holder[key] : standard;
}

/** A section of a draft: an empty one where it was left out, undefined where it was given and is wrong. */
export function sectionOf<T extends object, K extends keyof T>(
    holder: T | undefined,
    key: K,
): Required<T>[K] | undefined {
    // Every field of a draft may be missing, so that the empty object is one.
    return fieldOr(holder, key, {}) as Required<T>[K] | undefined;
}

/** The usable entries of a list with their positions. */
export function entriesOf<T>(list: readonly (T | undefined)[] | undefined): readonly (readonly [number, T])[] {
    return [...(list ?? []).entries()].flatMap(([index, item]) => (item === undefined ? [] : [[index, item] as const]));
}
