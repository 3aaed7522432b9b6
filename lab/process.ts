import * as childProcess from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** Takes one line about what is going on. */
export type Progress = (line: string) => void;

/** How a command is run to its end. */
export interface RunOptions {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** Text for its standard input; nothing by default. */
    readonly input?: string;
    /** Milliseconds. Default 10 minutes, so that nothing hangs for ever. */
    readonly timeout?: number;
}

/** How much of a command's output is kept. */
const outputLimit = 64 * 2 ** 20;

/** Runs a command and gives its standard output; throws with the end of its standard error when it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return new Promise((resolve, reject) => {
        const timeout = options.timeout ?? 600_000;
        const child = childProcess.execFile(
            command,
            [...args],
            { cwd: options.cwd, env: { ...process.env, ...options.env }, timeout, maxBuffer: outputLimit },
            (error, stdout, stderr) => {
                if (!error) {
                    resolve(stdout.trimEnd());
                    return;
                }
                const why =
                    error.killed === true
                        ? `did not end within ${timeout / 1000} s`
                        : typeof error.code === "number"
                          ? `ended with code ${error.code}`
                          : `could not be run (${error.code ?? error.signal})`;
                const tail = (stderr || stdout).trim().split("\n").slice(-8).join("\n  | ");
                reject(new Error(`${command} ${args.slice(0, 6).join(" ")} ${why}\n  | ${tail}`));
            },
        );
        // The command may end without reading all of its input.
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(options.input ?? "");
    });
}

/** True if the command ends with code 0. */
export const succeeds = (command: string, args: readonly string[]): Promise<boolean> =>
    run(command, args, { timeout: 60_000 }).then(
        () => true,
        () => false,
    );

/** A process that outlives the command that started it, as it is written down. */
interface ProcessRecord {
    readonly pid: number;
    /** Start time in clock ticks since boot: with the pid it names one process for as long as the machine runs. */
    readonly started: string;
    readonly command: string;
}

/** Start time of a process, or undefined if there is none (or it is a zombie). */
export function startTime(pid: number): string | undefined {
    try {
        const fields = fs
            .readFileSync(`/proc/${pid}/stat`, "utf8")
            .replace(/^.*\) /s, "")
            .split(" ");
        return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
    } catch {
        return undefined;
    }
}

const recordFile = (runDir: string, name: string): string => path.join(runDir, `${name}.json`);

/** Pids of the processes of this machine whose command line, word by word, is one that is looked for. */
export function processesWith(matches: (words: readonly string[]) => boolean): number[] {
    return fs
        .readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry))
        .map(Number)
        .filter((pid) => {
            try {
                return matches(fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0"));
            } catch {
                return false;
            }
        });
}

/** The pid of a recorded process that still runs; a pid that now belongs to another process does not count. */
export function runningPid(runDir: string, name: string): number | undefined {
    try {
        const record = JSON.parse(fs.readFileSync(recordFile(runDir, name), "utf8")) as ProcessRecord;
        return startTime(record.pid) === record.started ? record.pid : undefined;
    } catch {
        return undefined;
    }
}

/** Names of all processes that are recorded, running or not. */
export function recordedProcesses(runDir: string): string[] {
    if (!fs.existsSync(runDir)) {
        return [];
    }
    return fs
        .readdirSync(runDir)
        .filter((file) => file.endsWith(".json"))
        .map((file) => file.slice(0, -".json".length))
        .sort();
}

/** Starts a process in a session of its own, its output appended to a log, and records it in `<runDir>/<name>.json`. */
export function startProcess(
    runDir: string,
    name: string,
    command: string,
    args: readonly string[],
    options: { readonly log: string; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string },
): number {
    const running = runningPid(runDir, name);
    if (running !== undefined) {
        return running;
    }
    fs.mkdirSync(runDir, { recursive: true, mode: 0o700 });
    fs.mkdirSync(path.dirname(options.log), { recursive: true });
    const log = fs.openSync(options.log, "a");
    try {
        const child = childProcess.spawn(command, [...args], {
            detached: true,
            stdio: ["ignore", log, log],
            env: { ...process.env, ...options.env },
            ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        });
        // Without a listener a missing command would end this process; with one, the missing pid below says it.
        child.on("error", () => undefined);
        const started = child.pid === undefined ? undefined : startTime(child.pid);
        if (child.pid === undefined || started === undefined) {
            throw new Error(`${name}: cannot start ${command}\n  log: ${options.log}`);
        }
        const record: ProcessRecord = { pid: child.pid, started, command: path.basename(command) };
        fs.writeFileSync(recordFile(runDir, name), `${JSON.stringify(record)}\n`);
        child.unref();
        return child.pid;
    } finally {
        fs.closeSync(log);
    }
}

export const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until something is true; false if it is not within the time. */
export async function until(
    milliseconds: number,
    done: () => boolean | Promise<boolean>,
    every = 50,
): Promise<boolean> {
    const end = Date.now() + milliseconds;
    while (!(await done())) {
        if (Date.now() >= end) {
            return false;
        }
        await sleep(every);
    }
    return true;
}

function signal(pid: number, started: string, name: NodeJS.Signals): void {
    if (startTime(pid) === started) {
        try {
            process.kill(pid, name);
        } catch {
            // It ended between the two lines.
        }
    }
}

/** Ends one process, whose start time was read before: SIGTERM, and SIGKILL after a bound. `grace` 0 kills at once. */
export async function endProcess(pid: number, started: string, grace: number): Promise<void> {
    const gone = (): boolean => startTime(pid) !== started;
    if (grace > 0) {
        signal(pid, started, "SIGTERM");
        if (await until(grace, gone)) {
            return;
        }
    }
    signal(pid, started, "SIGKILL");
    if (!(await until(10_000, gone))) {
        throw new Error(`process ${pid} is still there 10 s after SIGKILL: look at /proc/${pid}/stack`);
    }
}

/** Ends a recorded process, if it runs, and removes its record. */
export async function stopProcess(runDir: string, name: string, grace = 10_000): Promise<void> {
    const pid = runningPid(runDir, name);
    const started = pid === undefined ? undefined : startTime(pid);
    if (pid !== undefined && started !== undefined) {
        await endProcess(pid, started, grace);
    }
    fs.rmSync(recordFile(runDir, name), { force: true });
}
