import { text } from "node:stream/consumers";
import { runScript } from "../remote/run";
import { connect } from "../remote/ssh";
import { EndDriftTask } from "./drift-step";

/**
 * Takes the drift job's way in off a machine that stays in the stack. One that does not answer is an error: its files
 * would stay, and nobody would know.
 */
async function main(): Promise<void> {
    const { node, ssh, script, params, timeout, privateKey } = JSON.parse(await text(process.stdin)) as EndDriftTask;
    const client = await connect({ ...ssh, name: node }, { kind: "key", privateKey });
    await runScript(client, { node, step: "drift", mode: "apply", file: script, params, lockWait: "none", timeout });
    client.close();
}

// Ended by hand: a connection that is still being tried would keep the process for its timeout.
main().then(
    () => process.exit(0),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    },
);
