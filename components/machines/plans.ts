import { mib, MiB } from "../../infra/config/types";

/** A size of server, as providers sell it. Preflight checks that a server has at least this much. */
export interface Plan {
    readonly name: string;
    readonly vcpus: number;
    /** What the provider says; the kernel sees a little less, see `memoryTolerance`. */
    readonly memory: MiB;
    /** Size of the root disk in GiB (2^30 bytes). */
    readonly diskGiB: number;
}

/**
 * Part of a plan's memory that may be missing from MemTotal: the kernel's own text and the crash kernel take
 * up to about 5 % of a small guest, and a server of the next smaller plan has 50 % less.
 */
export const memoryTolerance = 0.06;

const catalogue = [
    { name: "nvme-4gb", vcpus: 2, memory: mib(4096), diskGiB: 40 },
    { name: "nvme-8gb", vcpus: 4, memory: mib(8192), diskGiB: 80 },
    { name: "nvme-16gb", vcpus: 6, memory: mib(16384), diskGiB: 160 },
    { name: "nvme-32gb", vcpus: 8, memory: mib(32768), diskGiB: 320 },
    { name: "nvme-64gb", vcpus: 16, memory: mib(65536), diskGiB: 640 },
    // Containers that share one machine: each sees all of it and promises nothing.
    { name: "lab", vcpus: 1, memory: mib(512), diskGiB: 1 },
] as const satisfies readonly Plan[];

/** Names of the catalogue, smallest first, `lab` last. */
export const planNames: readonly string[] = catalogue.map((plan) => plan.name);

/** The plan of that name. Throws where there is none: the configuration has been validated before. */
export function planNamed(name: string): Plan {
    const plan = catalogue.find((candidate) => candidate.name === name);
    if (!plan) {
        throw new Error(`no plan "${name}" in the catalogue: choose one of ${planNames.join(", ")}`);
    }
    return plan;
}

/** Least MemTotal in MiB that a server of the plan may show. */
export function leastMemory(plan: Plan): MiB {
    return mib(Math.floor(plan.memory * (1 - memoryTolerance)));
}
