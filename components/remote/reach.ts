import { setTimeout as sleep } from "node:timers/promises";
import { Seconds, seconds } from "../../infra/config/types";
import { SshError, SshFailure } from "./ssh";

/**
 * How long a machine that leaves must be silent until it counts as lost for good. A usual reboot is over by then: a guest
 * boots in a minute, and 90 s is also what systemd gives a unit that does not stop. It is more than the 50 s after which
 * the cluster takes a node for lost, so that the cluster's word can be asked too. A server with a long self-test takes
 * longer: what holds then is said where a machine is taken for lost (`lost.ts`).
 */
export const lostAfter = seconds(90);

/** Kinds of failure that a machine shows that is off: and one that reboots. A failing jump host is none of them. */
const silence: readonly SshFailure[] = ["no-answer", "refused"];

/** Longest try, and the shortest. */
const [longest, shortest] = [20, 10];

/** The last failure of a machine that was silent all the time, and how long it was tried. */
export interface Lost {
    readonly lost: SshError;
    readonly tried: Seconds;
}

/** How reaching a machine ended. */
export type Reached<T> = { readonly entered: T } | Lost;

/**
 * Enters a machine that may be gone, trying until it has been silent for as long as `patience`. There is always one try.
 *
 * @throws SshError where something else is wrong than silence: of a jump host, for example
 */
export async function reach<T>(
    enter: (timeout: Seconds) => Promise<T>,
    patience: Seconds,
): Promise<Reached<T>> {
    const began = Date.now();
    const deadline = began + patience * 1000;
    for (;;) {
        const left = Math.ceil((deadline - Date.now()) / 1000);
        try {
            return { entered: await enter(seconds(Math.min(longest, Math.max(shortest, left)))) };
        } catch (error) {
            // A machine that goes down or comes up breaks connections too.
            if (!(error instanceof SshError) || ![...silence, "broken"].includes(error.kind)) {
                throw error;
            }
            if (Date.now() >= deadline) {
                if (silence.includes(error.kind)) {
                    return { lost: error, tried: seconds(Math.round((Date.now() - began) / 1000)) };
                }
                throw error;
            }
        }
        await sleep(1000);
    }
}
