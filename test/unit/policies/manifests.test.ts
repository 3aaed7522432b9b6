import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { readManifests, readText } from "../../../policies/manifests";
import { parseDocuments } from "../../../policies/manifests/documents";
import { lineOf } from "../../../policies/manifests/places";
import { findTool } from "../../../policies/manifests/tools";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-repo-"));
after(() => fs.rmSync(scratch, { recursive: true }));

/** A new folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
    const folder = fs.mkdtempSync(path.join(scratch, "repo-"));
    for (const [name, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), text);
    }
    return folder;
}

/** Reads them on a machine without kustomize and helm. */
const read = (files: Readonly<Record<string, string>>) => readManifests(folderOf(files), { env: {} });

const told = (reading: { readonly problems: readonly { readonly file: string; readonly what: string }[] }) =>
    reading.problems.map(({ file, what }) => `${file} ${what}`);

/** The line that each problem names. */
const lines = (reading: { readonly problems: readonly { readonly line?: number }[] }) => reading.problems.map(({ line }) => line);

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

test("documents that are no objects are counted, and empty ones are not", () => {
    const kubeadm = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n";
    const text = `# nothing\n---\n${configMap("a")}---\n---\nimage: web:1\n---\n[1, 2]\n---\n${kubeadm}`;
    const { subjects, ignored, problems } = readText(text, "all.yaml");
    assert.deepEqual([subjects.map(({ id }) => id), ignored, problems], [["ConfigMap/a"], 3, []]);
});

test("lists are split, also nested ones and those of one kind", () => {
    const items = "items:\n  - metadata: {name: web, namespace: x}\n    spec: {replicas: 1}\n";
    const typed = readText(`apiVersion: apps/v1\nkind: DeploymentList\n${items}`, "list.yaml").subjects;
    assert.deepEqual(typed.map(({ id }) => id), ["Deployment.apps/x/web"]);
    assert.deepEqual(typed[0]?.locate?.(["spec", "replicas"]), { file: "list.yaml", line: 5 });
    const inner = { apiVersion: "v1", kind: "List", items: [{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }] };
    const nested = readText(JSON.stringify({ apiVersion: "v1", kind: "List", items: [inner, "odd"] }, undefined, 1), "list.json");
    assert.deepEqual(nested.subjects.map(({ id }) => id), ["Secret/s"]);
    assert.equal(nested.ignored, 1);
    assert.equal(nested.subjects[0]?.locate?.(["metadata", "name"])?.line, 13);
});

test("an object is named by its name, or by what the API makes one of, and is a problem without both", () => {
    const generated = readText("apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\n", "job.yaml");
    assert.deepEqual(generated.subjects.map(({ id }) => id), ["Job.batch/migrate-"]);
    const nameless = readText(`${configMap("a")}---\napiVersion: v1\nkind: Pod\nmetadata:\n  labels: {a: b}\n`, "pod.yaml");
    assert.deepEqual([told(nameless), lines(nameless)], [["pod.yaml has no metadata.name"], [7]]);
    assert.equal(nameless.subjects.length, 1);
});

test("YAML is read as Kubernetes reads it", () => {
    const values = ["<<: *base", "on: yes", "mode: 0644", "port: 08080", "date: 2026-01-01", "time: 22:22", "hex: 0x10"];
    const [document] = parseDocuments(`base: &base {a: 1}\nvalue:\n${values.map((line) => `  ${line}\n`).join("")}`);
    const expected = { a: 1, true: true, mode: 0o644, port: 8080, date: "2026-01-01", time: "22:22", hex: 16 };
    assert.deepEqual(document, { base: { a: 1 }, value: expected });
});

test("broken text is a problem where it was meant as a manifest, and quotes nothing", () => {
    const broken = `${configMap("a")}data:\n  key: "hunter2\n bad: [\n`;
    const { problems } = readText(broken, "a.yaml");
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.what ?? "", /^is no YAML: /);
    assert.ok((problems[0]?.line ?? 0) >= 5);
    assert.ok(!JSON.stringify(problems).includes("hunter2"));
    assert.deepEqual(readText("a: {{ b }}: c\n", "values.yaml"), { subjects: [], problems: [], ignored: 1 });
    assert.deepEqual(told(readText('{"metadata": {}, "apiVersion": "v1", "kind": "Pod"', "a.json")), ["a.json is no JSON"]);
    const twice = readText(`${configMap("a")}kind: Pod\n`, "a.yaml");
    assert.deepEqual([told(twice), lines(twice)], [["a.yaml is no YAML: duplicated mapping key"], [4]]);
});

test("aliases that blow a text up, or make it part of itself, are a problem", () => {
    const items = (name: string) => Array(10).fill(name).join(", ");
    const levels = [..."bcdefgh"].map((name, index) => `${name}: &${name} [${items(`*${"abcdefg"[index]}`)}]`);
    const nested = `${configMap("a")}a: &a [${items("x")}]\n${levels.join("\n")}\n`;
    for (const text of [nested, `${configMap("a")}data: &d\n  self: *d\n`]) {
        const what = "uses aliases (*) that make it too large to read, or part of itself";
        assert.deepEqual(told(readText(text, "a.yaml")), [`a.yaml ${what}`]);
    }
});

