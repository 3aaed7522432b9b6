import * as fs from "node:fs";
import * as path from "node:path";
import { judgeLock, LockVerdict, Process, StateLock } from "./judge";

/** A lock file and what was found out about its owner. */
export interface FoundLock {
    readonly file: string;
    readonly verdict: LockVerdict;
}

/** Folder of a `file://` state. */
export function stateFolder(backend: string): string {
    const url = new URL(backend);
    if (url.protocol !== "file:") {
        throw new Error(
            `unlock: the state is at ${url.protocol}//, whose locks are not read here\n` +
                "  what to do: the message of the locked command names the owner's machine and pid; if it is dead, `pulumi cancel`",
        );
    }
    return path.join(url.pathname, ".pulumi");
}

/** Folder of a stack's locks in a `file://` state. */
export function lockFolder(backend: string, project: string, stack: string): string {
    return path.join(stateFolder(backend), "locks", "organization", project, stack);
}

function readLock(file: string): StateLock {
    try {
        return JSON.parse(fs.readFileSync(file, "utf8")) as StateLock;
    } catch {
        // A writer that was killed in the middle leaves half a file: nothing is known of its owner.
        return { pid: -1, username: "unknown", hostname: "unknown", timestamp: "unknown" };
    }
}

/** All locks of a stack, judged. */
export function findLocks(folder: string, hostname: string, find: (pid: number) => Process | undefined): FoundLock[] {
    if (!fs.existsSync(folder)) {
        return [];
    }
    return fs
        .readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .map((name) => path.join(folder, name))
        .map((file) => ({ file, verdict: judgeLock(readLock(file), hostname, find) }));
}

/** Removes the locks whose owners are dead; the others are left and returned. */
export function clearDead(locks: readonly FoundLock[]): FoundLock[] {
    for (const { file } of locks.filter(({ verdict }) => verdict.kind === "dead")) {
        fs.rmSync(file, { force: true });
    }
    return locks.filter(({ verdict }) => verdict.kind !== "dead");
}
