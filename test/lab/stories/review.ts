import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { TestContext } from "node:test";
import { projectDir, pulumiEnvironment, stackFiles } from "../../../lab/pulumi";
import { trustStack } from "../../../lab/region";
import { changes, type TestRegion } from "../test-region";

interface Ended {
    readonly code: number | null;
    readonly output: string;
}

/** A command that a person runs in the project's folder. */
function command(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const options = { cwd: projectDir, encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 } as const;
    const { status, stdout, stderr } = spawnSync(program, args, options);
    return { code: status, output: `${stdout}${stderr}` };
}

/** The review of a region that runs: nothing changes, nothing is to be mended. */
export async function reviewed(t: TestContext, region: TestRegion): Promise<void> {
    const { name, range } = region.lab;
    const start = Date.now();
    const { code, output } = command("node", ["lab/run.mjs", "lab/index.ts", "review", "--name", name, "--range", range]);
    assert.equal(code, 0, output);
    t.diagnostic(`the review of the region that runs took ${((Date.now() - start) / 1000).toFixed(1)} s: ${output.trim().split("\n").slice(-4).join("; ")}`);
}

/** A reviewer without any credential of the region sees that nothing changes, and what would. */
export async function previewedBlind(t: TestContext, region: TestRegion): Promise<void> {
    const { lab, made } = region;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-blind-"));
    try {
        const [file, config] = [path.join(folder, "blinded.json"), path.join(folder, "stacks")];
        const stacks = [trustStack, lab.name].flatMap((stack) => ["--stack", stack]);
        const blind = ["--require", "tsx/cjs", "operations/blind/index.ts"];
        const own = pulumiEnvironment(lab, made.programs);
        const taken = command("node", [...blind, ...stacks, "--output", file, "--config", stackFiles(lab).config], own);
        assert.equal(taken.code, 0, taken.output);

        // Nothing of the lab's own is left in this environment: no state, no passphrase, no way to the API.
        fs.cpSync(stackFiles(lab).config, config, { recursive: true });
        fs.mkdirSync(path.join(folder, "state"));
        const { PULUMI_CONFIG_PASSPHRASE_FILE: _, ...rest } = own;
        const blindfolded = {
            ...rest,
            PULUMI_HOME: path.join(folder, "home"),
            PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "made up",
            FJORD_HOME: path.join(folder, "access"),
        };
        const restored = command("node", [...blind, "restore", file, "--config", config], blindfolded);
        assert.equal(restored.code, 0, restored.output);

        const stackFile = path.join(config, `Pulumi.${lab.name}.yaml`);
        const args = ["preview", "--stack", lab.name, "--config-file", stackFile, "--non-interactive", "--diff"];
        const preview = (): Ended => command("pulumi", args, blindfolded);
        const start = Date.now();
        const same = preview();
        assert.equal(same.code, 0, same.output);
        assert.deepEqual(Object.keys(changes(same.output)), ["unchanged"], same.output);
        t.diagnostic(`preview without a credential: ${JSON.stringify(changes(same.output))} in ${((Date.now() - start) / 1000).toFixed(1)} s`);

        const text = fs.readFileSync(stackFile, "utf8");
        fs.writeFileSync(stackFile, text.replace("fjord:kubernetes:", "fjord:kubernetes:\n    drainTimeout: 61"));
        const other = preview();
        assert.equal(other.code, 0, other.output);
        assert.ok((changes(other.output)["to update"] ?? 0) > 0, other.output);
        assert.doesNotMatch(other.output, /~ kubernetes:/, "no object of the platform is said to change");
        t.diagnostic(`the same with another drainTimeout: ${JSON.stringify(changes(other.output))}`);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}
