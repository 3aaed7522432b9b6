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

/** Does some work and gives, beside its result, by how many MiB the machine's available memory fell meanwhile. */
export async function watchMemory<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly peak: number }> {
    const before = availableMemory();
    let least = before;
    const timer = setInterval(() => (least = Math.min(least, availableMemory())), interval);
    try {
        const result = await work();
        return { result, peak: Math.round(before - least) };
    } finally {
        clearInterval(timer);
    }
}
