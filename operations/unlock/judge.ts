/** A state lock as Pulumi writes it into the `.pulumi/locks` folder of its own backends. */
export interface StateLock {
    readonly pid: number;
    readonly username: string;
    readonly hostname: string;
    /** RFC 3339. */
    readonly timestamp: string;
}

/** What this machine knows about a process. */
export interface Process {
    /** When it started, milliseconds since 1970. */
    readonly started: number;
    /** Its command line, for the message. */
    readonly command: string;
}

/** Whether the owner of a lock is dead, and how that is known. Only `dead` may be cleared. */
export type LockVerdict =
    | { readonly kind: "dead"; readonly why: string }
    | { readonly kind: "alive"; readonly why: string; readonly fix: string }
    | { readonly kind: "unknown"; readonly why: string; readonly fix: string };

/** A pid may have been given out again: a process younger than the lock by more than this is another one. Clock ticks and timestamps are rounded. */
const rounding = 2_000;

/** Judges a lock by the processes of the machine that wrote it. Pure; `find` answers for this machine only. */
export function judgeLock(lock: StateLock, hostname: string, find: (pid: number) => Process | undefined): LockVerdict {
    const owner = `pid ${lock.pid} of ${lock.username} on ${lock.hostname}, since ${lock.timestamp}`;
    if (lock.hostname !== hostname) {
        return {
            kind: "unknown",
            why: `the lock belongs to ${owner}; this is ${hostname}`,
            fix: `run this on ${lock.hostname}, or, if that machine is gone for good, \`pulumi cancel\``,
        };
    }
    const taken = Date.parse(lock.timestamp);
    if (Number.isNaN(taken)) {
        return { kind: "unknown", why: `the lock's time cannot be read (${owner})`, fix: "look at the lock file; if no `pulumi` runs against this stack, `pulumi cancel`" };
    }
    const process = find(lock.pid);
    if (!process) {
        return { kind: "dead", why: `no process ${lock.pid} runs on ${hostname} (${owner})` };
    }
    if (process.started > taken + rounding) {
        return { kind: "dead", why: `process ${lock.pid} started after the lock was taken, so it is another one (${owner})` };
    }
    return { kind: "alive", why: `its owner still runs: ${owner}: ${process.command}`, fix: `wait for it, or end it (kill -INT ${lock.pid}) and run this again` };
}
