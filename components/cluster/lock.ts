import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Seconds } from "../../infra/config/types";

/** True while a process of this computer runs. */
export function alive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

function holder(file: string): number | undefined {
    try {
        const pid = Number(fs.readFileSync(file, "utf8"));
        return Number.isInteger(pid) && pid > 0 ? pid : undefined;
    } catch {
        return undefined;
    }
}

/** Takes the lock by linking a file that already holds the pid: it is never seen empty. */
function take(file: string): boolean {
    const own = `${file}.${process.pid}`;
    fs.writeFileSync(own, String(process.pid), { mode: 0o600 });
    try {
        fs.linkSync(own, file);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
            throw error;
        }
        return false;
    } finally {
        fs.rmSync(own, { force: true });
    }
}

/** Removes the lock of a process that is gone. Moved aside first, so that of two who try only one removes it. */
function removeStale(file: string): void {
    const aside = `${file}.stale.${process.pid}`;
    try {
        fs.renameSync(file, aside);
    } catch {
        return;
    }
    const pid = holder(aside);
    if (pid !== undefined && alive(pid) && !fs.existsSync(file)) {
        // It changed hands between the look and the move: give it back.
        fs.renameSync(aside, file);
        return;
    }
    fs.rmSync(aside, { force: true });
}

/** What a process that waits leaves beside the lock: when it came, and who it is. Names sort by when they came. */
function ticketOf(file: string): string {
    const came = `${Date.now()}`.padStart(15, "0");
    return `${path.basename(file)}.waits.${came}.${process.pid}.${crypto.randomBytes(4).toString("hex")}`;
}

/** Whether nobody alive came before. */
function isNext(file: string, ticket: string): boolean {
    const folder = path.dirname(file);
    const before = fs
        .readdirSync(folder)
        .filter((name) => name.startsWith(`${path.basename(file)}.waits.`) && name < ticket);
    return before.every((name) => {
        const gone = !alive(Number(name.split(".").at(-2)));
        if (gone) {
            fs.rmSync(path.join(folder, name), { force: true });
        }
        return gone;
    });
}

const failedFile = (file: string): string => `${file}.failed`;

/** Whether someone failed with the lock since a moment. */
function failedSince(file: string, moment: number): boolean {
    const stats = fs.statSync(failedFile(file), { throwIfNoEntry: false });
    return stats !== undefined && stats.mtimeMs > moment;
}

async function wait(file: string, limit: Seconds): Promise<void> {
    const came = Date.now();
    const ticket = ticketOf(file);
    const own = path.join(path.dirname(file), ticket);
    fs.writeFileSync(own, "", { mode: 0o600 });
    const deadline = Date.now() + limit * 1000;
    try {
        while (!isNext(file, ticket) || !take(file)) {
            const pid = holder(file);
            if (fs.existsSync(file) && (pid === undefined || !alive(pid))) {
                removeStale(file);
                continue;
            }
            if (Date.now() > deadline) {
                throw new Error(
                    `fjord: process ${pid ?? "unknown"} holds ${file} for more than ${limit} s\n  what to do: wait for it or end it, then run again`,
                );
            }
            await sleep(200);
        }
        // Looked at with the lock in hand: who fails says so before giving it back.
        if (failedSince(file, came)) {
            fs.rmSync(file, { force: true });
            throw new Error(
                "fjord: a step whose turn was before this one failed, so this one was not begun\n  what to do: mend what that one says, then run again",
            );
        }
    } finally {
        fs.rmSync(own, { force: true });
    }
}

/**
 * Does something while holding a lock among the processes of this computer: the steps of one `up`, which run at the
 * same time. Who comes first goes first. Where one fails, those that wait give up: what broke one node is not done to
 * the next. Pulumi's own lock keeps a second `up` away.
 */
export async function withLock<T>(file: string, limit: Seconds, work: () => Promise<T>): Promise<T> {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    await wait(file, limit);
    try {
        return await work();
    } catch (error) {
        fs.writeFileSync(failedFile(file), "", { mode: 0o600 });
        throw error;
    } finally {
        fs.rmSync(file, { force: true });
    }
}
