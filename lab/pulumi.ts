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
    /** Full output of every run. */
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

/** The part of Pulumi's output that says what went wrong; all of it where there is no such part. */
export function diagnostics(output: string): string {
    const start = output.indexOf("\nDiagnostics:");
    const end = output.search(/\n(Outputs|Resources):\n/);
    const text = start >= 0 ? output.slice(start + 1, end > start ? end : undefined) : output.split("\n").slice(-30).join("\n");
    return text.trim();
}

/** One line of Pulumi's non-interactive output that says that a resource was finished. */
const finished = /^\s*[@+~\-]*\s+\S+ \S+ (created|updated|deleted|replaced|refreshed)\b/;

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
        out.write(`${line}\n`);
        lines.push(line);
        if (finished.test(line)) {
            done += 1;
        }
        const doing = /^\s*[@+~\-]*\s+\S+ (\S+) (creating|updating|deleting|replacing|created|updated|deleted)/.exec(line);
        if (doing) {
            progress(`${done} done, ${doing[2]} ${doing[1]}`);
        }
    };
    createInterface({ input: child.stdout }).on("line", take);
    createInterface({ input: child.stderr }).on("line", take);
    const code = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (exit, signal) => resolve(exit ?? (signal ? 128 : 1)));
    });
    out.end();
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
