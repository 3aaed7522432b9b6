import { MiB, mib } from "../../infra/config/types";

/** What a container asks for, and where its memory ends. CPU has no limit: throttling shows up as latency first. */
export interface ContainerResources {
    /** Thousandths of a core. */
    readonly cpu: number;
    readonly memory: MiB;
    readonly memoryLimit: MiB;
}

/** Short for the three figures, in millicores, MiB and MiB. */
export function containerResources(cpu: number, memory: number, memoryLimit: number): ContainerResources {
    if (memory > memoryLimit) {
        throw new Error(`a container asks for ${memory} MiB, which is more than its limit of ${memoryLimit} MiB`);
    }
    return { cpu, memory: mib(memory), memoryLimit: mib(memoryLimit) };
}

/** `resources` of a container. */
export function resourceRequirements(resources: ContainerResources) {
    return {
        requests: { cpu: `${resources.cpu}m`, memory: `${resources.memory}Mi` },
        limits: { memory: `${resources.memoryLimit}Mi` },
    };
}

/**
 * GOMEMLIMIT of a Go program under a memory limit: 85 % of it. Go then collects harder before the kernel kills
 * (Argo CD, high availability guide: 80 to 90 %).
 */
export function goMemoryLimit(limit: MiB): string {
    return `${Math.floor(limit * 0.85)}MiB`;
}
