import { suggest } from "../../../infra/config/suggestion";
import { describeResources, describeShortage, nothing, Resources, Shortage, shortages, subtract } from "./resources";

/** What a guest asks for, and who asks. */
interface Asking extends Resources {
    readonly name: string;
}

/** A hypervisor as it is once everything that can be placed has been. */
export interface HypervisorState {
    readonly name: string;
    /** What guests may use in all. */
    readonly capacity: Resources;
    /** Negative where more runs there than there is capacity for. */
    readonly free: Resources;
    readonly guests: readonly Asking[];
}

/** Why a guest cannot be on a hypervisor: what is missing there; nothing where it could. */
export interface Verdict {
    readonly hypervisor: string;
    readonly missing: readonly Shortage[];
}

/** What keeps the guests from being placed. `hypervisors` has one entry for each of the stack's, sorted by name. */
export type PlacementProblem = {
    /** Text for the operator: who, what, why not on each hypervisor, and what to do. */
    readonly message: string;
    readonly hypervisors: readonly Verdict[];
} & (
    | { readonly kind: "no-room"; readonly guest: string }
    | { readonly kind: "pinned-without-room"; readonly guest: string; readonly pin: string }
    | { readonly kind: "unknown-pin"; readonly guest: string; readonly pin: string }
    | {
          /** More runs there than its capacity allows: it was lowered, or a guest's plan was raised. */
          readonly kind: "over-capacity";
          readonly hypervisor: string;
          /** Names of the guests there, sorted. */
          readonly guests: readonly string[];
      }
);

function verdicts(asked: Resources, states: readonly HypervisorState[]): readonly Verdict[] {
    return states.map(({ name, free, capacity }) => ({ hypervisor: name, missing: shortages(free, asked, capacity) }));
}

function describeVerdict({ hypervisor, missing }: Verdict): string {
    return `  ${hypervisor}: ${missing.length === 0 ? "has room" : missing.map(describeShortage).join("; ")}`;
}

function text(what: string, hypervisors: readonly Verdict[], toDo: string): string {
    return [what, ...hypervisors.map(describeVerdict), `  what to do: ${toDo}`].join("\n");
}

const roomy = (hypervisors: readonly Verdict[]): readonly string[] =>
    hypervisors.filter((one) => one.missing.length === 0).map((one) => one.hypervisor);

/** A guest that fits nowhere. */
export function noRoom(guest: Asking, states: readonly HypervisorState[]): PlacementProblem {
    const hypervisors = verdicts(guest, states);
    const asks = describeResources(guest);
    const message =
        states.length === 0
            ? `${guest.name}: it asks for ${asks}, and the stack has no hypervisor\n  what to do: add one to fjord:hypervisors`
            : text(
                  `${guest.name}: no hypervisor has room for it; it asks for ${asks}`,
                  hypervisors,
                  "add a hypervisor, raise a capacity that is lower than what the host has, choose a smaller plan, or pin guests that are not made yet so that one hypervisor stays free for this one",
              );
    return { kind: "no-room", guest: guest.name, hypervisors, message };
}

/** A guest whose pin names a hypervisor that the others there have filled. */
export function pinnedWithoutRoom(guest: Asking, pin: string, states: readonly HypervisorState[]): PlacementProblem {
    const hypervisors = verdicts(guest, states);
    const others = roomy(hypervisors);
    const message = text(
        `${guest.name}: it is pinned to ${pin}, which has no room for it; it asks for ${describeResources(guest)}`,
        hypervisors,
        others.length > 0
            ? `pin it to ${others.join(" or ")}, or leave the pin out`
            : `raise the capacity of ${pin} if the host has more, choose a smaller plan, or move another guest away from ${pin}`,
    );
    return { kind: "pinned-without-room", guest: guest.name, pin, hypervisors, message };
}

/** A guest whose pin names no hypervisor of the stack. */
export function unknownPin(guest: Asking, pin: string, states: readonly HypervisorState[]): PlacementProblem {
    const hypervisors = verdicts(guest, states);
    const names = states.map((state) => state.name);
    const meant = suggest(pin, names);
    const known = names.length === 0 ? "there is none in fjord:hypervisors" : `it has ${names.join(", ")}`;
    const message = text(
        `${guest.name}: it is pinned to ${pin}, which is no hypervisor of the stack; it asks for ${describeResources(guest)}`,
        hypervisors,
        meant === undefined
            ? `pin it to a hypervisor of the stack (${known}), or leave the pin out`
            : `write ${meant} in place of ${pin}, or leave the pin out`,
    );
    return { kind: "unknown-pin", guest: guest.name, pin, hypervisors, message };
}

/** More is in use than there is. */
export function isOverCapacity(state: HypervisorState): boolean {
    return shortages(state.free, nothing, state.capacity).length > 0;
}

/**
 * A hypervisor whose guests have more than its capacity. Nobody is moved by that: a move deletes a machine, so it is
 * the operator's to ask for. Its own verdict is what it lacks for those that it has; the others' is on the guest that
 * is easiest to hold elsewhere, the one with the least memory.
 */
export function overCapacity(state: HypervisorState, states: readonly HypervisorState[]): PlacementProblem {
    const guests = [...state.guests].sort((a, b) => a.memory - b.memory || (a.name < b.name ? -1 : 1));
    const names = guests.map((guest) => guest.name).sort();
    const least = guests[0]!;
    const hypervisors = verdicts(least, states).map((verdict) =>
        verdict.hypervisor === state.name
            ? { hypervisor: state.name, missing: shortages(state.free, nothing, state.capacity) }
            : verdict,
    );
    const used = describeResources(subtract(state.capacity, state.free));
    const others = roomy(hypervisors);
    const message = text(
        `${state.name}: its guests (${names.join(", ")}) have ${used}, which is more than its capacity; none of them is moved for that`,
        hypervisors,
        others.length > 0
            ? `raise the capacity of ${state.name} if the host has more, or move a guest by a pin, which makes it anew: ${others.join(" and ")} can hold ${least.name}`
            : `raise the capacity of ${state.name} if the host has more, or choose a smaller plan for one of its guests; no other hypervisor can hold even ${least.name}`,
    );
    return { kind: "over-capacity", hypervisor: state.name, guests: names, hypervisors, message };
}
