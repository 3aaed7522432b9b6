import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import * as yaml from "js-yaml";
import { Applied, applyExceptions, dayOf, parseExceptions } from "../../../policies/exceptions";
import { readManifests } from "../../../policies/manifests";
import { catalogue } from "../../../policies/rules/catalogue";
import { Finding, judge } from "../../../policies/rules/core/judge";
import { blocks } from "../../../policies/rules/core/rule";
import { overlayPath, readTemplates, renderRepository, sampleSecret } from "../../../lab/repo";

assert.ok(process.env["FJORD_TOOLCHAIN"], "FJORD_TOOLCHAIN is not set: run `node test/run.mjs engine`");

const today = dayOf(new Date());
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-repo-"));
after(() => fs.rmSync(folder, { recursive: true }));

/** The lab's repository as the lab publishes it, but for what only a lab that runs knows. */
const files = renderRepository(
    {
        image: { name: "lab.fjord/payment-service", digest: `sha256:${"a".repeat(64)}` },
        host: "payments.lab.node",
        sealedSecret: yaml.dump({
            apiVersion: "bitnami.com/v1alpha1",
            kind: "SealedSecret",
            metadata: { name: sampleSecret.name, namespace: sampleSecret.namespace },
            // As long as what kubeseal writes.
            spec: { encryptedData: { [sampleSecret.key]: `Ag${"A".repeat(800)}` } },
        }),
    },
    readTemplates(),
);

let applied: Applied<Finding & { readonly folder: string }>;

before(async () => {
    for (const [name, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), text);
    }
    const reading = await readManifests(folder, { kustomizations: [overlayPath] });
    assert.deepEqual(reading.problems, []);
    const source = files[".fjord/exceptions.yaml"] ?? "";
    const parsed = parseExceptions(source, { file: ".fjord/exceptions.yaml", rules: catalogue, today });
    assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.problems));
    const findings = judge(catalogue, reading.subjects, today).findings.map((finding) => ({ ...finding, folder }));
    const own = parsed.exceptions.map((exception) => ({ ...exception, folder }));
    applied = applyExceptions(findings, own, today, { stacks: [], folders: [folder] });
});

test("nothing that the lab publishes for Argo CD would block a review", () => {
    const blocking = applied.open.filter(({ rule, outcome }) => outcome === "cannot-tell" || blocks(rule.severity));
    assert.deepEqual(blocking.map(({ rule, subject, message }) => `${rule.id} ${subject.id} ${message}`), []);
});

test("every exception of the lab's repository is needed", () => {
    assert.deepEqual(applied.unused.map(({ rule, resource }) => `${rule} ${resource}`), []);
    assert.deepEqual(applied.excepted.map(({ finding }) => finding.rule.id), ["FJ-NET-001"]);
});
