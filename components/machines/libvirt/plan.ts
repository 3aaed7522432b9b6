import { Lock } from "../../../infra/config/lock";
import { LibvirtMachine, RegionConfig } from "../../../infra/config/types";
import { planNamed } from "../plans";
import { growProblem, systemHash } from "./change";
import { GuestSpec } from "./guest";
import { macCollisions } from "./identity";
import { place } from "./placement";

/** What a stack keeps of a guest from one run to the next, in its outputs. */
export interface GuestRecord {
    /** Where it runs; it stays there for as long as that hypervisor exists. */
    readonly hypervisor: string;
    /** Hash of what it was installed with; where it changes, the guest is made anew. */
    readonly system: string;
    readonly diskGiB: number;
    /** It is out: its domain and disk are gone, and only its place is kept. */
    readonly out?: true;
}

/** Guests of the run before, by short name. */
export type GuestRecords = Readonly<Record<string, GuestRecord>>;

/** A guest with its place. */
export interface PlannedGuest {
    readonly machine: LibvirtMachine;
    readonly spec: GuestSpec;
    /** Hash of the facts for which it is made anew. */
    readonly system: string;
    /** Set for a worker that exists: its place among those that are made anew one after the other. */
    readonly turn?: number;
}

/** All guests of a region, or every reason why they cannot be as the stack describes them. */
export type GuestPlan =
    | { readonly ok: true; readonly guests: readonly PlannedGuest[] }
    | { readonly ok: false; readonly problems: readonly string[] };

/** What of a region its guests are planned from. */
export type GuestRegion = Pick<RegionConfig, "name" | "machines" | "outGuests" | "hypervisors" | "guestNetwork" | "plans">;

/**
 * Decides where every guest runs and what it is made of.
 *
 * @param previous the guests of the last run; empty for a new region
 */
export function planGuests(region: GuestRegion, images: Lock["guestImages"], previous: GuestRecords): GuestPlan {
    const machines = region.machines.filter((machine): machine is LibvirtMachine => machine.kind === "libvirt");
    const current = new Map(Object.entries(previous).map(([name, { hypervisor }]) => [name, hypervisor]));
    const placement = place(
        [...machines, ...keptOut(region, previous)].map((machine) => {
            const { vcpus, memory, diskGiB } = planNamed(machine.plan, region.plans);
            const { name, role, hypervisor } = machine;
            return { name, role, vcpus, memory, diskGiB, ...(hypervisor !== undefined && { pin: hypervisor }) };
        }),
        region.hypervisors,
        current,
    );
    // One that comes back is made like a new one, in the place that it had.
    const existing = Object.fromEntries(Object.entries(previous).filter(([, { out }]) => !out));
    if (!placement.ok) {
        return { ok: false, problems: placement.problems.map(({ message }) => message) };
    }
    const planned = machines.map((machine) => plannedGuest(region, images, machine, placement.on.get(machine.name) ?? ""));
    const problems = [...collisions(region, machines), ...shrinking(planned, existing), ...dangers(region, planned, existing)];
    return problems.length > 0 ? { ok: false, problems } : { ok: true, guests: withTurns(planned, existing) };
}

/** What the stack keeps of its guests, and of those that are out. */
export function recordsOf(guests: readonly PlannedGuest[], out: GuestRecords = {}): GuestRecords {
    const made = guests.map(({ machine, spec, system }): [string, GuestRecord] => [
        machine.name,
        { hypervisor: spec.hypervisor, system, diskGiB: spec.diskGiB },
    ]);
    return { ...out, ...Object.fromEntries(made) };
}

/** What the stack keeps of the guests that are out: where each of them was, for as long as that hypervisor exists. */
export function outRecords(region: Pick<GuestRegion, "outGuests" | "hypervisors">, previous: GuestRecords): GuestRecords {
    return Object.fromEntries(
        (region.outGuests ?? []).flatMap(({ name }) => {
            const record = previous[name];
            return record && region.hypervisors.some((hypervisor) => hypervisor.name === record.hypervisor)
                ? [[name, { ...record, out: true as const }]]
                : [];
        }),
    );
}

