import { Command, InvalidArgumentError } from "commander";
import * as fs from "node:fs";
import * as path from "node:path";
import { formatProblems } from "../../infra/config/problems";
import { dayOf, Exception, parseExceptions } from "../../policies/exceptions";
import { ReportFormat, reports } from "../../policies/reports";
import { exitCodes } from "../../policies/reports/result";
import { summarize } from "../../policies/reports/summarize";
import { textReport } from "../../policies/reports/text";
import { catalogue } from "../../policies/rules/catalogue";
import { selectStack } from "./preview";
import { review } from "./review";

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function aDay(value: string): string {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(Date.parse(value))) {
        throw new InvalidArgumentError("write a day as YYYY-MM-DD");
    }
    return value;
}

interface Options {
    readonly stack?: readonly string[];
    readonly configFile?: readonly string[];
    readonly manifests?: readonly string[];
    readonly kustomization?: readonly string[];
    readonly checkpoint?: readonly string[];
    readonly exceptions: string;
    readonly today: string;
    readonly json?: boolean;
    readonly text?: string;
    readonly markdown?: string;
    readonly codeQuality?: string;
    readonly junit?: string;
    readonly sarif?: string;
}

/** Wrong use: what the command was given cannot be reviewed. */
class UseError extends Error {}

function readExceptions(file: string, today: string): readonly Exception[] {
    if (!fs.existsSync(file)) {
        throw new UseError(`review: there is no ${file}\n  what to do: make it, empty where nothing is excepted, or pass --exceptions`);
    }
    const shown = path.relative(process.cwd(), path.resolve(file));
    const loaded = parseExceptions(fs.readFileSync(file, "utf8"), { file: shown, rules: catalogue, today });
    if (!loaded.ok) {
        throw new UseError(formatProblems(loaded.problems, shown));
    }
    return loaded.exceptions;
}

/** A config repository may bring exceptions of its own. They hold for its manifests and nothing else. */
function folderExceptions(folder: string, today: string): readonly Exception[] {
    const file = path.join(folder, ".fjord", "exceptions.yaml");
    return fs.existsSync(file) ? readExceptions(file, today).map((exception) => ({ ...exception, folder })) : [];
}

/** Where each form of the report goes, if it is wanted. */
const files = (options: Options): Readonly<Partial<Record<ReportFormat, string | undefined>>> => ({
    text: options.text,
    markdown: options.markdown,
    "code-quality": options.codeQuality,
    junit: options.junit,
    sarif: options.sarif,
});

async function run(options: Options): Promise<number> {
    const { stack = [], configFile = [], manifests = [], checkpoint = [], today } = options;
    if (stack.length + manifests.length + checkpoint.length === 0) {
        throw new UseError("review: nothing is to be reviewed\n  what to do: pass --stack, --manifests or --checkpoint, each as often as needed");
    }
    if (configFile.length > 0 && configFile.length !== stack.length) {
        throw new UseError("review: --config-file is given for some stacks\n  what to do: give it once for every --stack, in the same order, or never");
    }
    for (const missing of [...manifests, ...checkpoint].filter((name) => !fs.existsSync(name))) {
        throw new UseError(`review: there is no ${missing}\n  what to do: check the path; it is relative to ${process.cwd()}`);
    }
    const exceptions = [...readExceptions(options.exceptions, today), ...manifests.flatMap((folder) => folderExceptions(folder, today))];
    const stacks = await Promise.all(
        stack.map(async (name, index) => {
            const file = configFile[index];
            return { stack: await selectStack(name), ...(file !== undefined && { configFile: path.resolve(file) }) };
        }),
    );
    const { kustomization } = options;
    const result = summarize(
        await review(
            { stacks, folders: manifests, manifests: kustomization ? { kustomizations: kustomization } : {}, checkpoints: checkpoint, rules: catalogue, exceptions, today },
            (what) => process.stderr.write(`review: ${what}\n`),
        ),
    );
    for (const [format, file] of Object.entries(files(options))) {
        if (file !== undefined) {
            fs.writeFileSync(file, reports[format as ReportFormat](result));
        }
    }
    process.stdout.write(options.json ? reports.json(result) : textReport(result, { colour: process.stdout.isTTY === true }));
    return exitCodes[result.verdict];
}

/** Exit codes: 0 passes, 1 fails, 2 cannot tell, 3 wrong use. */
new Command("review")
    .description("Previews stacks, and asks the rules about them, their checkpoints and the manifests that Argo CD applies.")
    .option("--stack <name>", "preview this stack with the rules; may be repeated", several)
    .option("--config-file <file>", "configuration of the stack, where it is not in stacks/; once for every --stack", several)
    .option("--manifests <folder>", "read what Argo CD would apply from this folder; may be repeated", several)
    .option("--kustomization <folder>", "build only these kustomizations of the folder; may be repeated", several)
    .option("--checkpoint <file>", "judge a checkpoint, or what pulumi stack export prints; may be repeated", several)
    .option("--exceptions <file>", "the reviewed file of exceptions; a folder of manifests may bring its own, .fjord/exceptions.yaml", path.join("policies", "exceptions.yaml"))
    .option("--today <day>", "the day on which exceptions expire or not", aDay, dayOf(new Date()))
    .option("--text <file>", "write the report as text")
    .option("--markdown <file>", "write it as a note for a merge request")
    .option("--code-quality <file>", "write it for GitLab's Code Quality")
    .option("--junit <file>", "write it as JUnit XML")
    .option("--sarif <file>", "write it as SARIF 2.1.0")
    .option("--json", "print all of it as JSON instead of text")
    .exitOverride()
    .action(async (options: Options) => {
        process.exitCode = await run(options);
    })
    .parseAsync()
    .catch((error: Error & { readonly code?: string }) => {
        if (error.code === "commander.helpDisplayed" || error.code === "commander.version") {
            return;
        }
        if (!error.code?.startsWith("commander.")) {
            process.stderr.write(`${error.message}\n`);
        }
        process.exitCode = exitCodes.wrongUse;
    });
