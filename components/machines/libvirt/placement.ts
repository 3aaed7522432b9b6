import { Role } from "../../../infra/config/types";
import { stableHash } from "./hash";
import { matchMost } from "./matching";
import {
    isOverCapacity,
    noRoom,
    overCapacity,
    pinnedWithoutRoom,
    PlacementProblem,
    unknownPin,
} from "./placement-problem";
import { freeShare, Resources, shortages, subtract } from "./resources";

/** A guest that needs a hypervisor. */
export interface PlacementGuest extends Resources {
    readonly name: string;
    readonly role: Role;
    /** Name of the hypervisor that the stack wants it on. */
    readonly pin?: string;
}

/** A hypervisor as the stack declares it. */
export interface PlacementHypervisor {
    readonly name: string;
    /** What guests may use in all. */
    readonly capacity: Resources;
    /** Guests' vcpus a vcpu of the capacity, 1 or more. Memory and disk are never given twice. */
    readonly vcpuRatio: number;
}

/** Hypervisor by guest, or everything that stands against it. */
export type Placement =
    | { readonly ok: true; readonly on: ReadonlyMap<string, string> }
    | { readonly ok: false; readonly problems: readonly PlacementProblem[] };

/** A hypervisor while guests are being placed. */
interface Seat {
    readonly name: string;
    readonly capacity: Resources;
    free: Resources;
    readonly guests: PlacementGuest[];
}

const byName = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
    [...items].sort((a, b) => (a.name < b.name ? -1 : 1));

function seatOf({ name, capacity, vcpuRatio }: PlacementHypervisor): Seat {
    // 45 x 1.4 is 62.99999999999999 in floating point, and 63 vcpus.
    const usable = { ...capacity, vcpus: Math.floor(capacity.vcpus * vcpuRatio + 1e-9) };
    return { name, capacity: usable, free: usable, guests: [] };
}

function sit(guest: PlacementGuest, seat: Seat): void {
    seat.free = subtract(seat.free, guest);
    seat.guests.push(guest);
}

const fits = (guest: PlacementGuest, seat: Seat): boolean => shortages(seat.free, guest, seat.capacity).length === 0;

const controlPlanesOn = (seat: Seat): number => seat.guests.filter((guest) => guest.role === "control-plane").length;

/**
 * The seats that a guest fits on, best first: the one that has most left, relative to its capacity, once the guest is
 * there. A hash of both names decides between equals, so that neither the order of lists nor the alphabet does.
 */
function preferred(guest: PlacementGuest, seats: readonly Seat[]): readonly Seat[] {
    return seats
        .filter((seat) => fits(guest, seat))
        .map((seat) => ({
            seat,
            share: freeShare(subtract(seat.free, guest), seat.capacity),
            lot: stableHash([guest.name, seat.name]),
        }))
        .sort((a, b) => b.share - a.share || (a.lot < b.lot ? -1 : 1))
        .map(({ seat }) => seat);
}

/**
 * Places control planes in rounds. In the first one a hypervisor takes one that has none, in the second one that has
 * less than two, and so on; as many as possible find a seat in each, so that two share one only where there is no other
 * way. Returns those that fit nowhere.
 */
function spread(guests: readonly PlacementGuest[], seats: readonly Seat[]): readonly PlacementGuest[] {
    const most = guests.length + Math.max(0, ...seats.map(controlPlanesOn));
    let waiting = guests;
    for (let bound = 1; bound <= most && waiting.length > 0; bound += 1) {
        const open = seats.filter((seat) => controlPlanesOn(seat) < bound);
        const matched = matchMost(waiting, (guest) => preferred(guest, open));
        for (const [guest, seat] of matched) {
            sit(guest, seat);
        }
        waiting = waiting.filter((guest) => !matched.has(guest));
    }
    return waiting;
}

/**
 * Places guests one after the other, each on the best of its choices, so that one more, last by name, moves nobody.
 * Returns those that have no choice.
 */
function fill(
    guests: readonly PlacementGuest[],
    choices: (guest: PlacementGuest) => readonly Seat[],
): readonly PlacementGuest[] {
    const left: PlacementGuest[] = [];
    for (const guest of guests) {
        const [best] = choices(guest);
        if (best) {
            sit(guest, best);
        } else {
            left.push(guest);
        }
    }
    return left;
}

/**
 * Decides which guest runs on which hypervisor.
 *
 * A pin wins. A guest that is somewhere stays there as long as that hypervisor exists: being moved means being deleted
 * and made anew. The others are placed by what is left: control planes first and apart from each other, then workers.
 * `current` is where guests are now, and may name guests and hypervisors that are gone.
 */
export function place(
    guests: readonly PlacementGuest[],
    hypervisors: readonly PlacementHypervisor[],
    current: ReadonlyMap<string, string>,
): Placement {
    const seats = byName(hypervisors).map(seatOf);
    const seatNamed = (name: string | undefined) => seats.find((seat) => seat.name === name);
    const sorted = byName(guests);

    const mispinned = sorted.filter((guest) => guest.pin !== undefined && !seatNamed(guest.pin));
    const staying = sorted.filter((guest) => {
        const seat = seatNamed(current.get(guest.name));
        return seat !== undefined && (seat.name === guest.pin || !seatNamed(guest.pin));
    });
    for (const guest of staying) {
        sit(guest, seatNamed(current.get(guest.name))!);
    }

    const arriving = sorted.filter((guest) => !staying.includes(guest) && !mispinned.includes(guest));
    const crowdedOut = fill(
        arriving.filter((guest) => guest.pin !== undefined),
        (guest) => preferred(guest, [seatNamed(guest.pin)!]),
    );
    const free = arriving.filter((guest) => guest.pin === undefined);
    const homeless = [
        ...spread(
            free.filter((guest) => guest.role === "control-plane"),
            seats,
        ),
        ...fill(
            free.filter((guest) => guest.role === "worker"),
            (guest) => preferred(guest, seats),
        ),
    ];

    const problems = [
        ...seats.filter(isOverCapacity).map((seat) => overCapacity(seat, seats)),
        ...mispinned.map((guest) => unknownPin(guest, guest.pin!, seats)),
        ...crowdedOut.map((guest) => pinnedWithoutRoom(guest, guest.pin!, seats)),
        ...homeless.map((guest) => noRoom(guest, seats)),
    ];
    if (problems.length > 0) {
        return { ok: false, problems };
    }
    const on = seats.flatMap((seat) => seat.guests.map((guest) => [guest.name, seat.name] as const));
    return { ok: true, on: new Map(on.sort(([a], [b]) => (a < b ? -1 : 1))) };
}
