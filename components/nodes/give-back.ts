import { text } from "node:stream/consumers";
import { connect, SshError } from "../remote/ssh";
import { renderScript, scriptCommand } from "../remote/script";
import { seconds } from "../../infra/config/types";
import { GiveBackTask } from "./give-back-step";

/** Kinds of SSH failure that mean: the machine is off or gone. */
const gone = ["no-answer", "refused"];

/** Runs the cleaning script on a machine that leaves the stack. A machine that is gone has nothing to clean. */
async function main(): Promise<void> {
    const { node, ssh, script, params, timeout, privateKey } = JSON.parse(await text(process.stdin)) as GiveBackTask;
    const run = { node, step: "clean", mode: "apply" as const };
    try {
        const client = await connect({ ...ssh, name: node }, { kind: "key", privateKey });
        const { code, stderr } = await client.exec(scriptCommand(run, ssh.user, timeout), {
            what: "clean the machine",
            stdin: renderScript({ ...run, file: script, params }),
            timeout: seconds(timeout + 15),
        });
        client.close();
        if (code !== 0) {
            throw new Error(stderr.trim() || `fjord: ${node}: step clean ended with code ${code}`);
        }
    } catch (error) {
        if (!(error instanceof SshError) || !gone.includes(error.kind)) {
            throw error;
        }
        process.stderr.write(`fjord: ${node} did not answer and was not cleaned; if it comes back, reinstall it\n`);
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
