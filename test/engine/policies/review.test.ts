import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { cachePath } from "../../../components/platform/upstream-file";
import { RegionInput } from "../../../infra/config/schema/region";
import { planLab } from "../../../lab/plan";
import { configFile, ensureStack, pulumiEnvironment, stackFiles } from "../../../lab/pulumi";
import { trustInput, writeConfig } from "../../../lab/region";
import { labRegion } from "../../../lab/stack";
import { ReviewResult } from "../../../policies/reports/result";
import { labFacts } from "../../fixtures/lab";

/** The review of the lab's own stack on the real engine: from nothing, so that whatever can be unknown is. */
const project = path.resolve(__dirname, "../../..");
const toolchain = process.env["FJORD_TOOLCHAIN"] ?? "";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-review-"));
const lab = planLab({ labsDir: folder });
const programs = [path.join(project, "lab/toolchain/language-host"), path.join(toolchain, "bin")];
const env: NodeJS.ProcessEnv = { ...process.env, ...pulumiEnvironment(lab, programs) };

interface Run {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

function run(command: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): Run {
    const { status, stdout, stderr } = spawnSync(command, args, {
        cwd: project,
        encoding: "utf8",
        maxBuffer: 2 ** 28,
        timeout: 300_000,
        ...options,
        env: { ...env, ...options.env },
    });
    return { code: status, stdout, stderr };
}

function must(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): void {
    const { code, stdout, stderr } = run(command, args, options);
    assert.equal(code, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
}

/** Argo CD's manifest from the toolchain, where the program looks before it asks a mirror. */
function keepManifest(): string {
    const bytes = fs.readFileSync(path.join(toolchain, "files/argocd/install.yaml"));
    const sum = createHash("sha256").update(bytes).digest("hex");
    fs.mkdirSync(path.dirname(cachePath(sum)), { recursive: true });
    fs.writeFileSync(cachePath(sum), bytes);
    return sum;
}

let region: RegionInput;

before(async () => {
    fs.mkdirSync(stackFiles(lab).config, { recursive: true });
    fs.writeFileSync(stackFiles(lab).passphrase, "review\n");
    const identity = path.join(folder, "identity");
    fs.writeFileSync(identity, "");
    const input = labRegion(lab, labFacts(lab, folder, { "argocd-manifest": keepManifest() }));
    region = { ...input, ssh: { ...input.ssh, identityFile: identity } };
    for (const [stack, config] of Object.entries({ trust: trustInput, lab: region })) {
        await ensureStack(lab, programs, stack);
        writeConfig(lab, stack, config);
    }
    must("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "trust", "--config-file", configFile(lab, "trust")]);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

function review(...args: readonly string[]): { readonly code: number | null; readonly result: ReviewResult } {
    const { code, stdout, stderr } = run(process.execPath, ["--require", "tsx/cjs", "operations/review/index.ts", "--json", ...args]);
    assert.notEqual(stdout, "", stderr);
    return { code, result: JSON.parse(stdout) as ReviewResult };
}

const found = (result: ReviewResult): readonly string[] =>
    result.open.filter(({ blocking }) => blocking).map(({ rule, outcome, subject, path: where }) => `${rule.id} ${outcome} ${subject} ${where}`);

test("the lab's own stacks pass, with exceptions that are argued", (t) => {
    writeConfig(lab, "lab", region);
    const stacks = ["trust", "lab"].flatMap((stack) => ["--stack", stack, "--config-file", configFile(lab, stack)]);
    const { code, result } = review(...stacks);
    assert.deepEqual([found(result), result.problems, result.expired], [[], [], []]);
    assert.equal(result.verdict, "passes");
    assert.equal(code, 0);
    assert.ok(result.changes.filter(({ operation, stack }) => operation === "create" && stack === "lab").length > 100);
    t.diagnostic(`${result.excepted.length} findings excepted; ${result.phases.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(", ")}`);
});

/** The change before it, mended, is the stack of the first test. */
test("a change that breaks a rule is blocked at preview, by the review and by Pulumi's own verb", () => {
    writeConfig(lab, "lab", { ...region, ssh: { ...region.ssh, allowFrom: ["0.0.0.0/0"], allowFromAnywhere: true } });
    const { code, result } = review("--stack", "lab", "--config-file", configFile(lab, "lab"));
    assert.equal(code, 1);
    assert.equal(result.verdict, "fails");
    assert.ok(found(result).length > 0);
    for (const line of found(result)) {
        assert.match(line, /^FJ-SSH-001 fail fjord:nodes:Node::lab-nodes-\S+ sshFrom\[0\]$/);
    }
    const up = ["up", "--yes", "--non-interactive", "--policy-pack", "policies", "--stack", "lab", "--config-file", configFile(lab, "lab")];
    const stopped = run("pulumi", up);
    assert.notEqual(stopped.code, 0);
    assert.match(stopped.stdout, /FJ-SSH-001 SSH is open only to named networks/);
    assert.match(stopped.stdout, /^Previewing update/m);
    assert.doesNotMatch(stopped.stdout, /^Updating/m);
});

test("a violation that hides behind an unknown value is blocked, and passes once it is mended", () => {
    writeConfig(lab, "lab", region);
    const hidden = path.join(project, "test/fixtures/policies/hidden");
    const args = ["preview", "--non-interactive", "--policy-pack", path.join(project, "policies"), "--stack", "lab", "--config-file", configFile(lab, "lab")];
    const blocked = run("pulumi", args, { cwd: hidden });
    assert.notEqual(blocked.code, 0, blocked.stdout);
    assert.match(blocked.stdout, /FJ-WRK-003[^]*?resource: Deployment\.apps\/argocd\/argocd-server[^]*?cannot tell: is not known before the change is made/);
    const mended = run("pulumi", args, { cwd: hidden, env: { HIDDEN: "mended" } });
    assert.equal(mended.code, 0, mended.stdout);
});

test("a preview that did not ask the rules is no pass", () => {
    writeConfig(lab, "lab", { ...region, domain: "UPPER" });
    const { code, result } = review("--stack", "lab", "--config-file", configFile(lab, "lab"));
    assert.equal(code, 2);
    assert.equal(result.verdict, "cannot tell");
    assert.match(result.problems.map(({ message }) => message).join("\n"), /fjord:domain[^]*were not asked about all resources together/);
});
