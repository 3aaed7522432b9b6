import assert from "node:assert/strict";
import { test } from "node:test";
import { knownJurisdiction, mayLieIn } from "../../../policies/rules/core/jurisdictions";
import { isNamedSecret, leaves, secretShape } from "../../../policies/rules/secrets/recognise";
import { parseImage } from "../../../policies/rules/supply-chain/image";
import { hostOf, serverOf } from "../../../policies/rules/values";
import { secret, unknown } from "../../../policies/rules/core/opaque";

/** How rules read what people write: images, addresses, and what looks like a secret. */

test("images are read as containerd reads them", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const cases: readonly [string, object][] = [
        ["nginx", { registry: "docker.io", name: "docker.io/nginx" }],
        ["payments/web:1.4.2", { registry: "docker.io", name: "docker.io/payments/web", tag: "1.4.2" }],
        ["localhost:5000/web", { registry: "localhost:5000", name: "localhost:5000/web" }],
        ["osl.node:5000/a/b:1@" + digest, { registry: "osl.node:5000", name: "osl.node:5000/a/b", tag: "1", digest }],
        ["registry.k8s.io/pause@" + digest, { registry: "registry.k8s.io", name: "registry.k8s.io/pause", digest }],
    ];
    for (const [text, parts] of cases) {
        assert.deepEqual(parseImage(text), parts, text);
    }
});

test("hosts are found in every form of an address", () => {
    const cases: readonly [string, string][] = [
        ["https://Git.osl.node:8443/a/b", "git.osl.node:8443"],
        ["https://user@git.osl.node/a", "git.osl.node"],
        ["ssh://git@git.osl.node:2222/a/b.git", "git.osl.node"],
        ["git@git.osl.node:a/b.git", "git.osl.node"],
        ["oci://mirror.osl.node:5000/charts", "mirror.osl.node:5000"],
        ["github.com/example/base?ref=v1", "github.com"],
        ["8.8.8.8", "8.8.8.8"],
        ["*", "*"],
    ];
    for (const [address, host] of cases) {
        assert.equal(hostOf(address), host, address);
    }
    assert.equal(serverOf("oci://mirror.osl.node:5000/charts"), "mirror.osl.node");
});

test("what is a secret by its shape is known under every name", () => {
    const join = ["abcdef", "0123456789abcdef"].join(".");
    for (const text of [
        ["-----BEGIN", "RSA PRIVATE KEY-----"].join(" "),
        ["-----BEGIN", "PRIVATE KEY-----"].join(" "),
        `glpat-${"a1".repeat(10)}`,
        `ghp_${"a1".repeat(18)}`,
        join,
        `token: ${join}\n`,
        "amqp://web:correcthorse@queue:5672/",
        ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJmam9yZCJ9", "c2lnbmF0dXJlLWZqb3Jk"].join("."),
    ]) {
        assert.ok(secretShape(text), text.slice(0, 12));
    }
});

test("what is no secret is not taken for one", () => {
    for (const text of [
        "-----BEGIN CERTIFICATE-----",
        ["-----BEGIN", "PUBLIC KEY-----"].join(" "),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "postgres://web:$(DB_PASSWORD)@db/payments",
        "postgres://web:${DB_PASSWORD}@db/payments",
        "https://git.osl.node:8443/a@b",
        "payment.serviceaccountname1",
    ]) {
        assert.equal(secretShape(text), undefined, text);
    }
});

test("a name that ends like a secret's is one, unless its value cannot be", () => {
    for (const [name, value] of [
        ["DB_PASSWORD", "hunter22!"],
        ["apiKey", "a81cd3f0"],
        ["oauth-client-secret", "Tr0ub4dor"],
        ["MYSQL_PASSWORD", "1234"],
        ["ADMIN_PASSWORD", "correct-horse"],
        ["requirepass", "correct-horse"],
        ["DB_PASS", "hunter22!"],
    ] as const) {
        assert.ok(isNamedSecret(name, value), name);
    }
    for (const [name, value] of [
        ["PASSWORD_FILE", "hunter22!"],
        ["TOKEN_TTL", "3600"],
        ["TLS_SECRET", "payment-service-tls"],
        ["DB_PASSWORD", "$(FROM_ELSEWHERE)"],
        ["DB_PASSWORD", "/run/secrets/db"],
        ["DB_PASSWORD", ""],
        ["ACCESS_TOKEN", "https://login.osl.node/token"],
        ["REQUIRE_TOKEN", "true"],
        ["ALLOW_EMPTY_PASSWORD", "yes"],
        ["MAX_TOKEN", "4096"],
        ["BYPASS", "hunter22!"],
    ] as const) {
        assert.ok(!isNamedSecret(name, value), `${name}=${value}`);
    }
});

test("a walk over a checkpoint passes what is encrypted, and stops at what is not known", () => {
    const found = leaves({ a: [{ b: "clear" }, secret], c: 1 });
    assert.deepEqual(found, [{ at: ["a", 0, "b"], name: "b", text: "clear" }]);
    assert.throws(() => leaves({ a: unknown }), /is not known before/);
});

test("residency is by the country and by whose law holds", () => {
    assert.ok(mayLieIn("NO", "norway") && mayLieIn("NO", "eea") && mayLieIn("IS", "eea"));
    assert.ok(!mayLieIn("SE", "norway") && !mayLieIn("GB", "eea") && !mayLieIn("CH", "eea") && !mayLieIn("ZZ", "eea"));
    assert.equal(knownJurisdiction("api.pulumi.com"), "US");
    assert.equal(knownJurisdiction("notgithub.com"), undefined);
});
