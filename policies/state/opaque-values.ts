import { Opaque, secret, unknown } from "../rules/core/opaque";

/** The key by which Pulumi tells its special objects from others, and its value for a secret. */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** What Pulumi writes for values that are not known yet: one marker for each type. */
const unknownMarkers: ReadonlySet<unknown> = new Set([
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/**
 * The same value with `Opaque` in place of Pulumi's marks for what is secret or not known, at any depth. A secret's
 * value is dropped here also where the file has it in plain text (`--show-secrets`), so no report can show it.
 */
export function withOpaque(value: unknown): unknown {
    if (unknownMarkers.has(value)) {
        return unknown;
    }
    if (typeof value !== "object" || value === null || value instanceof Opaque) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map(withOpaque);
    }
    const entries = Object.entries(value);
    return entries.some(([key, part]) => key === signature && part === secretSignature)
        ? secret
        : Object.fromEntries(entries.map(([key, part]) => [key, withOpaque(part)]));
}
