import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { ManifestReading, readManifests } from "../../../policies/manifests";
import { at } from "../../../policies/rules/core/pods";
import { ObjectSubject } from "../../../policies/rules/core/subject";

assert.ok(process.env["FJORD_TOOLCHAIN"], "FJORD_TOOLCHAIN is not set: run `node test/run.mjs engine`");

const project = path.resolve(__dirname, "../../..");
const repo = path.join(project, "test/fixtures/policies/repo");

/** A folder with these files, for as long as the test runs. */
async function readFiles(files: Readonly<Record<string, string>>): Promise<ManifestReading> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-repo-"));
    try {
        for (const [name, text] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
            fs.writeFileSync(path.join(folder, name), text);
        }
        return await readManifests(folder);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

const found = (reading: ManifestReading, id: string): ObjectSubject => {
    const subject = reading.subjects.find((one) => one.id === id);
    assert.ok(subject, `${id} is among ${reading.subjects.map((one) => one.id).join(", ")}`);
    return subject;
};

const replicas = ["spec", "replicas"];
const image = ["spec", "template", "spec", "containers", 0, "image"];

test("a repository with plain manifests, a kustomization and a chart is read as a whole", async () => {
    const before = fs.readdirSync(repo, { recursive: true });
    const reading = await readManifests(repo);
    assert.deepEqual(reading.problems, []);
    assert.equal(reading.ignored, 1);
    assert.deepEqual(reading.subjects.map(({ id }) => id).sort(), [
        "Chart/web",
        "ConfigMap/payment-prod/one",
        "ConfigMap/payment-prod/prod-web-t757gk2bmf",
        "ConfigMap/payment-prod/two",
        "CustomResourceDefinition.apiextensions.k8s.io/caches.example.org",
        "Deployment.apps/payment-prod/prod-web",
        "Deployment.apps/web",
        "Deployment.apps/web",
        "Kustomization.kustomize.config.k8s.io/k8s/base",
        "Kustomization.kustomize.config.k8s.io/k8s/overlays/production",
        "Namespace/payment-prod",
        "Service/payment-prod/web",
        "Service/web",
    ]);
    assert.deepEqual(fs.readdirSync(repo, { recursive: true }), before, "the repository is not touched");
});

test("what kustomize builds has the annotations of its files only, and tells where it is written", async () => {
    const reading = await readManifests(repo);
    const deployment = found(reading, "Deployment.apps/payment-prod/prod-web");
    assert.deepEqual(deployment.object.metadata.annotations, { kept: "yes" });
    assert.equal(at(deployment.object, replicas), 3);
    const file = "k8s/base/deployment.yaml";
    assert.deepEqual(deployment.locate?.(image), { file, line: 19 });
    assert.deepEqual(deployment.locate?.([...image.slice(0, -1), "securityContext"]), { file, line: 18 }, "the container");
    const changed = deployment.locate?.(replicas);
    assert.deepEqual(changed, { file: "k8s/overlays/production/kustomization.yaml", line: 1 }, "the overlay changes it");
    const generated = reading.subjects.find(({ id }) => id.startsWith("ConfigMap/payment-prod/prod-web-"));
    assert.equal(generated?.object.metadata.annotations, undefined);
    assert.deepEqual(generated?.locate?.(["data"]), { file: "k8s/base/kustomization.yaml", line: 6 });
});

test("a chart is rendered with its values and with each further file of values; equal objects are there once", async () => {
    const { subjects } = await readManifests(repo);
    const deployments = subjects.filter(({ id }) => id === "Deployment.apps/web");
    assert.deepEqual(deployments.map(({ object }) => at(object, replicas)), [1, 3]);
    assert.deepEqual(deployments[0]?.locate?.(replicas), { file: "charts/web/templates/deployment.yaml", line: 3 });
    assert.deepEqual(found({ subjects, problems: [], ignored: 0 }, "Service/web").locate?.(["spec", "type"]), {
        file: "charts/web/templates/service.yaml",
        line: 6,
    });
});

test("the namespace of a chart's release is nobody's to say but whoever applies it", async () => {
    const account = (name: string, namespace: string) =>
        `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}, namespace: ${namespace}}\n`;
    const binding =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\n" +
        'subjects: [{kind: ServiceAccount, name: a, namespace: "{{ .Release.Namespace }}"}]\n';
    const { subjects, problems } = await readFiles({
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/templates/a.yaml": account("a", '"{{ .Release.Namespace }}"'),
        "c/templates/b.yaml": binding,
        "c/templates/d.yaml": account("d", "default"),
    });
    assert.deepEqual(problems, []);
    const ids = ["Chart/c", "RoleBinding.rbac.authorization.k8s.io/b", "ServiceAccount/a", "ServiceAccount/default/d"];
    assert.deepEqual(subjects.map(({ id }) => id).sort(), ids);
    assert.deepEqual(subjects.find(({ id }) => id === ids[1])?.object["subjects"], [{ kind: "ServiceAccount", name: "a" }]);
});

test("only kustomizations that are named are built, and names must be right", async () => {
    const reading = await readManifests(repo, { kustomizations: ["./k8s/base/", "k8s/nowhere"] });
    assert.equal(at(found(reading, "Deployment.apps/web").object, image), "web:1");
    assert.ok(!reading.subjects.some(({ id }) => id.includes("prod-web")));
    assert.deepEqual(
        reading.problems.map(({ file, what }) => `${file} ${what}`),
        ["k8s/nowhere has no kustomization that can be read"],
    );
});

test("what cannot be built or rendered is a problem with the program's words and no path of this machine", async () => {
    const { subjects, problems } = await readFiles({
        "a/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: patch.yaml, target: {kind: Nothing}}, {patch: x}]\n",
        "a/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        "a/patch.yaml": "- op: remove\n  path: /x\n",
        "b/Chart.yaml": "apiVersion: v2\nname: b\nversion: 1.0.0\n",
        "b/templates/b.yaml": "{{ fail \"no host is given\" }}\n",
    });
    assert.deepEqual(subjects.map(({ id }) => id), ["Kustomization.kustomize.config.k8s.io/a", "Chart/b"]);
    assert.deepEqual(problems.map(({ file }) => file), ["a/kustomization.yaml", "b/Chart.yaml"]);
    assert.match(problems[0]?.what ?? "", /^cannot be built: /);
    assert.match(problems[1]?.what ?? "", /^cannot be rendered: .*no host is given/);
    for (const { what } of problems) {
        assert.ok(!what.includes(os.tmpdir()), what);
    }
});

test("kustomize runs no program and inflates no chart", async () => {
    const generator = (kind: string, more: string) => `apiVersion: example.org/v1\nkind: ${kind}\nmetadata:\n  name: g\n${more}`;
    const marker = path.join(os.tmpdir(), `fjord-must-not-be-${process.pid}`);
    const { problems } = await readFiles({
        "exec/kustomization.yaml": "generators: [g.yaml]\n",
        "exec/g.yaml": generator("Run", "  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n"),
        "exec/run.sh": `#!/bin/sh\n: > ${marker}\n`,
        "chart/kustomization.yaml": "helmCharts: [{name: x, repo: 'https://charts.example.org', version: 1.0.0}]\n",
    });
    assert.deepEqual(problems.map(({ file }) => file), ["chart/kustomization.yaml", "exec/kustomization.yaml"]);
    assert.ok(!fs.existsSync(marker));
});

test("the lab's repository is read but for the sealed secret, which a lab seals for itself", async () => {
    const { subjects, problems } = await readManifests(path.join(project, "lab/repo"));
    assert.deepEqual(problems.map(({ file, what }) => `${file} ${what}`), [
        "k8s/overlays/production/kustomization.yaml uses sealed-secret.yaml, which is not there",
    ]);
    assert.deepEqual(subjects.map(({ object }) => object.kind), ["Kustomization", "Kustomization"]);
});
