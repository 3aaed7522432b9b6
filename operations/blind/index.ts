import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Command } from "commander";
import { clusterSpec } from "../../components/cluster/cluster";
import { settingsHash } from "../../components/cluster/settings";
import { loadStackConfig } from "../../infra/config/load";
import { readLock } from "../../infra/config/lock-file";
import { parseStackFile } from "../../infra/config/stack-file";
import { blind, BlindedStack } from "./blind";
import { readStack, restoreStack, Workplace } from "./pulumi";

const projectDirectory = path.resolve(__dirname, "../..");

/** What the file says it is, for whoever finds it. */
const title = "Checkpoints without secrets: every secret is a made-up text. Made by `npm run blind`.";

interface BlindedFile {
    readonly title: typeof title;
    readonly stacks: readonly BlindedStack[];
}

const place = (stacks: string): Workplace => ({ project: projectDirectory, stacks: path.resolve(projectDirectory, stacks) });

/** Files of the repository that are tracked: what else lies in a checkout may be secret. */
function repositoryTexts(): readonly string[] {
    const listed = execFileSync("git", ["ls-files", "-z"], { cwd: projectDirectory, encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
    return listed
        .split("\0")
        .map((file) => path.join(projectDirectory, file))
        .filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile())
        .map((file) => fs.readFileSync(file, "utf8"))
        .filter((text) => !text.includes("\0"));
}

/** What a region's program computes from its configuration and puts into values that are secret as a whole. */
function computedTexts(stack: string, stacks: string): readonly string[] {
    const file = path.resolve(projectDirectory, stacks, `Pulumi.${stack}.yaml`);
    let loaded: ReturnType<typeof loadStackConfig>;
    try {
        loaded = loadStackConfig(parseStackFile(fs.readFileSync(file, "utf8"), file), { stack, directory: projectDirectory });
    } catch {
        // A file with secrets is none of a region, and without a file there is nothing to compute.
        return [];
    }
    if (!loaded.ok || loaded.config.kind !== "region") {
        return [];
    }
    const { config } = loaded;
    return [settingsHash(clusterSpec(config, readLock(path.resolve(projectDirectory, config.lock))))];
}

async function take({ stack: stacks, output, config }: { stack: string[]; output: string; config: string }): Promise<void> {
    const clear = await Promise.all(stacks.map((stack) => readStack(place(config), stack)));
    const written = [...repositoryTexts(), ...stacks.flatMap((stack) => computedTexts(stack, config))];
    const file: BlindedFile = { title, stacks: blind(clear, written) };
    fs.writeFileSync(output, `${JSON.stringify(file)}\n`);
    process.stdout.write(`${output}: ${stacks.join(", ")}, without secrets\n`);
}

async function restore(file: string, { config }: { config: string }): Promise<void> {
    if (!/^file:\/\//.test(process.env["PULUMI_BACKEND_URL"] ?? "")) {
        throw new Error(
            "stand-ins belong into no real backend: set PULUMI_BACKEND_URL to a new folder, such as file:///tmp/review, " +
                "and PULUMI_CONFIG_PASSPHRASE to any text",
        );
    }
    const content = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<BlindedFile>;
    if (content.title !== title || !content.stacks) {
        throw new Error(`${file} was not made by npm run blind`);
    }
    for (const stack of content.stacks) {
        await restoreStack(place(config), stack);
        process.stdout.write(`${stack.stack}: restored\n`);
    }
}

const program = new Command("blind").description("Checkpoints for reviews: as the last update left them, but without a secret.");

program
    .command("take", { isDefault: true })
    .description("Writes the checkpoints of stacks with a made-up text in place of every secret.")
    .requiredOption(
        "--stack <name>",
        "a stack, and every stack that it reads; may be repeated",
        (name: string, names: string[] = []) => [...names, name],
    )
    .requiredOption("--output <file>", "the file to write")
    .option("--config <folder>", "where the stacks' files are", "stacks")
    .action(take);

program
    .command("restore <file>")
    .description("Makes stacks of such a file, in a backend that is thrown away after the review.")
    .requiredOption("--config <folder>", "where the stacks' files are; their secrets are replaced")
    .action(restore);

program.parseAsync().catch((error: Error) => {
    process.stderr.write(`blind: ${error.message}\n`);
    process.exitCode = 1;
});