const located = `# comment
a:
  list:
    - name: one
      value: 1

    - &two
      name: two   # comment
      "quoted key": x
  text: |
    several
    lines
  empty:
b: {inline: [1, {deep: 2}]}
---
# second document
c:
  merged:
    <<: *three
  alias: *three
x-three: {}
`;

for (const [step, line] of [
    [["a"], 2],
    [["a", "list", 0], 4],
    [["a", "list", 0, "value"], 5],
    [["a", "list", 1], 8],
    [["a", "list", 1, "quoted key"], 9],
    [["a", "list", 7, "name"], 3],
    [["a", "text"], 10],
    [["a", "empty", "below"], 13],
    [["b", "inline", 1, "deep"], 14],
    [["nothing", "here"], 2],
] as const) {
    test(`a path leads to its line, or that of the nearest part: ${step.join(".")}`, () => {
        assert.equal(lineOf(located, 0, step), line);
    });
}

test("paths are found in later documents, through aliases and merge keys, with any line ends", () => {
    const text = "x: 1\n---\nbase: &base\n  limits:\n    cpu: 1\nalias: *base\nmerged:\n  <<: [*base]\n  own: 2\n";
    for (const written of [text, text.replaceAll("\n", "\r\n")]) {
        assert.equal(lineOf(written, 1, ["alias", "limits", "cpu"]), 5);
        assert.equal(lineOf(written, 1, ["merged", "limits", "cpu"]), 5);
        assert.equal(lineOf(written, 1, ["merged", "own"]), 9);
        assert.equal(lineOf(written, 1, ["nothing"]), 3);
        assert.equal(lineOf(written, 7, ["nothing"]), 1);
    }
    assert.equal(lineOf("", 0, ["a"]), 1);
    assert.equal(lineOf("a: &a\n  <<: *a\n", 0, ["a", "b"]), 1);
});

test("a folder is read but for .git, node_modules, and what belongs to charts and kustomizations", async () => {
    const reading = await read({
        "b/a.yml": configMap("a"),
        "b/b.json": JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" } }),
        ".git/c.yaml": configMap("c"),
        "node_modules/d/d.yaml": configMap("d"),
        "chart/Chart.yaml": "apiVersion: v2\nname: lib\ntype: library\ndependencies: []\n",
        "chart/templates/e.yaml": "{{ kind: apiVersion: }}\n",
        "chart/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\n",
        "chart/charts/sub/templates/f.yaml": configMap("f"),
        "chart/values.yaml": "a: 1\n",
        "chart/argocd.yaml": configMap("g"),
        "k/kustomization.yaml": "resources: [h.yaml]\n",
        "k/h.yaml": configMap("h"),
        "k/unused.yaml": configMap("i"),
        "README.md": "kind: x\napiVersion: y\n",
    });
    assert.deepEqual(reading.subjects.map(({ id }) => id).sort(), [
        "Chart/lib",
        "ConfigMap/a",
        "ConfigMap/b",
        "ConfigMap/g",
        "ConfigMap/i",
        "Kustomization.kustomize.config.k8s.io/k",
    ]);
    // A library is not rendered, so only kustomize is missing.
    assert.deepEqual(told(reading), ["k needs kustomize, which is neither in FJORD_TOOLCHAIN nor on PATH"]);
});

test("without kustomize or helm what they make is a problem, once for each", async () => {
    const reading = await read({
        "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yml": "resources: []\n",
        "c/Kustomization": "resources: []\n",
        "d/Chart.yaml": "apiVersion: v2\nname: d\n",
        "e/Chart.yaml": "apiVersion: v2\nname: e\n",
    });
    assert.deepEqual(told(reading), [
        "a needs kustomize, which is neither in FJORD_TOOLCHAIN nor on PATH",
        "d needs helm, which is neither in FJORD_TOOLCHAIN nor on PATH",
    ]);
});

for (const entry of [
    "https://example.org/a.yaml",
    "https://token@github.com/o/r//path?ref=v1",
    "git@github.com:o/r.git",
    "ssh://git@example.org/o/r",
    "github.com/o/r//path?ref=v1",
    "git::https://example.org/o/r",
]) {
    test(`kustomize never fetches ${entry}`, async () => {
        const files = { "o/kustomization.yaml": "resources: [../k]\n", "k/kustomization.yaml": `resources: ["${entry}"]\n` };
        const { subjects, problems } = await readManifests(folderOf(files), { env: { PATH: "/bin" } });
        assert.deepEqual(problems.map(({ file }) => file).filter((file) => file === "k/kustomization.yaml").length, 1);
        assert.match(problems[0]?.what ?? "", /is not in this repository$/);
        assert.ok(!JSON.stringify(problems).includes("token"));
        const one = subjects.find(({ id }) => id.endsWith("/k"));
        assert.deepEqual(one?.locate?.(["resources", 0]), { file: "k/kustomization.yaml", line: 1 });
    });
}

