import { setTimeout as sleep } from "node:timers/promises";
import { Seconds, seconds } from "../../../infra/config/types";
import { SshError, SshFailure } from "../../remote/ssh";

/** Kinds of SSH failure that may be over in a moment. */
const passing = ["no-answer", "refused", "broken", "timeout"];

/**
 * How long a hypervisor is asked again. Two minutes outlast a restart of its SSH server or of a switch on the way, and end
 * before a run seems to hang; a server that boots takes longer, and is reached by the next run.
 */
const patience = seconds(120);

/** How to wait, and what was given up. */
export interface ReachOptions {
    /** Default 120 s. */
    readonly patience?: Seconds;
    /** Milliseconds between two tries. Default 5 s. */
    readonly pause?: number;
    /** Name of the hypervisor that is given up. Default: FJORD_GIVE_UP_HYPERVISOR. */
    readonly givenUp?: string | undefined;
}

/**
 * A connection by which a guest is removed from its hypervisor; undefined where it does not come about and the
 * hypervisor is given up. No answer alone is no proof that a guest is gone: its disk would start it again with the
 * hypervisor, with its address and its certificate.
 *
 * @param domain the guest's, for the message
 * @throws where the hypervisor is not reached and not given up
 */
export async function reachToRemove<Client>(
    hypervisor: string,
    domain: string,
    connect: () => Promise<Client>,
    options: ReachOptions = {},
): Promise<Client | undefined> {
    const { patience: limit = patience, pause = 5000, givenUp = process.env["FJORD_GIVE_UP_HYPERVISOR"] } = options;
    const deadline = Date.now() + limit * 1000;
    for (;;) {
        try {
            return await connect();
        } catch (error) {
            if (!(error instanceof SshError)) {
                throw error;
            }
            if (givenUp === hypervisor) {
                return undefined;
            }
            if (!passing.includes(error.kind) || Date.now() + pause > deadline) {
                throw unreached(hypervisor, domain, error, passing.includes(error.kind) ? limit : undefined);
            }
            await sleep(pause);
        }
    }
}

function unreached(hypervisor: string, domain: string, error: SshError, tried: Seconds | undefined): Error {
    const [problem = "", advice = ""] = error.message.split("\n  what to do: ");
    const cause = problem.replace(/^fjord: /, "").replace(`${hypervisor}: `, "");
    return new Error(
        `fjord: ${hypervisor}: step remove ${domain} failed: it was not removed, because ${cause}${tried === undefined ? "" : ` (tried for ${tried} s)`}\n` +
            `  what to do: ${mend(hypervisor, error.kind, advice)}. ` +
            `If ${hypervisor} is lost for good or was installed anew, run again with FJORD_GIVE_UP_HYPERVISOR=${hypervisor}: its guests then count as removed\n` +
            `  log: none, nothing ran on ${hypervisor}`,
    );
}

function mend(hypervisor: string, kind: SshFailure, advice: string): string {
    switch (kind) {
        // A guest is removed by what the stack knew when it was made: a new host key in the stack does not come here.
        case "host-key":
            return "find out who answers there before going on";
        case "key":
            return advice.split("\n")[0] ?? "";
        default:
            return `bring ${hypervisor} back and run again: the guest would start with it, with its old address and certificate`;
    }
}
