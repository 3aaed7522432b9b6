import { unknown } from "../rules/core/opaque";

/**
 * What a policy was given, as a plain value. Pulumi's proxy throws for what is not known before the change is made
 * (`UnknownValueError`), and a policy that lets that error pass ends as advice and not as a refusal (pulumi-policy,
 * server.ts). Here the place stays, marked as unknown, and the rule that needs it says that it cannot tell. Nothing else
 * makes reading a property throw.
 */
export function plain(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const part = (key: string | number): unknown => {
        let read: unknown;
        try {
            read = (value as Record<string | number, unknown>)[key];
        } catch {
            return unknown;
        }
        return plain(read);
    };
    return Array.isArray(value)
        ? Array.from({ length: value.length }, (_, index) => part(index))
        : Object.fromEntries(Object.keys(value).map((key) => [key, part(key)]));
}
