import { connect, SshCredentials, SshError } from "../../components/remote/ssh";
import { seconds } from "../../infra/config/types";
import { NodeReport, parseNodeReport, ReportError } from "./node-report";
import { Target } from "./targets";

/** What came of asking a machine. */
export type Answer =
    | { readonly report: NodeReport }
    /** Why it is not known how the machine is, and what to do about it. */
    | { readonly problem: string; readonly todo: string };

/** The machine itself ends its check after 200 s. */
const limit = seconds(240);
/** At a time: each connection costs a key exchange. */
const most = 8;

/** Advice that fits the drift key; for other failures SSH's own does. */
const advice: Partial<Record<SshError["kind"], string>> = {
    key:
        "check that the public key is in fjord:ssh.driftKeys and that `pulumi up` has run since; " +
        "a jump host needs a line of its own for it",
    "no-answer": "check that it is on, that this address is in fjord:ssh.allowFrom, and that `pulumi up` has run since",
};

/** Asks one machine; never throws for what the machine or the network does. */
export async function ask(target: Target, credentials: SshCredentials): Promise<Answer> {
    if (!target.server) {
        return {
            problem: "its host key is not known here",
            todo: "give --known-hosts a file with it: on a guest's console, cat /etc/ssh/ssh_host_ed25519_key.pub",
        };
    }
    try {
        const client = await connect(target.server, credentials);
        try {
            // The machine runs the same whatever is asked.
            const { stdout, stderr } = await client.exec("report", { what: "say what differs", timeout: limit });
            if (stdout === "") {
                const todo = "run this again later; if it stays, look at journalctl -u 'fjord-drift*' there";
                return { problem: stderr.trim().slice(0, 300) || "it said nothing", todo };
            }
            const report = parseNodeReport(stdout);
            return report.node === target.fqdn
                ? { report }
                : { problem: `it says that it is ${report.node}`, todo: "check its address in fjord:machines" };
        } finally {
            client.close();
        }
    } catch (error) {
        if (error instanceof ReportError) {
            return { problem: error.message, todo: "look at journalctl -u 'fjord-drift*' on the machine, then run this again" };
        }
        if (error instanceof SshError) {
            const [first = "", second = ""] = error.message.split("\n  what to do: ");
            return { problem: first.replace(`fjord: ${error.server}: `, ""), todo: advice[error.kind] ?? second };
        }
        throw error;
    }
}

/** Asks all of them, some at a time; answers are in their order. */
export async function askAll(targets: readonly Target[], credentials: SshCredentials): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    const waiting = [...targets.entries()];
    const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
            const [index, target] = next;
            answers[index] = await ask(target, credentials);
        }
    };
    await Promise.all(Array.from({ length: most }, worker));
    return answers;
}
