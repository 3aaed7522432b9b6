import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Seconds } from "../../infra/config/types";
import { explainError, StepPlace } from "./failure";
import { renderScript, scriptCommand, scriptLimit, ScriptRun, ScriptValue } from "./script";

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
    /** Longest run, without the wait for another script there; after it the script is ended on the machine. */
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

type Run = Pick<ScriptRun, "file" | "node" | "step" | "mode" | "lockWait">;

function render(run: Run, { params, secrets }: RemoteStepArgs): pulumi.Output<string> {
    const text = pulumi
        .all({ ...params, ...secrets })
        .apply((known) => renderScript({ ...run, params: known as Record<string, ScriptValue> }));
    return secrets ? pulumi.secret(text) : text;
}

/** A hook that says in plain words why a step failed, once the provider's own retries are over. It never asks for another try. */
function explainFailure(resource: string, place: StepPlace): pulumi.ErrorHook {
    return new pulumi.ErrorHook(`explain-${resource}`, ({ errors }) => {
        const text = explainError(place, errors[0] ?? "");
        if (text) {
            pulumi.log.error(text);
        }
        return false;
    });
}

/**
 * Runs a script on a machine as part of the stack: again whenever its text, a parameter or the machine changes.
 * The one place where `remote.Command` is made, so that every step has a timeout, a verified host key, no output in
 * logs, and an error that names machine, step, cause and log.
 */
export function remoteStep(name: string, args: RemoteStepArgs, opts: pulumi.CustomResourceOptions): command.remote.Command {
    const { node, step, script: file, lockWait, timeout } = args;
    const { user, address } = args.connection;
    const run: Run = { file, node, step, mode: "apply", ...(lockWait && { lockWait }) };
    const place = { node, step, user, address, limit: scriptLimit(run, timeout) };
    return new command.remote.Command(
        name,
        {
            connection: args.connection.args,
            create: scriptCommand(run, user, timeout),
            stdin: render(run, args),
            addPreviousOutputInEnv: false,
            logging: command.remote.Logging.None,
            ...(args.incarnation !== undefined && { triggers: [args.incarnation] }),
        },
        {
            ...opts,
            hooks: { onError: [explainFailure(name, place)] },
        },
    );
}
