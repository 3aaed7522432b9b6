import * as fs from "node:fs";
import { text } from "node:stream/consumers";
import { runScript } from "../../remote/run";
import { connect, operatorCredentials, SshError } from "../../remote/ssh";
import { expandHome } from "../expand-home";
import { TidyTask } from "./tidy-step";

/**
 * Kinds of SSH failure that mean: the hypervisor is off, gone, or another system. Its guests have been removed or given up
 * before, so what may be left is unfinished guests and base images.
 */
const gone = ["no-answer", "refused", "host-key"];

/** What pool.sh printed. */
interface PoolReport {
    readonly unwanted: string;
}

/** Runs the pool's script on a hypervisor that leaves the stack. */
async function main(): Promise<void> {
    const { hypervisor, identityFile, script, params, timeout } = JSON.parse(await text(process.stdin)) as TidyTask;
    const key = identityFile === undefined ? undefined : fs.readFileSync(expandHome(identityFile), "utf8");
    try {
        const client = await connect(hypervisor, operatorCredentials(key, process.env["SSH_AUTH_SOCK"]));
        const { stdout } = await runScript(client, { node: hypervisor.name, step: "tidy", mode: "apply", file: script, params, timeout });
        client.close();
        const { unwanted } = JSON.parse(stdout) as PoolReport;
        if (unwanted !== "") {
            process.stderr.write(
                `fjord: ${hypervisor.name}: finished guests of this region that the stack does not have stay there: ${unwanted}; look at them (virsh dominfo), and remove them if nobody needs them\n`,
            );
        }
    } catch (error) {
        if (!(error instanceof SshError) || !gone.includes(error.kind)) {
            throw error;
        }
        process.stderr.write(
            `fjord: ${hypervisor.name} was not tidied (${error.kind}); if it comes back, look for unfinished guests of this region there: ${params["POOL"] as string}/*.creating\n`,
        );
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
