import { MiB } from "../../../infra/config/types";
import { Acceleration, GuestSpec } from "./guest";
import { stableHash } from "./hash";
import { guestUuid } from "./identity";

/** Facts that make another machine of it: the old guest leaves the cluster and its disk is deleted. */
export type ReplaceFacts = {
    readonly uuid: string;
    readonly imageSha256: string;
    readonly hypervisor: string;
    readonly pool: string;
    readonly address: string;
    readonly prefixLength: number;
    readonly gateway: string;
    readonly user: string;
};

/** Facts that hold from the next start: the guest is drained, shut down and started with its disk. */
export type RestartFacts = {
    readonly vcpus: number;
    readonly memory: MiB;
    readonly acceleration: Acceleration;
    readonly bridge: string;
};

/** Facts that are changed while the guest runs. */
export type LiveFacts = {
    /** GiB; it only grows, see `growProblem`. */
    readonly diskGiB: number;
    /** 0: no bound, which is also how virsh blkdeviotune takes one away. */
    readonly iopsSec: number;
    /** 0: no bound. */
    readonly bytesSec: number;
    readonly autostart: boolean;
};

/** What of a guest its replace facts come from. */
export type SystemSpec = Omit<ReplaceFacts, "uuid"> & Pick<GuestSpec, "region" | "name">;

/** The facts of a guest by what it takes to change them: every fact is in exactly one class. */
export interface GuestClasses {
    readonly replaces: ReplaceFacts;
    readonly restarts: RestartFacts;
    readonly live: LiveFacts;
}

/**
 * Sorts a guest's facts. Keys and name servers are in none of the classes: they are the first boot's, and what changes
 * of them later goes over SSH.
 */
export function classes(spec: GuestSpec): GuestClasses {
    return {
        replaces: replaceFacts(spec),
        restarts: restartFacts(spec),
        live: {
            diskGiB: spec.diskGiB,
            iopsSec: spec.io.iopsSec ?? 0,
            bytesSec: spec.io.bytesSec ?? 0,
            autostart: spec.autostart,
        },
    };
}

function replaceFacts({ region, name, imageSha256, hypervisor, pool, address, prefixLength, gateway, user }: SystemSpec): ReplaceFacts {
    return { uuid: guestUuid(region, name), imageSha256, hypervisor, pool, address, prefixLength, gateway, user };
}

function restartFacts({ vcpus, memory, acceleration, bridge }: RestartFacts): RestartFacts {
    return { vcpus, memory, acceleration, bridge };
}

/**
 * Hash of what a guest was started with, kept in its domain's metadata. Compared instead of the XML, to which libvirt
 * adds addresses, controllers and versions of its own.
 */
export function specHash(spec: RestartFacts): string {
    return stableHash(restartFacts(spec));
}

/**
 * Hash of what a guest was installed with, kept in the stack's outputs and in its domain's metadata: where it is another
 * one, what runs is another system.
 */
export function systemHash(spec: SystemSpec): string {
    return stableHash(replaceFacts(spec));
}

/** Why a disk cannot go from one size to the other; undefined where it can. */
export function growProblem(
    from: Pick<GuestSpec, "diskGiB">,
    to: Pick<GuestSpec, "name" | "diskGiB">,
): string | undefined {
    if (to.diskGiB >= from.diskGiB) {
        return undefined;
    }
    return (
        `${to.name}: its disk has ${from.diskGiB} GiB and its plan asks for ${to.diskGiB} GiB; a disk with data cannot shrink\n` +
        `  what to do: choose a plan with ${from.diskGiB} GiB or more, or add a machine with the smaller plan and then remove ${to.name}`
    );
}
