import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Seconds } from "../../infra/config/types";
import { explainFailure } from "./failure";
import { renderScript, scriptCommand, ScriptValue } from "./script";

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
    /** What undoes the step when it leaves the stack. It runs before the resource is replaced, never after. */
    readonly remove?: RemoteScript;
}

function render(args: RemoteStepArgs, script: RemoteScript, step: string): pulumi.Output<string> {
    const text = pulumi.all({ ...script.params, ...script.secrets }).apply((params) =>
        renderScript({ file: script.script, node: args.node, step, mode: "apply", params: params as Record<string, ScriptValue> }),
    );
    return script.secrets ? pulumi.secret(text) : text;
}

/** Both texts go over the same stdin: the provider gives `delete` what it gave `create`. */
function withRemoval(args: RemoteStepArgs, remove: RemoteScript): pulumi.Output<string> {
    return pulumi.interpolate`case \${1:-apply} in
apply)
${render(args, args, args.step)}
;;
remove)
${render(args, remove, `${args.step}-remove`)}
;;
esac
`;
}

/**
 * Runs a script on a machine as part of the stack: again whenever its text, a parameter or the machine changes.
 * The one place where `remote.Command` is made, so that every step has a timeout, a verified host key, no output in
 * logs, and an error that names machine, step, cause and log.
 */
export function remoteStep(name: string, args: RemoteStepArgs, opts: pulumi.CustomResourceOptions): command.remote.Command {
    const run = { node: args.node, step: args.step, mode: "apply" as const };
    const create = scriptCommand(run, args.connection.user, args.timeout);
    const remove = args.remove && {
        delete: scriptCommand({ ...run, step: `${args.step}-remove` }, args.connection.user, args.remove.timeout).replace("bash -s", "bash -s remove"),
    };
    return new command.remote.Command(
        name,
        {
            connection: args.connection.args,
            create,
            ...remove,
            stdin: args.remove ? withRemoval(args, args.remove) : render(args, args, args.step),
            addPreviousOutputInEnv: false,
            logging: command.remote.Logging.None,
        },
        {
            ...opts,
            deleteBeforeReplace: args.remove !== undefined,
            hooks: { onError: [explainFailure({ ...run, address: args.connection.address, resource: name })] },
        },
    );
}
