import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Seconds } from "../../infra/config/types";
import { explainFailure } from "./failure";
import { renderScript, scriptCommand, ScriptRun, ScriptValue } from "./script";

/** How Pulumi reaches a machine: the provider's connection, and the user in it (sudo or not). */
export interface RemoteConnection {
    readonly user: string;
    /** `host:port`, for messages. */
    readonly address: string;
    readonly args: pulumi.Input<command.types.input.remote.ConnectionArgs>;
}

/** A script that runs on one machine. */
export interface RemoteScript {
    /** Absolute path of the `.sh` file. */
    readonly script: string;
    /** Upper-case names; values that are known at preview show in its diff. */
    readonly params?: Readonly<Record<string, pulumi.Input<ScriptValue>>>;
    /** Parameters that must not show anywhere. One is enough to make the whole text a secret. */
    readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
    /** `none` for a script that may run beside any other on the machine. Default: it waits its turn. */
    readonly lockWait?: ScriptRun["lockWait"];
    /** Longest run; after it the script is ended on the machine. */
    readonly timeout: Seconds;
}

/** One step on one machine. */
export interface RemoteStepArgs extends RemoteScript {
    /** Full name of the machine. */
    readonly node: string;
    /** Name of the step, also of its log on the machine. */
    readonly step: string;
    readonly connection: RemoteConnection;
    /** Where it changes, the machine is another one: the step is made anew. */
    readonly incarnation?: pulumi.Input<string>;
}

function render(args: RemoteStepArgs): pulumi.Output<string> {
    const { node, step, script: file, secrets, lockWait } = args;
    const text = pulumi.all({ ...args.params, ...secrets }).apply((params) =>
        renderScript({ file, node, step, mode: "apply", params: params as Record<string, ScriptValue>, ...(lockWait && { lockWait }) }),
    );
    return secrets ? pulumi.secret(text) : text;
}

/**
 * Runs a script on a machine as part of the stack: again whenever its text, a parameter or the machine changes.
 * The one place where `remote.Command` is made, so that every step has a timeout, a verified host key, no output in
 * logs, and an error that names machine, step, cause and log.
 */
export function remoteStep(name: string, args: RemoteStepArgs, opts: pulumi.CustomResourceOptions): command.remote.Command {
    const run = { node: args.node, step: args.step, mode: "apply" as const };
    const create = scriptCommand(run, args.connection.user, args.timeout);
    return new command.remote.Command(
        name,
        {
            connection: args.connection.args,
            create,
            stdin: render(args),
            addPreviousOutputInEnv: false,
            logging: command.remote.Logging.None,
            ...(args.incarnation !== undefined && { triggers: [args.incarnation] }),
        },
        {
            ...opts,
            hooks: { onError: [explainFailure({ ...run, address: args.connection.address, resource: name })] },
        },
    );
}
