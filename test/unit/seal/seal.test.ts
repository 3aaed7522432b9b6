import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { encryptionLabel, openValue, Scope, sealingPublicKey, sealValue } from "../../../operations/seal/crypto";
import { formatManifest, parseManifests } from "../../../operations/seal/manifest";
import { openSecret, scopeOf, sealSecret } from "../../../operations/seal/seal";
import { certificate, ecCertificate, otherRsaKey, rsaKey } from "../keys";

const publicKey = createPublicKey(rsaKey);
const scopes: readonly Scope[] = ["strict", "namespace-wide", "cluster-wide"];
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
const key = fc.stringMatching(/^[-._a-zA-Z0-9]{1,12}$/).filter((text) => text !== "__proto__");

const secret = (extra: object = {}) => ({
    kind: "Secret",
    metadata: { name: "db", namespace: "pay" },
    stringData: { password: "hunter2" },
    ...extra,
});

test("what is sealed opens again, in every scope, with the right key among others", () => {
    const data = fc.dictionary(
        key,
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        { minKeys: 1, maxKeys: 4 },
    );
    fc.assert(
        fc.property(name, name, data, fc.constantFrom(...scopes), (secretName, namespace, values, scope) => {
            const encoded = Object.fromEntries(
                Object.entries(values).map(([k, value]) => [k, value.toString("base64")]),
            );
            const sealed = sealSecret(
                { kind: "Secret", metadata: { name: secretName, namespace }, data: encoded },
                publicKey,
                scope,
            );
            assert.equal(scopeOf(sealed.metadata.annotations), scope);
            assert.deepEqual(
                new Map([...openSecret(sealed, [otherRsaKey, rsaKey]).values].sort()),
                new Map(Object.entries(values).sort()),
            );
        }),
        { numRuns: 50 },
    );
});

test("a value opens only where its scope allows", () => {
    const sealed = (scope: Scope) => sealValue(publicKey, encryptionLabel(scope, "pay", "db"), Buffer.from("x"));
    const opens = (scope: Scope, namespace: string, other: string) => {
        try {
            return openValue([rsaKey], encryptionLabel(scope, namespace, other), sealed(scope)).toString() === "x";
        } catch (error) {
            assert.match((error as Error).message, /another key, or for another name, namespace or scope/);
            return false;
        }
    };
    const places = [
        ["pay", "db"],
        ["pay", "other"],
        ["shop", "db"],
    ] as const;
    assert.deepEqual(
        scopes.map((scope) => places.map(([namespace, other]) => opens(scope, namespace, other))),
        [
            [true, false, false],
            [true, true, false],
            [true, true, true],
        ],
    );
});

test("any changed byte of a sealed value is found", () => {
    const sealed = Buffer.from(sealValue(publicKey, "pay/db", Buffer.from("hunter2")), "base64");
    fc.assert(
        fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
            const changed = Buffer.from(sealed);
            changed[at]! ^= mask;
            assert.throws(() => openValue([rsaKey], "pay/db", changed.toString("base64")));
        }),
        { numRuns: 60 },
    );
    assert.throws(() => openValue([rsaKey], "", "AA=="), /too short/);
    assert.throws(
        () => openSecret(sealSecret(secret(), publicKey), [otherRsaKey]),
        /^Error: pay\/db, password: no key opens/,
    );
});

test("two seals of one value differ", () => {
    assert.notEqual(sealValue(publicKey, "", Buffer.from("x")), sealValue(publicKey, "", Buffer.from("x")));
});

test("what cannot be sealed is refused, and no value is in the message", () => {
    const refused = (input: object, pattern: RegExp, scope?: Scope) =>
        assert.throws(
            () => sealSecret(input as Record<string, unknown>, publicKey, scope),
            (error: Error) => pattern.test(error.message) && !error.message.includes("hunter2"),
        );
    refused(secret({ kind: "ConfigMap" }), /of kind ConfigMap/);
    refused(secret({ metadata: { namespace: "pay" } }), /no metadata.name/);
    refused(secret({ metadata: { name: "db" } }), /no metadata.namespace, which the scope strict/);
    refused(secret({ metadata: { name: "db" } }), /which the scope namespace-wide/, "namespace-wide");
    refused(secret({ data: { password: "hunter2!" } }), /data\["password"\] is not base64/);
    refused(secret({ data: { password: "hunter2" } }), /data\["password"\] is not base64/);
    refused(secret({ stringData: { pin: 1234 } }), /stringData\["pin"\] is not a text/);
    refused(secret({ stringData: {} }), /neither data nor stringData/);
    assert.equal(
        sealSecret({ ...secret(), metadata: { name: "db" } }, publicKey, "cluster-wide").metadata.namespace,
        undefined,
    );
});

test("copies of the secret in annotations, and what belongs to the live object, stay behind", () => {
    const metadata = {
        name: "db",
        namespace: "pay",
        uid: "1",
        resourceVersion: "2",
        creationTimestamp: "2026-01-01T00:00:00Z",
        ownerReferences: [{ kind: "Pod" }],
        annotations: {
            "kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"password":"hunter2"}}',
            note: "x",
        },
    };
    const sealed = sealSecret(secret({ metadata }), publicKey);
    assert.deepEqual(sealed.spec.template.metadata, { name: "db", namespace: "pay", annotations: { note: "x" } });
    assert.ok(!JSON.stringify(sealed).includes("hunter2"));
});

test("a certificate that has expired, or is not RSA, is refused", () => {
    assert.equal(sealingPublicKey(certificate(rsaKey, 1)).asymmetricKeyType, "rsa");
    assert.throws(() => sealingPublicKey(certificate(rsaKey, -1)), /expired on .*add a new active sealing key/);
    assert.throws(() => sealingPublicKey(ecCertificate()), /key of kind ec/);
    assert.throws(() => sealingPublicKey("x"), /not a certificate in PEM/);
});

test("a parser's complaint never quotes the input", () => {
    for (const text of [
        "a: *hunter2",
        "a: 'hunter2",
        "a: !hunter2 x",
        "a: {hunter2",
        "- hunter2\na",
        '{"a": "hunter2',
    ]) {
        assert.throws(
            () => parseManifests(text),
            (error: Error) =>
                /neither YAML nor JSON|not a manifest/.test(error.message) &&
                !`${error.message}${error.stack}${String(error.cause)}`.includes("hunter2"),
        );
    }
    assert.deepEqual(parseManifests("---\na: 1\n---\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
});

test("JSON is escaped as Go escapes it", () => {
    assert.equal(formatManifest({ a: "<&>\u2028" }, "json"), '{\n  "a": "\\u003c\\u0026\\u003e\\u2028"\n}\n');
});
