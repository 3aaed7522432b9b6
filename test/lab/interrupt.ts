import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Lab } from "../../lab/plan";
import { sleep } from "../../lab/process";
import { projectDir, pulumiEnvironment } from "../../lab/pulumi";
import { upArguments } from "../../lab/region";

/** A moment in a run: a time after the first line of output that matches. */
export interface Moment {
    readonly name: string;
    readonly line: RegExp;
    /** Milliseconds after that line, so that the work it names is under way. */
    readonly later: number;
}

/** A run that was ended from outside. */
export interface Interrupted {
    /** The killed process. */
    readonly pid: number;
    readonly output: string;
    readonly seconds: number;
}

/**
 * Runs `pulumi up` and kills its process, and only that one, with SIGKILL at a moment: what it had started goes on or
 * ends by itself, as after a crash.
 *
 * @throws if the run ends before the moment comes
 */
export async function killUpAt(lab: Lab, programs: readonly string[], moment: Moment): Promise<Interrupted> {
    const start = Date.now();
    const child = spawn("pulumi", [...upArguments(lab), "--stack", lab.name, "--non-interactive", "--color", "never"], {
        cwd: projectDir,
        env: { ...process.env, ...pulumiEnvironment(lab, programs) },
        stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    const exit = new Promise<NodeJS.Signals | null>((resolve, reject) => {
        child.on("error", reject);
        // Not "close": the orphans hold the other end of its output.
        child.on("exit", (_code, signal) => resolve(signal));
    });
    let killed: Promise<void> | undefined;
    const take = (line: string): void => {
        lines.push(line);
        if (!killed && moment.line.test(line)) {
            killed = sleep(moment.later).then(() => void child.kill("SIGKILL"));
        }
    };
    createInterface({ input: child.stdout }).on("line", take);
    createInterface({ input: child.stderr }).on("line", take);
    const signal = await exit;
    child.stdout.destroy();
    child.stderr.destroy();
    const output = lines.join("\n");
    if (signal !== "SIGKILL") {
        throw new Error(`pulumi up ended before "${moment.name}" (${moment.line}):\n${lines.slice(-40).join("\n")}`);
    }
    return { pid: child.pid ?? 0, output, seconds: (Date.now() - start) / 1000 };
}
