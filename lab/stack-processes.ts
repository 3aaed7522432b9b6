import * as fs from "node:fs";
import type { Lab } from "./plan";
import { stackFiles } from "./pulumi";

/** What tells a process of a lab's stacks from all others. */
export interface ProcessFacts {
    readonly pid: number;
    readonly parent: number;
    /** First process of its session. */
    readonly leader: boolean;
    /** It has a terminal. */
    readonly terminal: boolean;
    /** `NAME=value` of its environment. */
    readonly environment: readonly string[];
}

/**
 * Pids of what runs for a lab's stacks: Pulumi, its plugins, what its commands started, and the API tunnel. All of them
 * carry the lab's folder in their environment, and keep it when whoever started them was killed. Left out are the
 * caller, whoever called it, and a person's shell with the same variables, which leads a session with a terminal. Pure.
 */
export function stackProcesses(lab: Pick<Lab, "dir">, processes: readonly ProcessFacts[], caller: number): number[] {
    const files = stackFiles(lab);
    const marks = [`PULUMI_HOME=${files.pulumiHome}`, `FJORD_HOME=${files.home}`];
    const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
    const callers = new Set<number>();
    for (let pid: number | undefined = caller; pid !== undefined && !callers.has(pid); pid = parents.get(pid)) {
        callers.add(pid);
    }
    return processes
        .filter(({ pid, leader, terminal }) => !callers.has(pid) && !(leader && terminal))
        .filter(({ environment }) => marks.some((mark) => environment.includes(mark)))
        .map(({ pid }) => pid);
}

/** Facts about one process; undefined if it is gone or another user's. */
function factsOf(pid: number): ProcessFacts | undefined {
    try {
        const environment = fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
        // After the command, which may hold anything: state, parent, group, session, terminal.
        const fields = stat
            .slice(stat.lastIndexOf(")") + 2)
            .split(" ")
            .map(Number);
        return { pid, parent: fields[1] ?? 0, leader: fields[3] === pid, terminal: fields[4] !== 0, environment };
    } catch {
        return undefined;
    }
}

/** Pids of what runs for a lab's stacks now. */
export function stackPids(lab: Pick<Lab, "dir">): number[] {
    const pids = fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
    return stackProcesses(
        lab,
        pids.flatMap((pid) => factsOf(Number(pid)) ?? []),
        process.pid,
    );
}
