import { text } from "node:stream/consumers";
import { seconds } from "../../infra/config/types";
import { renderScript, scriptCommand } from "../remote/script";
import { connect } from "../remote/ssh";
import { EndDriftTask } from "./drift-step";

/**
 * Takes the drift job's way in off a machine that stays in the stack. One that does not answer is an error: its files
 * would stay, and nobody would know.
 */
async function main(): Promise<void> {
    const { node, ssh, script, params, timeout, privateKey } = JSON.parse(await text(process.stdin)) as EndDriftTask;
    const run = { node, step: "drift", mode: "apply" as const };
    const client = await connect({ ...ssh, name: node }, { kind: "key", privateKey });
    const { code, stderr } = await client.exec(scriptCommand(run, ssh.user, timeout), {
        what: "take the drift check away",
        stdin: renderScript({ ...run, file: script, params, lockWait: "none" }),
        timeout: seconds(timeout + 15),
    });
    client.close();
    if (code !== 0) {
        throw new Error(stderr.trim() || `fjord: ${node}: step drift ended with code ${code}`);
    }
}

// Ended by hand: a connection that is still being tried would keep the process for its timeout.
main().then(
    () => process.exit(0),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    },
);
