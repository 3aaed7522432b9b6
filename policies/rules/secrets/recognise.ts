import { CannotTell, Opaque, Path } from "../core/opaque";

/** What key material and tokens look like, whatever they are called. */
const shapes: readonly { readonly what: string; readonly pattern: RegExp }[] = [
    { what: "a private key", pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/ },
    { what: "a client key of a kubeconfig", pattern: /\bclient-key-data["']?:\s*["']?[A-Za-z0-9+/=]{40}/ },
    { what: "a key of AWS", pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
    { what: "a token of GitLab", pattern: /\bgl(?:pat|dt|rt|cbt|ptt|soat)-[\w-]{20,}/ },
    { what: "a token of GitHub", pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40,})/ },
    { what: "a token of Slack", pattern: /\bxox[abpors]-[A-Za-z0-9-]{10,}/ },
    { what: "a token of Vault", pattern: /\bhv[sb]\.[\w-]{24,}/ },
    { what: "a signed token (JWT)", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/ },
    { what: "a join token of kubeadm", pattern: /(?:^|\btoken["']?[:= ]\s*["']?)[a-z0-9]{6}\.[a-z0-9]{16}(?=["']?\s*(?:$|\n))/ },
    { what: "a password in an address", pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:(?![$<*{])[^\s:/@]{3,}@[\w.[-]/i },
];

/** What a text is by its shape; undefined where it is nothing that must be kept. */
export const secretShape = (text: string): string | undefined => shapes.find(({ pattern }) => pattern.test(text))?.what;

/** Names of what must be kept: the word stands last, `TOKEN_TTL` and `PASSWORD_FILE` are something else. */
const secretName = /(?:password|passwd|passphrase|requirepass|(?:^|[_.-])pass|secret|token|(?:api|access|secret|private)[_-]?key|credentials?)$/i;

/** Names of what people choose and type: never a figure, or the name of an object. */
const passwordName = /(?:password|passwd|passphrase|requirepass|(?:^|[_.-])pass)$/i;

/** Values that are no secret whatever they are called: switches, paths, addresses, what is filled in later. */
const harmless: readonly RegExp[] = [
    /^$/,
    /^(?:true|false|yes|no|on|off|none|null|optional|required|enabled|disabled)$/i,
    /^[./~]/,
    /^[a-z][a-z0-9+.-]*:\/\//i,
    /^\$[({]?\w/,
    /\{\{|^<.*>$/,
];

/** Values that are no secret unless they are called a password. */
const mostlyHarmless: readonly RegExp[] = [
    /^\d{1,5}[a-z]{0,2}$/i,
    // The name of an object: `payment-service-tls`, `payment-prod/web`.
    /^[a-z]+(?:[-./][a-z]+)+$/,
];

/** Whether a name says that its value is a secret, and the value may be one. */
export function isNamedSecret(name: string, value: string): boolean {
    const allowed = passwordName.test(name) ? harmless : [...harmless, ...mostlyHarmless];
    return secretName.test(name) && !allowed.some((pattern) => pattern.test(value.trim()));
}

/** A text somewhere in a value. */
export interface Leaf {
    readonly at: Path;
    /** The last word of the path. */
    readonly name: string;
    readonly text: string;
}

/**
 * Every text that can be read in a value. What is encrypted is passed over: it is what the rule that walks wants. Reads
 * own properties as they are, past the guard that keeps other rules from taking an encrypted value for none.
 */
export function leaves(value: unknown, path: Path = []): readonly Leaf[] {
    if (value instanceof Opaque) {
        if (value.reason === "secret") {
            return [];
        }
        throw new CannotTell(path, value.reason);
    }
    if (typeof value === "string") {
        return [{ at: path, name: String(path.at(-1) ?? ""), text: value }];
    }
    if (typeof value !== "object" || value === null) {
        return [];
    }
    return Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([key, descriptor]) =>
        leaves(descriptor.value, [...path, Array.isArray(value) && /^\d+$/.test(key) ? Number(key) : key]),
    );
}
