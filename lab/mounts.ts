import * as fs from "node:fs";
import { run } from "./process";

/** Mount points at or below a folder, deepest first, from the text of /proc/self/mountinfo. Pure. */
export function mountsBelow(mountinfo: string, dir: string): string[] {
    const unescape = (text: string): string =>
        text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    return mountinfo
        .split("\n")
        .map((line) => unescape(line.split(" ")[4] ?? ""))
        .filter((point) => point === dir || point.startsWith(`${dir}/`))
        .sort((a, b) => (a === b ? 0 : a < b ? 1 : -1));
}

export const currentMounts = (dir: string): string[] =>
    mountsBelow(fs.readFileSync("/proc/self/mountinfo", "utf8"), dir);

/** Unmounts everything at or below a folder. */
export async function unmountBelow(dir: string): Promise<void> {
    for (const point of currentMounts(dir)) {
        await run("umount", [point]);
    }
}
