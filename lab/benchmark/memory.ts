import * as fs from "node:fs";

const interval = 500;

/** MiB of memory that programs could still get, as the kernel judges it. */
export function availableMemory(meminfo: string = fs.readFileSync("/proc/meminfo", "utf8")): number {
    const kib = /^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1];
    if (kib === undefined) {
        throw new Error("/proc/meminfo has no MemAvailable: this kernel is older than 3.14");
    }
    return Number(kib) / 1024;
}

/** Watches the machine's memory from now on; what it returns ends that and gives the greatest fall since, in MiB. */
export function watchMemory(): () => number {
    const before = availableMemory();
    let least = before;
    const look = (): void => void (least = Math.min(least, availableMemory()));
    const timer = setInterval(look, interval);
    return () => {
        clearInterval(timer);
        look();
        return Math.round(before - least);
    };
}
