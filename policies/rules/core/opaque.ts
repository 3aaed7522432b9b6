/** Where something lies inside a value: `["spec", "containers", 0, "image"]`. */
export type Path = readonly (string | number)[];

/** `spec.containers[0].image`; keys that are no plain words are quoted: `metadata.labels["app.kubernetes.io/name"]`. */
export function formatPath(path: Path): string {
    return path
        .map((step, index) => {
            if (typeof step === "number") {
                return `[${step}]`;
            }
            return /^[A-Za-z_][\w-]*$/.test(step) ? `${index === 0 ? "" : "."}${step}` : `[${JSON.stringify(step)}]`;
        })
        .join("");
}

/** The path that `formatPath` wrote. */
export function parsePath(text: string): Path {
    const steps = text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([A-Za-z_][\w-]*)/g);
    return [...steps].map(([, index, quoted, word]) =>
        index !== undefined ? Number(index) : quoted !== undefined ? (JSON.parse(quoted) as string) : (word ?? ""),
    );
}

/** Why a value cannot be seen: not known before the change is made, or encrypted where it was read. */
export type OpaqueReason = "unknown" | "secret";

/** Stands where a value is that a reader could not see. */
export class Opaque {
    constructor(readonly reason: OpaqueReason) {}
}

export const unknown = new Opaque("unknown");
export const secret = new Opaque("secret");

/** A rule needed a value that nobody can see: it can neither pass nor fail. */
export class CannotTell extends Error {
    constructor(
        readonly path: Path,
        readonly reason: OpaqueReason,
        /** Id of the subject that the value is of, where that is known. */
        readonly of?: string,
    ) {
        super(reason === "unknown" ? "is not known before the change is made" : "is encrypted where it was read");
    }
}

/** Whether an opaque value is anywhere in it. */
export function hasOpaque(value: unknown): boolean {
    if (value instanceof Opaque) {
        return true;
    }
    return typeof value === "object" && value !== null && Object.values(value).some(hasOpaque);
}

/**
 * The same value, but whoever touches an opaque part of it throws `CannotTell`: a rule cannot pass because it took a
 * value that it could not see for one that is not there.
 */
export function guarded<T>(value: T, path: Path = [], of?: string): T {
    if (value instanceof Opaque) {
        throw new CannotTell(path, value.reason, of);
    }
    if (typeof value !== "object" || value === null || !hasOpaque(value)) {
        return value;
    }
    const stepOf = (key: string): string | number => (Array.isArray(value) && /^\d+$/.test(key) ? Number(key) : key);
    return new Proxy(value, {
        get: (target, key) => {
            const part: unknown = Reflect.get(target, key);
            return typeof key === "symbol" || !Object.hasOwn(target, key) ? part : guarded(part, [...path, stepOf(key)], of);
        },
        has: (target, key) => {
            if (typeof key !== "symbol") {
                guarded(Reflect.get(target, key), [...path, stepOf(key)], of);
            }
            return Reflect.has(target, key);
        },
    });
}
