import { mib, MiB, PlanConfig } from "../../infra/config/types";

/**
 * A size of server, as providers sell it. Preflight checks that a server has at least this much, and a guest is made
 * with exactly this much. `memory` is what the provider says; the kernel sees a little less, see `memoryTolerance`.
 */
export type Plan = PlanConfig;

/**
 * Part of a plan's memory that may be missing from MemTotal: the kernel's own text and the crash kernel take
 * up to about 5 % of a small guest, and a server of the next smaller plan has 50 % less.
 */
export const memoryTolerance = 0.06;

/** Name of the plan of a lab's containers: a guest cannot be made with so little. */
export const labPlan = "lab";

/** None of them bounds a disk's rate: a plan of the region's own does, where guests must not disturb each other. */
const catalogue = [
    { name: "nvme-4gb", vcpus: 2, memory: mib(4096), diskGiB: 40 },
    { name: "nvme-8gb", vcpus: 4, memory: mib(8192), diskGiB: 80 },
    { name: "nvme-16gb", vcpus: 6, memory: mib(16384), diskGiB: 160 },
    { name: "nvme-32gb", vcpus: 8, memory: mib(32768), diskGiB: 320 },
    { name: "nvme-64gb", vcpus: 16, memory: mib(65536), diskGiB: 640 },
    // Containers that share one machine: each sees all of it and promises nothing.
    { name: labPlan, vcpus: 1, memory: mib(512), diskGiB: 1 },
] satisfies readonly Plan[];

/** Names of the catalogue, smallest first, `lab` last. */
export const planNames: readonly string[] = catalogue.map((plan) => plan.name);

/**
 * The plan of that name, of the catalogue or of the region's own. Throws where there is none: the configuration has
 * been validated before.
 */
export function planNamed(name: string, own: readonly Plan[] = []): Plan {
    const plans = [...catalogue, ...own];
    const plan = plans.find((candidate) => candidate.name === name);
    if (!plan) {
        throw new Error(`there is no plan "${name}": choose one of ${plans.map((each) => each.name).join(", ")}`);
    }
    return plan;
}

/** Least MemTotal in MiB that a server of the plan may show. */
export function leastMemory(plan: Plan): MiB {
    return mib(Math.floor(plan.memory * (1 - memoryTolerance)));
}
