import * as fs from "node:fs";
import { text } from "node:stream/consumers";
import { connect, operatorCredentials, SshError } from "../../remote/ssh";
import { renderScript, scriptCommand } from "../../remote/script";
import { seconds } from "../../../infra/config/types";
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
    const run = { node: hypervisor.name, step: "tidy", mode: "apply" as const };
    try {
        const client = await connect(hypervisor, operatorCredentials(key, process.env["SSH_AUTH_SOCK"]));
        const { code, stdout, stderr } = await client.exec(scriptCommand(run, hypervisor.user, timeout), {
            what: "tidy the pool",
            stdin: renderScript({ ...run, file: script, params }),
            timeout: seconds(timeout + 15),
        });
        client.close();
        if (code !== 0) {
            throw new Error(stderr.trim() || `fjord: ${hypervisor.name}: step tidy ended with code ${code}`);
        }
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
