import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";

const repository = path.resolve(__dirname, "../..");
const plugins = process.env["FJORD_PLUGINS"];

/** Says what it reads, and leaves a value, unless it is told to fail. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import { previousOutputs } from "${repository}/infra/previous-outputs";

export = async () => {
    process.stderr.write("read " + JSON.stringify(await previousOutputs()) + "\\n");
    if (process.env["REFUSE"]) {
        throw new pulumi.RunError("refused");
    }
    return { fixed: { port: process.env["PORT"] } };
};
`;

describe("a stack's own outputs on the real engine", { skip: plugins === undefined && "needs FJORD_PLUGINS" }, () => {
    let folder: string;

    before(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-outputs-"));
        ["state", "stacks"].forEach((name) => fs.mkdirSync(path.join(folder, name)));
        fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
        const runtime = { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } };
        fs.writeFileSync(path.join(folder, "Pulumi.yaml"), JSON.stringify({ name: "fjord", main: "index.ts", stackConfigDir: "stacks", runtime }));
        fs.writeFileSync(path.join(folder, "package.json"), "{}");
        fs.writeFileSync(path.join(folder, "index.ts"), program);
        pulumi(["stack", "init", "s"]);
        // As every region has it: no provider is made that nobody named.
        fs.appendFileSync(path.join(folder, "stacks/Pulumi.s.yaml"), 'config:\n  pulumi:disable-default-providers: ["*"]\n');
    });
    after(() => fs.rmSync(folder, { recursive: true, force: true }));

    function pulumi(args: readonly string[], env: Readonly<Record<string, string>> = {}): { readonly code: number | null; readonly output: string } {
        const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--non-interactive", "--color", "never"], {
            cwd: folder,
            encoding: "utf8",
            env: {
                ...process.env,
                PATH: [plugins, path.join(repository, "lab/toolchain/language-host"), process.env["PATH"]].join(path.delimiter),
                PULUMI_HOME: path.join(folder, "home"),
                PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
                PULUMI_CONFIG_PASSPHRASE: "outputs",
                PULUMI_SKIP_UPDATE_CHECK: "true",
                PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
                ...env,
            },
        });
        return { code: status, output: stdout + stderr };
    }
    /** What a run of the program read. */
    const read = (args: readonly string[], env?: Readonly<Record<string, string>>) => /read (.*)/.exec(pulumi([...args, "--stack", "s"], env).output)?.[1];
    const up = ["up", "--yes", "--skip-preview"];

    test("are those of the last run that succeeded, at preview too, until the stack is destroyed", () => {
        assert.equal(read(["preview"]), "{}");
        assert.equal(read(up, { PORT: "1" }), "{}");
        assert.equal(read(["preview"], { PORT: "2" }), '{"fixed":{"port":"1"}}');
        const refused = pulumi([...up, "--stack", "s"], { REFUSE: "yes" });
        assert.notEqual(refused.code, 0);
        assert.match(refused.output, /error: refused/);
        assert.equal(read(up, { PORT: "2" }), '{"fixed":{"port":"1"}}', "a run that is refused takes nothing away");
        assert.equal(read(["preview"]), '{"fixed":{"port":"2"}}');
    });

    test("leave nothing in the state that a refresh would find changed", () => {
        const { code, output } = pulumi(["refresh", "--preview-only", "--expect-no-changes", "--stack", "s"]);
        assert.equal(code, 0, output);
    });

    test("are gone with a stack that is destroyed", () => {
        assert.equal(pulumi(["destroy", "--yes", "--skip-preview", "--stack", "s"]).code, 0);
        assert.equal(read(["preview"]), "{}");
    });
});
