import * as pulumi from "@pulumi/pulumi";
import { Role, SshTarget, Taint } from "../../infra/config/types";
import { RemoteConnection } from "../remote/step";

/**
 * A server that answers on SSH, whoever made it. The rest of the program knows machines only by this interface;
 * a new maker is one new file and one line in `makeMachine`.
 */
export interface Machine {
    /** `worker-01` */
    readonly name: string;
    /** `worker-01.osl.node`: the node's name and the machine's host name. */
    readonly fqdn: string;
    readonly role: Role;
    /** Name in the plan catalogue. */
    readonly plan: string;
    /** IPv4 address that other nodes use. */
    readonly nodeAddress: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[];
    /** Plain facts of the SSH server, for what talks to it outside Pulumi's provider. */
    readonly ssh: SshTarget;
    /** First contact and last goodbye: the operator's own key or agent. */
    readonly operator: RemoteConnection;
    /** Everything else: the stack's key. */
    readonly connection: RemoteConnection;
    /** The resource with which the machine itself comes and goes; none where it existed before. */
    readonly resource?: pulumi.Resource;
}
