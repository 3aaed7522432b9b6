import { text } from "node:stream/consumers";
import { enterOrLost, notCleaned, patienceFor } from "../cluster/lost";
import { runScript } from "../remote/run";
import { connect } from "../remote/ssh";
import { GiveBackTask } from "./give-back-step";

/** Runs the cleaning script on a machine that leaves the stack. One that is lost may come back as it was: that is said. */
async function main(): Promise<void> {
    const { node, ssh, script, params, timeout, privateKey } = JSON.parse(await text(process.stdin)) as GiveBackTask;
    const region = String(params["STACK"]);
    const reached = await enterOrLost(
        region,
        (limit) => connect({ ...ssh, name: node }, { kind: "key", privateKey }, { timeout: limit }),
        patienceFor(region, node),
    );
    if ("lost" in reached) {
        process.stderr.write(`${notCleaned(node, reached)}\n`);
        return;
    }
    const client = reached.entered;
    await runScript(client, { node, step: "clean", mode: "apply", file: script, params, timeout });
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
