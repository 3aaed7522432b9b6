import { Fields, isFields } from "../../policies/rules/values";

/** The key by which Pulumi tells its special objects from others, and its value for a secret. */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** What `pulumi stack export` prints, as far as it matters here. */
export interface Exported {
    readonly version: number;
    readonly deployment: Fields;
}

/**
 * The value of a secret of an exported checkpoint; undefined for what is none.
 * @throws where it is encrypted
 */
export function secretIn(value: unknown): { readonly value: unknown } | undefined {
    if (!isFields(value) || value[signature] !== secretSignature) {
        return undefined;
    }
    if (typeof value["plaintext"] !== "string") {
        throw new Error("the checkpoint holds a secret that is encrypted; export it with --show-secrets");
    }
    return { value: JSON.parse(value["plaintext"]) as unknown };
}

/** A secret with a value in clear, as `pulumi stack import` reads it. */
export const secretOf = (value: unknown): Fields => ({ [signature]: secretSignature, plaintext: JSON.stringify(value) });

/** Every text inside a value, keys among them; secrets only where they are asked for. */
export function textsIn(value: unknown, secrets: "with secrets" | "without secrets"): readonly string[] {
    if (typeof value === "string") {
        return [value];
    }
    if (typeof value === "number") {
        return [String(value)];
    }
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const secret = secretIn(value);
    if (secret) {
        return secrets === "with secrets" ? textsIn(secret.value, secrets) : [];
    }
    return Object.entries(value).flatMap(([key, part]) => [...(Array.isArray(value) ? [] : [key]), ...textsIn(part, secrets)]);
}

/** Texts of all secrets inside a value. */
function secretTexts(value: unknown): readonly string[] {
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const secret = secretIn(value);
    return secret ? leaves(secret.value) : Object.values(value).flatMap(secretTexts);
}

function leaves(value: unknown): readonly string[] {
    const { value: inner } = secretIn(value) ?? { value };
    if (typeof inner === "string" || typeof inner === "number") {
        return [String(inner)];
    }
    return typeof inner === "object" && inner !== null ? Object.values(inner).flatMap(leaves) : [];
}

function resourcesOf({ deployment }: Exported): readonly Fields[] {
    const list = (name: string): readonly unknown[] => (Array.isArray(deployment[name]) ? deployment[name] : []);
    const pending = list("pending_operations").map((entry) => (isFields(entry) ? entry["resource"] : undefined));
    return [...list("resources"), ...pending].filter(isFields);
}

const stackReference = "pulumi:pulumi:StackReference";

/**
 * Texts that came into being as secrets: what a provider answered that nobody told it. All other secrets are made from
 * these, from secrets of the configuration, and from what is no secret.
 */
export function bornSecrets(exported: Exported): readonly string[] {
    return resourcesOf(exported)
        .filter(({ custom, type }) => custom === true && type !== stackReference)
        .flatMap(({ inputs, outputs }) => {
            // Anywhere: the Kubernetes provider keeps what it was told once more, under a name of its own.
            const told = new Set(leaves(inputs));
            return secretTexts(outputs).filter((text) => !told.has(text));
        });
}

/** Names of the stacks that a stack reads. */
export function referredStacks(exported: Exported): readonly string[] {
    return resourcesOf(exported)
        .filter(({ type }) => type === stackReference)
        .flatMap(({ inputs }) => {
            const name = isFields(inputs) ? inputs["name"] : undefined;
            return typeof name === "string" ? [name.split("/").at(-1) ?? name] : [];
        });
}
