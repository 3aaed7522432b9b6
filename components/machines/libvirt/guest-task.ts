import { Role, Seconds, SshTarget } from "../../../infra/config/types";
import { PlainScript } from "../../nodes/steps";
import { SeedSpec } from "./seed";

/** What `guest-step.ts` is told on its stdin. */
export interface GuestTask extends SeedSpec {
    readonly role: Role;
    /** How its image gets into the pool, for where it is not there any more. */
    readonly base: Pick<PlainScript, "params" | "timeout">;
    readonly hypervisor: SshTarget & { readonly name: string };
    /** The operator's private key file as the stack names it, with `~`; absent: the SSH agent. */
    readonly identityFile?: string;
    /** The stack's SSH key, which the guest lets in; secret. */
    readonly privateKey: string;
    readonly drainTimeout: Seconds;
}
