import * as fs from "node:fs";
import * as path from "node:path";
import { Seconds, seconds } from "../../infra/config/types";

/** A value that a script can take. Lists become bash arrays, booleans `true`/`false`. */
export type ScriptValue = string | number | boolean | readonly string[];

/** `apply` makes it so; `check` changes nothing and exits 10 where `apply` would change something. */
export type ScriptMode = "apply" | "check";

/** What a run of a script on a machine is made of. */
export interface ScriptRun {
    /** Absolute path of the `.sh` file. */
    readonly file: string;
    /** Full name of the machine, for messages: `worker-01.osl.node`. */
    readonly node: string;
    /** Name of the step: `containerd`. Also the name of its log, /var/log/fjord/<step>.log. */
    readonly step: string;
    readonly mode: ScriptMode;
    /** Upper-case names, e.g. `{ VERSION: "2.3.7-1" }`. */
    readonly params: Readonly<Record<string, ScriptValue>>;
    /**
     * How long to wait for another fjord script on the same machine; `none`: not at all, for a script that may run
     * beside any other. Default 300 s.
     */
    readonly lockWait?: Seconds | "none";
}

/** How long a script waits for another one that runs on its machine. */
function lockWaitOf({ lockWait = seconds(300) }: Pick<ScriptRun, "lockWait">): Seconds | "none" {
    return lockWait;
}

/** Longest run of a script on the machine: what it may take for itself, after what it may wait for another one. */
export function scriptLimit(run: Pick<ScriptRun, "lockWait">, timeout: Seconds): Seconds {
    const wait = lockWaitOf(run);
    return wait === "none" ? timeout : seconds(timeout + wait);
}

/** Exit codes of every script (lib.sh): 0 done, 10 drift found by check, 20 failed with a reason, 21 another script holds the machine. */
export const ScriptExit = { ok: 0, drift: 10, failed: 20, busy: 21 } as const;

const reserved = new Set(["MODE", "NODE", "STEP", "LOG", "LOCK_WAIT", "PATH", "CHANGES"]);

/** Quotes for bash: the result is one word with exactly this value. */
export function shellQuote(value: string): string {
    if (value.includes("\0")) {
        throw new Error("a parameter of a script holds a NUL character, which no shell variable can");
    }
    return `'${value.replaceAll("'", `'\\''`)}'`;
}

function declaration(name: string, value: ScriptValue): string {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name)) {
        throw new Error(`"${name}" is not a name for a parameter of a script: use upper case, digits and underscores`);
    }
    if (typeof value === "object") {
        return `declare -ra ${name}=(${value.map(shellQuote).join(" ")})`;
    }
    return `declare -r ${name}=${shellQuote(String(value))}`;
}

const read = (name: string): string => fs.readFileSync(path.join(__dirname, name), "utf8");
const library = read("lib.sh");

/** What a script may take in beside lib.sh, with `. measure.sh` as a line of its own: the text stands in its place. */
const takenIn: ReadonlyMap<string, string> = new Map(["measure.sh"].map((name) => [name, read(name)]));

function takeIn(file: string): string {
    return fs.readFileSync(file, "utf8").replace(/^\. ([\w-]+\.sh)$/gm, (_, name: string) => {
        const text = takenIn.get(name);
        if (text === undefined) {
            throw new Error(`${file} takes in ${name}: components/remote/script.ts has only ${[...takenIn.keys()].join(", ")} for that`);
        }
        return text;
    });
}

/**
 * The text that is piped to `bash -s` on the machine. It is one compound command, so that bash has read all of it
 * before anything runs; a connection that breaks in the middle of the transfer runs nothing.
 */
export function renderScript(run: ScriptRun): string {
    for (const name of Object.keys(run.params)) {
        if (reserved.has(name)) {
            throw new Error(`"${name}" cannot be a parameter of a script: lib.sh uses it`);
        }
    }
    return [
        "{",
        "exec </dev/null",
        declaration("MODE", run.mode),
        declaration("NODE", run.node),
        declaration("STEP", run.step),
        declaration("LOG", `/var/log/fjord/${run.step}.log`),
        declaration("LOCK_WAIT", lockWaitOf(run)),
        ...Object.entries(run.params)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, value]) => declaration(name, value)),
        library,
        "start",
        takeIn(run.file),
        "finish",
        "}",
        "",
    ].join("\n");
}

/**
 * The command line that runs such a text. It names machine and step, so that every error which quotes it does;
 * it never holds a parameter.
 *
 * @param timeout what the script may take for itself; its wait for the machine's lock is added here
 */
export function scriptCommand(
    run: Pick<ScriptRun, "node" | "step" | "mode" | "lockWait">,
    user: string,
    timeout: Seconds,
): string {
    const sudo = user === "root" ? "" : "sudo -n ";
    return `${sudo}timeout -k 10 ${scriptLimit(run, timeout)} bash -s # ${run.node}: ${run.step} ${run.mode}`;
}
