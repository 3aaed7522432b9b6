import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { spawn } from "node:child_process";
import type { Lab } from "./plan";
import { Progress, run } from "./process";
import { fetchesPlugins } from "./programs";

/** The project's own folder: where `Pulumi.yaml` is. */
export const projectDir = path.resolve(__dirname, "..");

/** Files of a lab that belong to its stacks. */
export interface StackFiles {
    /** State of all stacks of the lab (the `file://` backend). */
    readonly state: string;
    readonly passphrase: string;
    /** Configuration files, one a stack: `Pulumi.<stack>.yaml`. */
    readonly config: string;
    /** Full output of every run, each line with its second. */
    readonly logs: string;
    /** Kubeconfig and tunnel of the region (`FJORD_HOME`). */
    readonly home: string;
    readonly pulumiHome: string;
}

export function stackFiles(lab: Pick<Lab, "dir">): StackFiles {
    const at = (name: string): string => path.join(lab.dir, name);
    return { state: at("state"), passphrase: at("passphrase"), config: at("stacks"), logs: at("logs"), home: at("access"), pulumiHome: at("pulumi") };
}

/** Configuration file of one of the lab's stacks. */
export const configFile = (lab: Lab, stack: string): string => path.join(stackFiles(lab).config, `Pulumi.${stack}.yaml`);

/**
 * Environment in which Pulumi runs for a lab. `programs` are folders that come first on PATH: the engine, its language
 * host and its providers where they were built here; else the official engine, unless it is on PATH already.
 */
export function pulumiEnvironment(lab: Lab, programs: readonly string[]): Record<string, string> {
    const files = stackFiles(lab);
    return {
        PATH: [...programs, process.env["PATH"] ?? ""].join(path.delimiter),
        PULUMI_HOME: files.pulumiHome,
        PULUMI_BACKEND_URL: `file://${files.state}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: files.passphrase,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: fetchesPlugins(programs) ? "false" : "true",
        FJORD_HOME: files.home,
    };
}

/** How a run of Pulumi went. */
export interface PulumiRun {
    readonly code: number;
    /** Everything it printed. */
    readonly output: string;
    readonly log: string;
    readonly seconds: number;
}

/** A Pulumi command failed; the message holds its diagnostics and the log's name. */
export class PulumiError extends Error {
    constructor(readonly verb: string, readonly result: PulumiRun) {
        super(`pulumi ${verb} ended with code ${result.code}:\n${diagnostics(result.output)}\n  log: ${result.log}`);
        this.name = "PulumiError";
    }
}

/** How many last lines stand for the cause where Pulumi names none. */
const tailLines = 30;

/** Said in every run with programs that were built here, and never the cause. */
const pathNotice = /^.*warning: using pulumi-\S+ from \$PATH at .*\n?/gm;

/** The part of Pulumi's output that says what went wrong; its end where there is no such part. Pure. */
export function diagnostics(output: string): string {
    const text = output.replace(pathNotice, "");
    const start = `\n${text}`.indexOf("\nDiagnostics:");
    if (start < 0) {
        return text.trim().split("\n").slice(-tailLines).join("\n");
    }
    const part = text.slice(start);
    const end = part.search(/\n(Outputs|Resources):\n/);
    return part.slice(0, end < 0 ? undefined : end).trim();
}

/** What one line of Pulumi's non-interactive output says about a resource. */
export interface ResourceEvent {
    readonly name: string;
    /** `creating`, `created`, `updating`, ... */
    readonly doing: string;
    readonly finished: boolean;
}

/** Reads a line such as ` +  tls:index:PrivateKey region-ssh creating (0s)`; undefined for all others. Pure. */
export function resourceEvent(line: string): ResourceEvent | undefined {
    const [, name, doing] =
        /^\s*[@+~<>=-]*\s+[\w@/.-]+:\S* (\S+) (creating|created|updating|updated|deleting|deleted|replacing|replaced|reading|read|refreshing|refreshed)\b/.exec(
            line,
        ) ?? [];
    return name === undefined || doing === undefined ? undefined : { name, doing, finished: !doing.endsWith("ing") };
}

/**
 * Seconds from the first word of a run about a resource until it says that it failed, by the seconds of the log's own
 * lines: Pulumi itself says none for what failed (`**creating failed**`). Undefined where it did not fail. Pure.
 *
 * @param ending of the resource's name
 */
export function failedAfter(log: string, ending: string): number | undefined {
    const lines = [...log.matchAll(/^ *(\d+\.\d) \s*[@+~<>=-]*\s+[\w@/.-]+:\S* (\S+) (.*)$/gm)]
        .map(([, at, name, words]) => ({ at: Number(at), name, words }))
        .filter(({ name }) => name?.endsWith(ending));
    const failed = lines.find(({ words }) => /^\*\*\w+ failed\b/.test(words ?? ""));
    return failed && lines[0] && failed.at - lines[0].at;
}

/** Runs a Pulumi verb on one of the lab's stacks; never throws for its exit code. */
export async function pulumi(lab: Lab, programs: readonly string[], stack: string, args: readonly string[], progress: Progress = () => undefined): Promise<PulumiRun> {
    const files = stackFiles(lab);
    fs.mkdirSync(files.logs, { recursive: true });
    const log = path.join(files.logs, `${stack}-${args[0] ?? "pulumi"}.log`);
    const out = fs.createWriteStream(log);
    const start = Date.now();
    const child = spawn("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"], {
        cwd: projectDir,
        env: { ...process.env, ...pulumiEnvironment(lab, programs) },
        stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    let done = 0;
    const take = (line: string): void => {
        out.write(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} ${line}\n`);
        lines.push(line);
        const event = resourceEvent(line);
        if (event) {
            done += event.finished ? 1 : 0;
            progress(`${done} done, ${event.doing} ${event.name}`);
        }
    };
    createInterface({ input: child.stdout }).on("line", take);
    createInterface({ input: child.stderr }).on("line", take);
    const code = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (exit, signal) => resolve(exit ?? (signal ? 128 : 1)));
    });
    // The error of a failed run names the log, so it has to be whole by then.
    await new Promise<void>((resolve) => out.end(resolve));
    return { code, output: lines.join("\n"), log, seconds: (Date.now() - start) / 1000 };
}

