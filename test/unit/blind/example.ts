import { generateKeyPairSync } from "node:crypto";
import { secretOf } from "../../../operations/blind/checkpoint";
import { ClearStack } from "../../../operations/blind/blind";

const urn = (stack: string, type: string, name: string): string => `urn:pulumi:${stack}::fjord::${type}::${name}`;

/** A private key that is nobody's. */
export const privateKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();

/** A password with everything that encoders write in another way. */
export const password = `p4ss"w<o>r'd&\\{}[]-0123456789`;

/** What a provider made. */
export function made(stack: string, name: string, secret: unknown): Record<string, unknown> {
    const type = "random:index/randomPassword:RandomPassword";
    const outputs = { length: 30, result: secretOf(secret) };
    return { urn: urn(stack, type, name), type, custom: true, id: "none", inputs: { length: 30 }, outputs };
}

/** What a program told a provider, which answers with the same. */
export function told(stack: string, name: string, properties: Record<string, unknown>): Record<string, unknown> {
    const type = "command:local:Command";
    const outputs = { ...properties, stdout: "done" };
    return { urn: urn(stack, type, name), type, custom: true, id: name, inputs: properties, outputs };
}

const provider = { type: "passphrase", state: { salt: "v1:salt" } };

export const stackOf = (
    stack: string,
    resources: readonly Record<string, unknown>[],
    config: Record<string, string> = {},
): ClearStack => ({
    stack,
    exported: { version: 3, deployment: { manifest: { version: "v3.259.0" }, secrets_providers: provider, resources } },
    config,
});
