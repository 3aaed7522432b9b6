import assert from "node:assert/strict";
import { createHash, createPrivateKey } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { blind, BlindedStack } from "../../../operations/blind/blind";
import { secretIn, secretOf } from "../../../operations/blind/checkpoint";
import { base64, traces } from "../../../operations/blind/forms";
import { findLeaks } from "../../../operations/blind/leaks";
import { isFields } from "../../../policies/rules/values";
import { made, password, privateKey, stackOf, told } from "./example";

/** The value at a place in a blinded stack, out of its secret. */
function at(stack: BlindedStack | undefined, name: string, ...path: readonly string[]): unknown {
    const resources = stack?.exported.deployment["resources"];
    const list: readonly unknown[] = Array.isArray(resources) ? resources : [];
    const resource = list.find((one) => isFields(one) && String(one["urn"]).endsWith(`::${name}`));
    return path.reduce((value: unknown, key) => {
        const part = isFields(value) ? value[key] : undefined;
        return (secretIn(part) ?? { value: part }).value;
    }, resource);
}

/** The stand-in of one secret, and what became of a value that was made of it. */
function blindOne(
    secret: string,
    use: (secret: string) => unknown,
    written: readonly string[] = [],
): { readonly standIn: string; readonly value: unknown } {
    const resources = [made("s", "secret", secret), told("s", "use", { stdin: secretOf(use(secret)) })];
    const [stack] = blind([stackOf("s", resources)], written);
    const standIn = at(stack, "secret", "outputs", "result");
    assert.ok(typeof standIn === "string" && standIn !== secret);
    return { standIn, value: at(stack, "use", "inputs", "stdin") };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");

/** What programs do with a secret: the blinded value is what they would make of the stand-in. */
const uses: Readonly<Record<string, (secret: string) => unknown>> = {
    "as it is": (secret) => secret,
    trimmed: (secret) => secret.trim(),
    "with a line end": (secret) => `${secret}\n`,
    "in base64": base64,
    "in base64 with a line end": (secret) => base64(`${secret}\n`),
    "in JSON": (secret) => JSON.stringify({ a: 1, secret, list: [secret] }),
    "in JSON in JSON": (secret) => JSON.stringify({ inner: JSON.stringify({ secret }) }),
    "in JSON with indents": (secret) => JSON.stringify({ secret }, undefined, 2),
    "in base64 of JSON": (secret) => base64(JSON.stringify({ secret })),
    "in base64 of base64": (secret) => base64(base64(secret)),
    "in a word of a text": (secret) => `user ${secret} host`,
    "in basic authentication": (secret) => `Authorization: Basic ${base64(`admin:${secret}`)}`,
    "quoted for a shell": (secret) => `declare -r KEY='${secret.replaceAll("'", "'\\''")}'`,
    "in an address": (secret) => `https://admin:${encodeURIComponent(secret)}@host/`,
    "as a digest": sha256,
    "as a digest in JSON": (secret) => JSON.stringify({ digest: sha256(secret) }),
    "in a list": (secret) => [secret, { secret }],
};
const words = ["user host admin declare -r KEY https Authorization: Basic"];

describe("what a program makes of a secret", () => {
    for (const [name, use] of Object.entries(uses)) {
        for (const [kind, secret] of Object.entries({ password, "private key": privateKey })) {
            test(`${kind} ${name}`, () => {
                const { standIn, value } = blindOne(secret, use, words);
                assert.deepEqual(value, use(standIn));
            });
        }
    }

    test("a private key with its lines indented", () => {
        const use = (secret: string): string => `key: |\n${secret.trim().replace(/^/gm, "    ")}\nend\n`;
        const { standIn, value } = blindOne(privateKey, use);
        assert.equal(value, use(standIn));
    });

    test("any secret, in any of these ways", () => {
        const text = fc
            .string({ minLength: 8, maxLength: 60, unit: "grapheme-ascii" })
            .filter((one) => one.trim().length >= 8 && !/^[{[]/.test(one.trim()));
        fc.assert(
            fc.property(text, fc.constantFrom(...Object.values(uses)), (secret, use) => {
                const { standIn, value } = blindOne(secret, use, words);
                assert.deepEqual(value, use(standIn));
            }),
            { numRuns: 200 },
        );
    });
});

describe("stand-ins", () => {
    test("are the same in all stacks of one run, and others in the next", () => {
        const stacks = [
            stackOf("trust", [made("trust", "key", privateKey)]),
            stackOf("region", [told("region", "use", { stdin: secretOf(privateKey) })]),
        ];
        const [trust, region] = blind(stacks, []);
        assert.equal(at(trust, "key", "outputs", "result"), at(region, "use", "inputs", "stdin"));
        assert.notEqual(at(blind(stacks, [])[0], "key", "outputs", "result"), at(trust, "key", "outputs", "result"));
    });

    test("of a private key have its frame and shape, and are no key", () => {
        const { standIn } = blindOne(privateKey, () => "");
        const shape = (text: string): string => text.replace(/^(?!-----).*$/gm, (line) => String(line.length));
        assert.equal(shape(standIn), shape(privateKey));
        assert.throws(() => createPrivateKey(standIn));
    });

    for (const [kind, secret, pattern] of [
        ["uuid", "0d028497-5c9f-485d-aae9-ddcba6723d26", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
        ["hex", "8f0cdeadbeef00112233445566778899", /^[0-9a-f]+$/],
        ["base64", Buffer.from("0123456789abcdefghij+/?!0123456\xff", "latin1").toString("base64"), /^[\w+/]+=*$/],
        ["word", "aB3dE5gH7jK9mN1pQ", /^[A-Za-z0-9]+$/],
    ] as const) {
        test(`of a ${kind} are one of the same length`, () => {
            const { standIn } = blindOne(secret, () => "");
            assert.equal(standIn.length, secret.length);
            assert.match(standIn, pattern);
        });
    }
});

describe("a value that is secret as a whole", () => {
    const secret = "generated-Secret-0815";
    const blinded = (value: unknown, written: readonly string[] = [], published: Record<string, unknown> = {}): unknown => {
        const resources = [made("s", "secret", secret), told("s", "use", { ...published, stdin: secretOf(value) })];
        return at(blind([stackOf("s", resources)], written)[0], "use", "inputs", "stdin");
    };

    test("keeps what the repository says, and replaces what nothing shows to be public", () => {
        const value = JSON.stringify({ address: "10.20.0.11", token: "from-the-environment-99", key: secret });
        const [kept, other] = ["address: 10.20.0.11", "address: 10.20.0.111"].map(
            (written) => JSON.parse(String(blinded(value, [written]))) as Record<string, string>,
        );
        assert.equal(kept?.["address"], "10.20.0.11");
        assert.notEqual(kept?.["token"], "from-the-environment-99");
        assert.notEqual(other?.["address"], "10.20.0.11");
    });

    test("keeps words that the checkpoint has in clear, but nothing that looks like a key", () => {
        const name = "cp-01.osl.node";
        assert.equal(blinded(name, [], { where: name }), name);
        const token = "Ab3_kX9vQmFy0mF6cXV4MTIz";
        assert.notEqual(blinded(token, [], { printed: token }), token);
    });

    test("keeps certificates and public keys", () => {
        const body = "MIICwjCCAaqgAwIBAgIQDSWc6dDTdH4i1X5RcnHH+zANBgkqhkiG9w0BAQsFADAM";
        const certificate = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
        const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINUIejQkOJZE5ls/G2MtkEhRFggLj4aq2PawEayMHGTP";
        for (const text of [certificate, publicKey, base64(certificate)]) {
            assert.equal(blinded(text), text);
        }
    });

    test("keeps the words and paths of a script around a secret", () => {
        const written = ["install -m 0600 /etc/fjord /var/log region secret conf"];
        const script = (value: string): string => `install -m 0600 /etc/fjord/region.conf\nSECRET='${value}'\n`;
        const result = String(blinded(script(secret), written));
        assert.match(result, /^install -m 0600 \/etc\/fjord\/region\.conf\nSECRET='[A-Za-z0-9]{21}'\n$/);
        assert.ok(!String(blinded(`${script(secret)} OTHER=abc123DEF456ghi`, written)).includes("abc123DEF456ghi"));
    });

    test("keeps numbers and truth values that are small or public", () => {
        const value = { replicas: 3, on: true, port: 6443, pin: 190283 };
        const { pin, ...rest } = blinded(value, ["port: 6443"]) as typeof value;
        assert.deepEqual(rest, { replicas: 3, on: true, port: 6443 });
        assert.ok(typeof pin === "number" && pin !== 190283);
    });
});

describe("a checkpoint", () => {
    test("a secret that leaked into an id or an output is replaced there too", () => {
        const leaked = { ...made("s", "bytes", "c2VjcmV0LWJ5dGVzLTAxMjM="), id: "c2VjcmV0LWJ5dGVzLTAxMjM=" };
        const [stack] = blind([stackOf("s", [leaked])], []);
        assert.equal(at(stack, "bytes", "id"), at(stack, "bytes", "outputs", "result"));
        assert.notEqual(at(stack, "bytes", "id"), leaked.id);
    });

    test("what a provider repeats of its inputs under another name is made of the secret, as the inputs are", () => {
        const data = { auth: base64(password), type: base64("git") };
        const object = told("s", "object", { data: secretOf(data) });
        const outputs = { data: secretOf(data), __inputs: secretOf({ data }) };
        const [stack] = blind([stackOf("s", [made("s", "secret", password), { ...object, outputs }])], ["git"]);
        const wanted = { auth: base64(String(at(stack, "secret", "outputs", "result"))), type: base64("git") };
        assert.deepEqual(at(stack, "object", "inputs", "data"), wanted);
        assert.deepEqual(at(stack, "object", "outputs", "__inputs", "data"), wanted);
    });

    test("a private key is replaced also where nothing marks it as a secret", () => {
        const [stack] = blind([stackOf("s", [told("s", "use", { text: `key: ${privateKey}` })])], []);
        assert.match(String(at(stack, "use", "inputs", "text")), /^key: -----BEGIN PRIVATE KEY-----\nblinded\+/);
    });

    test("secrets of the configuration are replaced, those in lists of secrets, and the provider of secrets is gone", () => {
        const nested = secretOf([{ name: "a", key: secretOf("configured-secret-1") }]);
        const [stack] = blind([stackOf("s", [told("s", "use", { nested })], { "v1:abc": "configured-secret-1" })], ["a"]);
        const [entry] = at(stack, "use", "inputs", "nested") as { name: string; key: unknown }[];
        assert.equal(entry?.name, "a");
        assert.equal(secretIn(entry?.key)?.value, stack?.config["v1:abc"]);
        assert.equal(stack?.exported.deployment["secrets_providers"], undefined);
    });

    test("a secret of the configuration is one also where the repository has the same word", () => {
        const word = "a-word-of-the-repository";
        const use = told("s", "use", { stdin: secretOf(`use ${word}`) });
        const [stack] = blind([stackOf("s", [use], { "v1:abc": word })], [`use ${word}`]);
        assert.equal(at(stack, "use", "inputs", "stdin"), `use ${stack?.config["v1:abc"]}`);
        assert.notEqual(stack?.config["v1:abc"], word);
    });

    test("nothing comes of one in which a secret would be left, and the refusal does not show it", () => {
        // Something stands before the base64, so that it cannot be read as such.
        const hidden = told("s", "use", { text: `x${base64(`ab${password}`)}` });
        assert.throws(
            () => blind([stackOf("s", [made("s", "secret", password), hidden])], []),
            ({ message }: Error) => /would be left, so nothing is written/.test(message) && !message.includes("p4ss"),
        );
    });

    test("what is no secret stays", () => {
        const plain = told("s", "use", { create: "echo 1 && cat /etc/fjord/aaaaBBBB1111", list: [1, true, null, "x"] });
        const [stack] = blind([stackOf("s", [plain, made("s", "secret", password)])], []);
        const resources = stack?.exported.deployment["resources"];
        assert.deepEqual(Array.isArray(resources) && resources[0], plain);
    });

    test("an encrypted one is refused, and one that reads another stack without it", () => {
        const { plaintext: _, ...mark } = secretOf("");
        const encrypted = told("s", "use", { stdin: { ...mark, ciphertext: "v1:x" } });
        assert.throws(() => blind([stackOf("s", [encrypted])], []), /--show-secrets/);
        const type = "pulumi:pulumi:StackReference";
        const urn = `urn:pulumi:s::fjord::${type}::trust`;
        const reading = stackOf("s", [{ urn, type, custom: true, inputs: { name: "organization/fjord/trust" } }]);
        assert.throws(() => blind([reading], []), /s reads the stack trust, .* --stack trust --stack s$/);
        assert.equal(blind([reading, stackOf("trust", [])], []).length, 2);
    });
});

describe("the final search", () => {
    test("finds every form of a secret inside another text, wherever in its base64 it begins", () => {
        const encoded = [base64(`a${password}`), base64(`ab${password}z`), Buffer.from(password).toString("hex")];
        for (const form of [...traces(password), ...encoded]) {
            assert.deepEqual(findLeaks({ text: `x ${form} y` }, [password]), [`a secret of ${password.length} characters`]);
        }
    });

    test("finds a private key and each of its lines, and says nothing of a key's stand-in", () => {
        const line = privateKey.split("\n")[1] ?? "";
        assert.equal(findLeaks([privateKey], []).length, 1);
        assert.equal(findLeaks([`x${line}`], [privateKey]).length, 1);
        const { standIn } = blindOne(privateKey, () => "");
        assert.deepEqual(findLeaks([standIn], [privateKey]), []);
    });

    test("finds secrets in keys, in JSON and in base64, and none in public keys", () => {
        assert.equal(findLeaks({ [`of ${password}`]: 1 }, [password]).length, 1);
        assert.equal(findLeaks([base64(JSON.stringify({ a: password }))], [password]).length, 1);
        const part = "lZDI1NTE5AAAAINUIejQkOJZE5ls";
        assert.deepEqual(findLeaks([`ssh-ed25519 AAAAC3NzaC1${part}`], [part]), []);
    });
});