/** The guests that are out and have a place, which nobody else gets. A pin that was changed counts when they are back. */
function keptOut(region: GuestRegion, previous: GuestRecords): readonly LibvirtMachine[] {
    const kept = outRecords(region, previous);
    return (region.outGuests ?? []).filter(({ name }) => name in kept).map(({ hypervisor: _, ...machine }) => machine);
}

function plannedGuest(
    region: GuestRegion,
    images: Lock["guestImages"],
    machine: LibvirtMachine,
    on: string,
): PlannedGuest {
    const hypervisor = region.hypervisors.find(({ name }) => name === on);
    const image = images?.[machine.image];
    if (!hypervisor || !image || !region.guestNetwork) {
        throw new Error(`machine ${machine.name} has no hypervisor, image or network: the configuration was not checked`);
    }
    const { vcpus, memory, diskGiB, io } = planNamed(machine.plan, region.plans);
    const spec: GuestSpec = {
        region: region.name,
        name: machine.name,
        hypervisor: hypervisor.name,
        pool: hypervisor.pool,
        bridge: hypervisor.bridge,
        acceleration: hypervisor.acceleration,
        vcpus,
        memory,
        diskGiB,
        io: {
            ...(io?.iops !== undefined && { iopsSec: io.iops }),
            ...(io?.throughputMiBs !== undefined && { bytesSec: io.throughputMiBs * 2 ** 20 }),
        },
        autostart: true,
        imageSha256: image.sha256,
        address: machine.address,
        prefixLength: region.guestNetwork.prefixLength,
        gateway: region.guestNetwork.gateway,
        user: machine.user,
    };
    return { machine, spec, system: systemHash(spec) };
}

function collisions({ name }: GuestRegion, machines: readonly LibvirtMachine[]): string[] {
    return macCollisions(name, machines.map((machine) => machine.name)).map(
        ({ mac, names }) =>
            `${names.join(" and ")} would have the same MAC address ${mac}, which is derived from their names\n  what to do: give one of them another name`,
    );
}

function shrinking(guests: readonly PlannedGuest[], previous: GuestRecords): string[] {
    return guests.flatMap(({ spec, system }) => {
        const before = previous[spec.name];
        const problem = before && before.system === system ? growProblem(before, spec) : undefined;
        return problem === undefined ? [] : [problem];
    });
}

/** What to do about each fact for which a guest is made anew, where it is one of all control planes. */
const oneAtATime =
    "change image, hypervisor, address or user of one control plane at a time, with a pulumi up after each. " +
    "An image that the lock pins anew is another one for all who name it: declare the one that they have, by the url of " +
    "the lock before, in fjord:images under another name, run npm run lock, write that name as image of all control " +
    "planes, and take it away from one after the other. fjord:guestNetwork and the pool of a hypervisor cannot be " +
    "changed for one alone: put them back, or bring up a fresh region";

/** Replacing a control plane deletes its member of etcd: one at a time, and never the only one. */
function dangers(region: GuestRegion, guests: readonly PlannedGuest[], previous: GuestRecords): string[] {
    const controlPlanes = guests.filter(({ machine }) => machine.role === "control-plane");
    const anew = controlPlanes
        .filter(({ machine, system }) => (previous[machine.name]?.system ?? system) !== system)
        .map(({ machine }) => machine.name);
    const staying = region.machines.filter(
        ({ role, kind, name }) =>
            role === "control-plane" && (kind === "existing" || (name in previous && !anew.includes(name))),
    );
    if (anew.length > 1) {
        return [
            `${anew.join(", ")} would be made anew in one run, and etcd would lose its majority\n  what to do: ${oneAtATime}`,
        ];
    }
    if (anew.length === 1 && staying.length === 0) {
        return [
            `${anew[0]} is the only control plane: making it anew would delete the cluster\n  what to do: add two control planes first (pulumi up), or take the change back`,
        ];
    }
    return [];
}

function withTurns(guests: readonly PlannedGuest[], previous: GuestRecords): readonly PlannedGuest[] {
    let turn = 0;
    return guests.map((guest) =>
        guest.machine.role === "worker" && guest.machine.name in previous ? { ...guest, turn: turn++ } : guest,
    );
}
