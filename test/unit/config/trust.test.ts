import assert from "node:assert/strict";
import { test } from "node:test";
import { certificate, ecCertificate, rsaKey, smallKey } from "../keys";
import { fromFile, loaded, problems, set } from "./fixtures";

const supplied = (privateKey: string, certificatePem: string) =>
    set(fromFile("trust"), ["sealingKeys", 0, "supplied"], { privateKey, certificate: certificatePem });

test("the example trust stack loads", () => {
    const result = loaded(fromFile("trust"));
    assert.deepEqual(result, {
        ok: true,
        config: {
            kind: "trust",
            name: "test",
            organization: "Nordic Corp AS",
            sealingKeys: [{ name: "sealed-secrets-key-20260101", state: "active" }],
        },
    });
});

test("exactly one sealing key is active, and names are unique", () => {
    const keys = (...states: string[]) =>
        set(
            fromFile("trust"),
            ["sealingKeys"],
            states.map((state, index) => ({ name: `key-${index}`, state })),
        );
    assert.deepEqual(problems(keys("retired", "active")), []);
    assert.deepEqual(problems(keys("retired", "retired")), ["fjord:sealingKeys: has 0 active keys"]);
    assert.deepEqual(problems(keys("active", "active")), ["fjord:sealingKeys: has 2 active keys"]);
    assert.deepEqual(problems(set(keys("active", "retired"), ["sealingKeys", 1, "name"], "key-0")), [
        'fjord:sealingKeys[1].name: "key-0" is also the name of fjord:sealingKeys[0]',
    ]);
});

test("a supplied key pair is RSA, belongs together and has not expired", () => {
    const valid = certificate(rsaKey, 3650);
    assert.deepEqual(problems(supplied(rsaKey, valid)), []);
    assert.match(problems(supplied(smallKey, valid)).join(), /privateKey: is a key of kind rsa, 1024 bits/);
    assert.match(problems(supplied("hunter2", valid)).join(), /privateKey: is not an unencrypted private key in PEM/);
    assert.match(problems(supplied(rsaKey, ecCertificate())).join(), /certificate: belongs to another private key/);
    assert.match(problems(supplied(rsaKey, "x")).join(), /certificate: is not a certificate/);
    const later = new Date(Date.now() + 3651 * 86_400_000);
    assert.match(problems(supplied(rsaKey, valid), later).join(), /certificate: expired on/);
});

test("no problem of a supplied key shows any of it", () => {
    for (const key of [smallKey, "hunter2 hunter2"]) {
        assert.ok(!JSON.stringify(loaded(supplied(key, "x"))).includes(key.slice(0, 12)));
    }
});
