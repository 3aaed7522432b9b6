import { load } from "js-yaml";
import { isFields } from "../../policies/rules/values";

/** A secret in the file of a stack's configuration. */
export interface SecureValue {
    /** As `pulumi config set --path` takes it: `fjord:sealingKeys[0].supplied.privateKey`. */
    readonly path: string;
    /** The text that stands for it in the file. */
    readonly secure: string;
    /** The same place as steps, for a value that has been read. */
    readonly steps: readonly (string | number)[];
}

/** The secrets in the text of a stack's file. */
export function secureValues(text: string): readonly SecureValue[] {
    const file = text.trim() === "" ? {} : load(text);
    const config = isFields(file) && isFields(file["config"]) ? file["config"] : {};
    return Object.entries(config).flatMap(([key, value]) => secureIn(value, [key]));
}

function secureIn(value: unknown, steps: readonly (string | number)[]): readonly SecureValue[] {
    if (Array.isArray(value)) {
        return value.flatMap((part, index) => secureIn(part, [...steps, index]));
    }
    if (!isFields(value)) {
        return [];
    }
    const { secure } = value;
    return typeof secure === "string" && Object.keys(value).length === 1
        ? [{ path: configPath(steps), secure, steps }]
        : Object.entries(value).flatMap(([key, part]) => secureIn(part, [...steps, key]));
}

function configPath(steps: readonly (string | number)[]): string {
    const named = (step: string): string => (/^[\w-]+$/.test(step) ? `.${step}` : `["${step}"]`);
    return steps.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : named(step))).join("");
}

/** What `pulumi config --json --show-secrets` prints. */
export type ShownConfig = Readonly<Record<string, { readonly value?: string; readonly objectValue?: unknown }>>;

/** The values of the secrets in a file, by the texts that stand for them there. */
export function secretsOfConfig(text: string, shown: ShownConfig): Readonly<Record<string, string>> {
    return Object.fromEntries(
        secureValues(text).map(({ path, secure, steps: [key, ...rest] }) => {
            const entry = shown[String(key)];
            const value = rest.length === 0 ? entry?.value : rest.reduce<unknown>(stepInto, entry?.objectValue);
            if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
                throw new Error(`${path} cannot be read: give the stack's passphrase or key`);
            }
            return [secure, String(value)];
        }),
    );
}

const stepInto = (value: unknown, step: string | number): unknown =>
    typeof value === "object" && value !== null ? (value as Readonly<Record<string | number, unknown>>)[step] : undefined;

/** The text of a stack's file without what belongs to the key that it is encrypted with. */
export const withoutProvider = (text: string): string =>
    text.replace(/^(encryptionsalt|encryptedkey|secretsprovider):.*\n?/gm, "");