test("every field of a kustomization that names files is looked at", async () => {
    const fields = [
        "components: [x]",
        "generators: [x]",
        "transformers: [x]",
        "crds: [x]",
        "configurations: [x]",
        "patchesStrategicMerge: [x]",
        "patches: [{path: x}]",
        "replacements: [{path: x}]",
        "openapi: {path: x}",
        "configMapGenerator: [{name: c, files: [x]}]",
        "configMapGenerator: [{name: c, files: [key=x]}]",
        "secretGenerator: [{name: c, envs: [x]}]",
        "secretGenerator: [{name: c, env: x}]",
        "resources: [../../../x]",
        "resources: [/x]",
        "resources: [github.com/o/x]",
    ];
    for (const field of fields) {
        const reading = await read({ "k/kustomization.yaml": `namespace: a\n${field}\n` });
        const named = /[^ [=]*x(?=[\]}])/.exec(field)?.[0];
        assert.equal(told(reading)[0], `k/kustomization.yaml uses ${named}, which is not there`, field);
        assert.equal(lines(reading)[0], 2, field);
    }
    const merge = "patchesStrategicMerge:\n  - |-\n    kind: x\n    a: b\n";
    const inline = `patches:\n  - patch: |-\n      - op: remove\n        path: /x\n${merge}`;
    assert.deepEqual(told(await read({ "k/kustomization.yaml": inline })), [
        "k needs kustomize, which is neither in FJORD_TOOLCHAIN nor on PATH",
    ]);
});

test("a component that nothing uses is not built", async () => {
    const component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml}]\n";
    const reading = await read({ "c/kustomization.yaml": component, "c/p.yaml": configMap("a") });
    assert.deepEqual(told(reading), []);
    assert.deepEqual(reading.subjects.map(({ id }) => id), ["Component.kustomize.config.k8s.io/c"]);
});

test("a chart whose dependencies are not in the repository is a problem", async () => {
    const files = {
        "w/Chart.yaml": "apiVersion: v2\nname: w\ndependencies:\n  - {name: redis}\n  - {name: common}\n  - {name: db}\n",
        "w/charts/common-1.2.3.tgz": "",
        "w/charts/db/Chart.yaml": "apiVersion: v2\nname: db\n",
    };
    const reading = await read(files);
    assert.deepEqual(told(reading), ["w/Chart.yaml depends on redis, which is not in w/charts"]);
    assert.deepEqual(lines(reading), [4]);
    assert.deepEqual(reading.subjects.map(({ id }) => id), ["Chart/w"]);
    assert.deepEqual(reading.subjects[0]?.locate?.(["dependencies", 1, "name"]), { file: "w/Chart.yaml", line: 5 });
    assert.deepEqual(reading.subjects[0]?.locate?.(["metadata", "name"]), { file: "w/Chart.yaml", line: 2 });
});

test("links out of the folder, Jsonnet, and broken files of kustomize and helm are problems", async () => {
    const folder = folderOf({
        "a.jsonnet": "{}",
        "a.yaml": configMap("a"),
        "k/kustomization.yaml": "resources: [\n",
        "c/Chart.yaml": "version: 1.0.0\n",
    });
    fs.symlinkSync("/etc/passwd", path.join(folder, "out.yaml"));
    fs.symlinkSync("a.yaml", path.join(folder, "in.yaml"));
    fs.symlinkSync("nothing", path.join(folder, "nowhere.yaml"));
    const { problems, subjects } = await readManifests(folder, { env: {} });
    const broken = ["a.jsonnet", "nowhere.yaml", "out.yaml", "k/kustomization.yaml", "c/Chart.yaml"];
    assert.deepEqual(problems.map(({ file }) => file), broken);
    assert.deepEqual(lines({ problems }), [undefined, undefined, undefined, 2, undefined]);
    assert.deepEqual(subjects.map(({ id }) => id), ["ConfigMap/a"]);
});

test("programs are sought in the toolchain first, then on PATH, and in no relative folder", () => {
    const folder = folderOf({ "toolchain/bin/helm": "", "bin/helm": "", "bin/kustomize": "", "other/kustomize": "" });
    for (const file of ["toolchain/bin/helm", "bin/helm", "bin/kustomize"]) {
        fs.chmodSync(path.join(folder, file), 0o755);
    }
    const env = { FJORD_TOOLCHAIN: path.join(folder, "toolchain"), PATH: `:other:${folder}/other:${folder}/bin` };
    assert.equal(findTool("helm", env), path.join(folder, "toolchain/bin/helm"));
    assert.equal(findTool("kustomize", env), path.join(folder, "bin/kustomize"), "what cannot be executed is passed over");
    assert.equal(findTool("kustomize", { PATH: path.relative(process.cwd(), path.join(folder, "bin")) }), undefined);
    assert.equal(findTool("helm", {}), undefined);
});
