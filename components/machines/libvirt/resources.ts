import { mib, MiB } from "../../../infra/config/types";

/** What a guest takes, and what a hypervisor has for its guests. */
export interface Resources {
    readonly vcpus: number;
    readonly memory: MiB;
    readonly diskGiB: number;
}

/** The kinds of resource, with their names in messages. */
const kinds = [
    { key: "vcpus", text: (amount: number) => `${amount} ${amount === 1 ? "vcpu" : "vcpus"}` },
    { key: "memory", text: (amount: number) => `${amount} MiB of memory` },
    { key: "diskGiB", text: (amount: number) => `${amount} GiB of disk` },
] as const satisfies readonly { key: keyof Resources; text: (amount: number) => string }[];

/** Something that is asked for and not there. */
export interface Shortage {
    readonly resource: keyof Resources;
    /** Negative where more was given than there is. */
    readonly free: number;
    readonly asked: number;
    readonly capacity: number;
}

/** `4 vcpus, 8192 MiB of memory and 80 GiB of disk` */
export function describeResources(resources: Resources): string {
    const [vcpus, memory, disk] = kinds.map((kind) => kind.text(resources[kind.key]));
    return `${vcpus}, ${memory} and ${disk}`;
}

/** What a guest would ask for that needs nothing. */
export const nothing: Resources = { vcpus: 0, memory: mib(0), diskGiB: 0 };

/** What is left of the one when the other is taken. */
export function subtract(from: Resources, taken: Resources): Resources {
    return {
        vcpus: from.vcpus - taken.vcpus,
        memory: mib(from.memory - taken.memory),
        diskGiB: from.diskGiB - taken.diskGiB,
    };
}

/** What is missing where `asked` is to come out of `free`; empty where it fits. */
export function shortages(free: Resources, asked: Resources, capacity: Resources): readonly Shortage[] {
    return kinds
        .filter(({ key }) => free[key] < asked[key])
        .map(({ key }) => ({ resource: key, free: free[key], asked: asked[key], capacity: capacity[key] }));
}

/** `2 of 16 vcpus free, 4 asked for`, or `4 vcpus over its 16` where more is in use than there is. */
export function describeShortage({ resource, free, asked, capacity }: Shortage): string {
    const kind = kinds.find(({ key }) => key === resource)!;
    const state = free < 0 ? `${kind.text(-free)} over its ${capacity}` : `${free} of ${kind.text(capacity)} free`;
    return asked === 0 ? state : `${state}, ${asked} asked for`;
}

/** The scarcest resource's free part of the capacity, 0 to 1. */
export function freeShare(free: Resources, capacity: Resources): number {
    return Math.min(...kinds.map(({ key }) => (capacity[key] > 0 ? free[key] / capacity[key] : 0)));
}
