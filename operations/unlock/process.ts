import * as fs from "node:fs";
import { Process } from "./judge";

/** Clock ticks a second in /proc; USER_HZ is 100 on every Linux architecture that Node supports. */
const ticksPerSecond = 100;

/** A running process of this machine; undefined if there is none (a zombie runs no more). */
export function findProcess(pid: number): Process | undefined {
    try {
        const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
        if (fields[0] === "Z" || fields[0] === "X") {
            return undefined;
        }
        const boot = Number(/^btime (\d+)$/m.exec(fs.readFileSync("/proc/stat", "utf8"))?.[1]);
        return {
            started: (boot + Number(fields[19]) / ticksPerSecond) * 1000,
            command: fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 120),
        };
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ESRCH") {
            return undefined;
        }
        throw error;
    }
}
