import * as pulumi from "@pulumi/pulumi";
import { KubernetesConfig, Role, SshTarget, Taint } from "../../infra/config/types";
import { RemoteConnection } from "../remote/step";

/** An SSH server whose host key may be made in the same run. */
export type Target = Omit<SshTarget, "hostKey"> & { readonly hostKey: pulumi.Input<string> };

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
    /** Where it differs from the region's. */
    readonly cgroupDriver?: KubernetesConfig["cgroupDriver"];
    /** Facts of the SSH server, for what talks to it outside Pulumi's provider. */
    readonly ssh: Target;
    /** First contact and last goodbye: the operator's own key or agent. */
    readonly operator: RemoteConnection;
    /** Everything else: the stack's key. */
    readonly connection: RemoteConnection;
    /** The resource with which the machine itself comes and goes; none where it existed before. */
    readonly resource?: pulumi.Resource;
    /** Its place among the machines that are made anew one after the other; none where it does not matter. */
    readonly turn?: number;
    /**
     * Another value for every system that is installed on this machine: what was done to the last one is gone, so all
     * that is done to a machine is done again. None where nothing tells.
     */
    readonly incarnation?: pulumi.Input<string>;
}

/** The machine's incarnation as part of a step's arguments; nothing where the machine has none. */
export const incarnationOf = ({ incarnation }: Machine): { readonly incarnation?: pulumi.Input<string> } =>
    incarnation === undefined ? {} : { incarnation };
