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

/** A lock, and who asks for it. */
export interface Turn {
    readonly file: string;
    /** What it is asked for: `cp-02.osl.node`. Who asks for the same once more takes the place of the one before. */
    readonly who: string;
    /** Longest wait. */
    readonly limit: Seconds;
}

/** What a process that waits leaves beside the lock. Names sort by when they came. */
interface Ticket {
    readonly name: string;
    readonly pid: number;
    readonly who: string;
}

const encoded = (who: string): string => Buffer.from(who, "utf8").toString("base64url");

function ticketOf({ file, who }: Turn): Pick<Ticket, "name" | "who"> {
    const came = `${Date.now()}`.padStart(15, "0");
    const random = crypto.randomBytes(4).toString("hex");
    const name = `${path.basename(file)}.waits.${came}.${random}.${process.pid}.${encoded(who)}`;
    return { name, who: encoded(who) };
}

/** All tickets of processes that live, first come first. Those of others are removed. */
function tickets(file: string): readonly Ticket[] {
    const folder = path.dirname(file);
    return fs
        .readdirSync(folder)
        .filter((name) => name.startsWith(`${path.basename(file)}.waits.`))
        .sort()
        .map((name): Ticket => ({ name, pid: Number(name.split(".").at(-2)), who: name.split(".").at(-1) ?? "" }))
        .filter(({ name, pid }) => {
            const lives = alive(pid);
            if (!lives) {
                fs.rmSync(path.join(folder, name), { force: true });
            }
            return lives;
        });
}

const gaveUp = (why: string): Error =>
    new Error(`fjord: ${why}, so this step was not begun\n  what to do: mend what that one says, then run again`);

/** Processes of one `up` have the same parent, the provider that starts them. */
const run = String(process.ppid);

const failedFile = (file: string): string => `${file}.failed`;

/** Why a step gives up: another one of the same run has failed with the lock since a moment. Undefined where none has. */
export function failureSince(file: string, moment: number): Error | undefined {
    const stats = fs.statSync(failedFile(file), { throwIfNoEntry: false });
    const failed = stats !== undefined && stats.mtimeMs > moment && fs.readFileSync(failedFile(file), "utf8") === run;
    return failed ? gaveUp("a step whose turn was before this one failed") : undefined;
}

/** Whether a process that lives holds the lock, or waits for it. */
export function inUse(file: string): boolean {
    if (!fs.existsSync(path.dirname(file))) {
        return false;
    }
    const pid = holder(file);
    return (pid !== undefined && alive(pid)) || tickets(file).length > 0;
}

/** Gives true if somebody had to be waited for. */
async function wait(turn: Turn): Promise<boolean> {
    const { file, limit } = turn;
    const came = Date.now();
    const own = ticketOf(turn);
    const ownFile = path.join(path.dirname(file), own.name);
    fs.writeFileSync(ownFile, "", { mode: 0o600 });
    const deadline = came + limit * 1000;
    let waited = false;
    try {
        for (;;) {
            const waiting = tickets(file);
            if (waiting.some(({ name, who }) => who === own.who && name > own.name)) {
                throw gaveUp("another run does the same by now");
            }
            if (waiting[0]?.name === own.name && take(file)) {
                break;
            }
            waited = true;
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
        const failure = failureSince(file, came);
        if (failure) {
            fs.rmSync(file, { force: true });
            throw failure;
        }
        return waited;
    } finally {
        fs.rmSync(ownFile, { force: true });
    }
}

/**
 * Does something while holding a lock among the processes of this computer: the steps of one `up`, which run at the
 * same time, and those that a killed `up` has left. Who comes first goes first. Where one fails, those of the same run that
 * wait give up: what broke one node is not done to the next. Pulumi's own lock keeps a second `up` away.
 *
 * @param work is told whether somebody was waited for: what it knows may be old then
 */
export async function withLock<T>(turn: Turn, work: (waited: boolean) => Promise<T>): Promise<T> {
    const { file } = turn;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const waited = await wait(turn);
    try {
        return await work(waited);
    } catch (error) {
        fs.writeFileSync(failedFile(file), run, { mode: 0o600 });
        throw error;
    } finally {
        fs.rmSync(file, { force: true });
    }
}
