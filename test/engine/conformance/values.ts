import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

/** How the engine's protocol marks special values: an object with this key, whose value says which kind it is. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** What stands in the engine's protocol for a value that is not known in a preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Property values of a resource: plain JSON, with secrets and unknown values in the engine's notation. */
export type Value = JavaScriptValue;
export type Properties = { [name: string]: Value };

/** Marks a value as secret. */
export function secret(value: Value): Properties {
    return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value };
}

function isObject(value: Value | undefined): value is Properties {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value itself is marked as secret; one inside it does not count. */
export function isSecret(value: Value | undefined): boolean {
    return isObject(value) && value[SIGNATURE_KEY] === SECRET_SIGNATURE;
}

/** The value without any mark of secrecy, at any depth. */
export function reveal(value: Value | undefined): Value {
    if (Array.isArray(value)) {
        return value.map(reveal);
    }
    if (!isObject(value)) {
        return value ?? null;
    }
    if (isSecret(value)) {
        return reveal(value.value);
    }
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner)]));
}

/** A revealed value that has to be a text. */
export function text(value: Value | undefined): string {
    const plain = reveal(value);
    if (typeof plain !== "string") {
        throw new TypeError(`expected a text, got ${JSON.stringify(plain)}`);
    }
    return plain;
}

/** Whether a value, secret or not, is one that the preview does not know. */
export function isUnknown(value: Value | undefined): boolean {
    return reveal(value) === UNKNOWN;
}

/** The names of the properties that are secret, sorted. Those of the provider itself (`__...`) are left out. */
export function secretNames(properties: Properties): string[] {
    return names(properties).filter((name) => isSecret(properties[name]));
}

/** The names of the properties that have a value, sorted, without those that a provider keeps for itself. */
export function names(properties: Properties): string[] {
    return Object.keys(properties)
        // Plugins that are bridged from Terraform repeat the resource's id among its outputs.
        .filter((name) => !name.startsWith("__") && name !== "id" && reveal(properties[name]) !== null)
        .sort();
}

/** The properties in the protocol's notation. */
export function toStruct(properties: Properties): Struct {
    return Struct.fromJavaScript(properties);
}

/** The properties of a message; none when it has none. */
export function fromStruct(struct: Struct | undefined): Properties {
    return struct === undefined ? {} : (struct.toJavaScript() as Properties);
}
