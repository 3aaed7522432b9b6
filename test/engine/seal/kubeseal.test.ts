import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { load, loadAll } from "js-yaml";
import { certificate, otherRsaKey, rsaKey } from "../../unit/keys";
import { Scope } from "../../../operations/seal/crypto";
import { openSecret, SealedSecret } from "../../../operations/seal/seal";

const toolchain = process.env["FJORD_TOOLCHAIN"];
const options = { skip: toolchain === undefined && "FJORD_TOOLCHAIN is not set: no kubeseal to compare with" };
const kubeseal = path.join(toolchain ?? "", "bin/kubeseal");
const project = path.resolve(__dirname, "../../..");
const scopes: readonly Scope[] = ["strict", "namespace-wide", "cluster-wide"];

let folder = "";
const file = (name: string) => path.join(folder, name);

before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-seal-"));
    fs.writeFileSync(file("key.pem"), rsaKey, { mode: 0o600 });
    fs.writeFileSync(file("other.pem"), otherRsaKey, { mode: 0o600 });
    fs.writeFileSync(file("cert.pem"), certificate(rsaKey, 30));
    fs.writeFileSync(file("expired.pem"), certificate(rsaKey, -1));
});
after(() => fs.rmSync(folder, { recursive: true }));

interface Result {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

function run(command: string, args: readonly string[], input: string): Result {
    try {
        return {
            code: 0,
            stdout: execFileSync(command, args, { cwd: project, input, encoding: "utf8", stdio: "pipe" }),
            stderr: "",
        };
    } catch (error) {
        const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return { code: status, stdout, stderr };
    }
}

const theirs = (input: string, ...args: string[]) => run(kubeseal, ["--cert", file("cert.pem"), ...args], input);
const ours = (input: string, ...args: string[]) =>
    run(process.execPath, ["--import", "tsx", "operations/seal/index.ts", "--cert", file("cert.pem"), ...args], input);

const full = `apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: payment-prod
  creationTimestamp: "2026-01-01T00:00:00Z"
  resourceVersion: "12"
  uid: 1f0c
  generation: 3
  generateName: db-
  finalizers: [example.org/keep]
  ownerReferences: [{apiVersion: v1, kind: Pod, name: x, uid: y}]
  managedFields:
    - {manager: kubectl, operation: Update, apiVersion: v1, time: "2026-01-01T00:00:00Z", fieldsType: FieldsV1, fieldsV1: {"f:data": {}}}
  labels: {zone: "1", app: web, on: "true", empty: ""}
  annotations:
    note: "a: b # c <&>"
    kubectl.kubernetes.io/last-applied-configuration: '{"data":{}}'
type: Opaque
immutable: true
data:
  both: b2xk
  binary: |
    AAEC
    AwT/
stringData:
  both: new
  unicode: "blåbærsyltetøy \\u2028 \\U0001F9C0"
  empty: ""
`;
const small = "kind: Secret\napiVersion: v1\nmetadata: {name: db, namespace: pay}\nstringData: {a: b}\n";
const annotated =
    'kind: Secret\napiVersion: v1\nmetadata: {name: db, namespace: pay, annotations: {sealedsecrets.bitnami.com/namespace-wide: "true"}}\nstringData: {a: b}\n';
const json =
    '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"db","namespace":"pay"},"type":"kubernetes.io/basic-auth","data":{"a":"Yg=="}}';
const inputs = { full, small, annotated, json, several: `${small}---\n${full}` };

/** The text with every sealed value replaced: what remains is compared byte by byte. */
const masked = (text: string) => text.replaceAll(/\b(?:AQ|AQA)[A-Za-z0-9+/]{300,}={0,2}/g, "SEALED");

for (const [name, input] of Object.entries(inputs)) {
    for (const scope of scopes) {
        for (const format of ["yaml", "json"]) {
            test(`the manifest is kubeseal's, byte by byte: ${name}, ${scope}, ${format}`, options, () => {
                const expected = theirs(input, "--scope", scope, "-o", format);
                assert.equal(expected.code, 0, expected.stderr);
                const found = ours(input, "--scope", scope, "-o", format);
                assert.equal(masked(found.stdout), masked(expected.stdout));
                assert.ok(masked(found.stdout).includes("SEALED"));
            });
        }
    }
}

test("without a namespace, cluster-wide, it is kubeseal's too", options, () => {
    const input = "kind: Secret\nmetadata: {name: db}\nstringData: {a: b}\n";
    assert.equal(
        masked(ours(input, "--scope", "cluster-wide").stdout),
        masked(theirs(input, "--scope", "cluster-wide", "-o", "yaml").stdout),
    );
});

const plain = {
    binary: "AAECAwT/",
    both: "bmV3",
    empty: "",
    unicode: Buffer.from("blåbærsyltetøy \u2028 \u{1F9C0}").toString("base64"),
};

for (const scope of scopes) {
    test(`kubeseal opens what fjord sealed: ${scope}`, options, () => {
        const sealed = ours(full, "--scope", scope, "-o", "json").stdout;
        const opened = run(
            kubeseal,
            ["--recovery-unseal", "--recovery-private-key", `${file("other.pem")},${file("key.pem")}`],
            sealed,
        );
        assert.equal(opened.code, 0, opened.stderr);
        const { data, metadata, type, immutable } = JSON.parse(opened.stdout);
        // Go writes an empty value as null; to Kubernetes the two are one.
        assert.deepEqual({ ...data, empty: data.empty ?? "" }, plain);
        assert.deepEqual([metadata.name, metadata.namespace, type, immutable], ["db", "payment-prod", "Opaque", true]);
    });

    test(`fjord opens what kubeseal sealed: ${scope}`, options, () => {
        const sealed = load(theirs(full, "--scope", scope, "-o", "yaml").stdout) as SealedSecret;
        const { values, type } = openSecret(sealed, [otherRsaKey, rsaKey]);
        assert.deepEqual(Object.fromEntries([...values].map(([key, value]) => [key, value.toString("base64")])), plain);
        assert.equal(type, "Opaque");
    });

    test(`neither opens it under another name or namespace than ${scope} allows`, options, () => {
        const sealed = load(ours(small, "--scope", scope).stdout) as SealedSecret;
        const moves = [{ name: "other" }, { namespace: "other" }].map((move) => ({
            ...sealed,
            metadata: { ...sealed.metadata, ...move },
        }));
        const verdicts = moves.map((moved) => {
            const theirVerdict =
                run(kubeseal, ["--recovery-unseal", "--recovery-private-key", file("key.pem")], JSON.stringify(moved))
                    .code === 0;
            const ourVerdict = (() => {
                try {
                    return openSecret(moved, [rsaKey]).values.size === 1;
                } catch {
                    return false;
                }
            })();
            assert.equal(ourVerdict, theirVerdict);
            return ourVerdict;
        });
        assert.deepEqual(
            verdicts,
            { strict: [false, false], "namespace-wide": [true, false], "cluster-wide": [true, true] }[scope],
        );
    });
}

test("both refuse an expired certificate, bad base64, no name and no namespace; fjord prints nothing", options, () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
        [small, ["--cert", file("expired.pem")]],
        ["kind: Secret\nmetadata: {name: db, namespace: pay}\ndata: {a: 'hunter2!'}\n", []],
        ["kind: Secret\nmetadata: {namespace: pay}\nstringData: {a: hunter2}\n", []],
        ["kind: Secret\nmetadata: {name: db, namespace: pay}\n", []],
        [`${small}---\nkind: Secret\nmetadata: {namespace: pay}\nstringData: {a: hunter2}\n`, []],
    ];
    for (const [input, args] of cases) {
        assert.notEqual(theirs(input, ...args).code, 0);
        const found = ours(input, ...args);
        assert.equal(found.code, 1);
        assert.equal(found.stdout, "");
        assert.match(found.stderr, /^seal: /);
        assert.ok(!found.stderr.includes("hunter2"));
    }
});

test("several Secrets become as many documents", options, () => {
    assert.equal(loadAll(ours(inputs.several).stdout).length, 2);
});
