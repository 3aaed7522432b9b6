import { Seconds, seconds } from "../../infra/config/types";
import { explainExit, saysItself, StepError } from "./failure";
import { renderScript, scriptCommand, ScriptExit, scriptLimit, ScriptRun } from "./script";
import { SshClient } from "./ssh";

/** How a script ended that did what it should. */
export interface ScriptResult {
    /** Only in check mode: `apply` would change something. */
    readonly drift: boolean;
    readonly stdout: string;
}

/**
 * Runs a script over a connection, for steps that are no resource of their own (those are `remoteStep`s).
 *
 * @param script its `timeout` is what it may take for itself, without the wait for another script on the machine
 * @throws StepError with what the script said, or with why it could not
 */
export async function runScript(client: SshClient, script: ScriptRun & { readonly timeout: Seconds }): Promise<ScriptResult> {
    const { node, step, mode, timeout } = script;
    const { user } = client.server;
    const limit = scriptLimit(script, timeout);
    const { code, stdout, stderr } = await client.exec(scriptCommand(script, user, timeout), {
        what: `run ${step}`,
        stdin: renderScript(script),
        timeout: seconds(limit + 15),
    });
    const drift = code === ScriptExit.drift && mode === "check";
    if (code === ScriptExit.ok || drift) {
        return { drift, stdout };
    }
    const explained = saysItself(stderr) ? stderr.trimEnd() : explainExit({ node, step, user, limit }, code, stderr);
    if (explained !== undefined) {
        throw new StepError(explained);
    }
    throw StepError.of(
        node,
        step,
        `it ended with code ${code}: ${stderr.trim().slice(0, 500)}`,
        "read the log, mend the cause, run again",
        `/var/log/fjord/${step}.log`,
    );
}