/** The same, for verbs that must succeed. */
export async function mustPulumi(lab: Lab, programs: readonly string[], stack: string, args: readonly string[], progress?: Progress): Promise<PulumiRun> {
    const result = await pulumi(lab, programs, stack, args, progress);
    if (result.code !== 0) {
        throw new PulumiError(args[0] ?? "", result);
    }
    return result;
}

/**
 * Runs a verb that needs no program in the folder of the lab's stack files. Pulumi writes the salt of a new stack into
 * the configuration file beside the project file, and the checkout's own must stay as it is.
 */
function beside(lab: Lab, programs: readonly string[], args: readonly string[]): Promise<string> {
    const { config, state } = stackFiles(lab);
    fs.mkdirSync(state, { recursive: true });
    fs.mkdirSync(config, { recursive: true });
    fs.writeFileSync(path.join(config, "Pulumi.yaml"), "name: fjord\nruntime: nodejs\n");
    return run("pulumi", [...args, "--non-interactive"], { cwd: config, env: pulumiEnvironment(lab, programs) });
}

/** Makes sure that the stack exists in the lab's backend. */
export async function ensureStack(lab: Lab, programs: readonly string[], stack: string): Promise<void> {
    const stacks = JSON.parse(await beside(lab, programs, ["stack", "ls", "--json"])) as { name: string }[];
    if (!stacks.some(({ name }) => name === stack || name.endsWith(`/${stack}`))) {
        await beside(lab, programs, ["stack", "init", stack]);
    }
}

/** An output of a stack that is no secret. */
export const stackOutput = (lab: Lab, programs: readonly string[], stack: string, name: string): Promise<string> =>
    beside(lab, programs, ["stack", "output", name, "--stack", stack]);

/** All outputs of a stack, secrets in clear: for what has to work with them outside Pulumi. */
export const stackOutputs = async (lab: Lab, programs: readonly string[], stack: string): Promise<Record<string, unknown>> =>
    JSON.parse(await beside(lab, programs, ["stack", "output", "--json", "--show-secrets", "--stack", stack])) as Record<string, unknown>;
