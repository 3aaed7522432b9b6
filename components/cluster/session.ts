import * as path from "node:path";
import { Seconds, seconds } from "../../infra/config/types";
import { connect, SshClient, SshCredentials, SshExecOptions, SshResult } from "../remote/ssh";
import { renderScript, ScriptExit, ScriptMode, scriptCommand, ScriptValue, shellQuote } from "../remote/script";
import { Member, serverOf } from "./spec";

/** A failure that says machine, step, cause and what to do; its message is all that a person needs. */
export class StepError extends Error {
    override readonly name = "StepError";

    static of(machine: string, step: string, problem: string, fix: string, log?: string): StepError {
        const where = log === undefined ? "" : `\n  log: ${log} on ${machine}`;
        return new StepError(`fjord: ${machine}: step ${step} failed: ${problem}\n  what to do: ${fix}${where}`);
    }
}

/** How long a step waits for a script that an ended run left on the machine; the longest is `kubeadm init`. */
const lockWait = seconds(900);

/** One script of this folder, run on a machine. */
export interface MemberScript {
    /** `observe` runs scripts/observe.sh. */
    readonly script: "observe" | "member" | "reset" | "roll";
    readonly mode?: ScriptMode;
    readonly params: Readonly<Record<string, ScriptValue>>;
    readonly timeout: Seconds;
}

/** Connections to the machines of a region, opened when first needed and kept until `close`. */
export class Session {
    private readonly clients = new Map<string, Promise<SshClient>>();

    constructor(private readonly credentials: SshCredentials) {}

    /** @throws SshError */
    client(member: Member, timeout: Seconds = seconds(20)): Promise<SshClient> {
        const known = this.clients.get(member.name);
        if (known) {
            return known;
        }
        const opening = connect(serverOf(member), this.credentials, { timeout });
        this.clients.set(member.name, opening);
        const forget = () => this.clients.delete(member.name);
        opening.then((client) => client.onClose(forget), forget);
        return opening;
    }

    /** Runs a command as root. The command line must hold no secret. */
    async run(member: Member, command: string, options: SshExecOptions): Promise<SshResult> {
        const client = await this.client(member);
        return client.exec(member.ssh.user === "root" ? command : `sudo -n ${command}`, options);
    }

    /**
     * Runs a script under the machine's lock and gives back its result.
     * @throws StepError with what the script said
     */
    async script(member: Member, { script, mode = "apply", params, timeout }: MemberScript): Promise<string> {
        const step = `cluster-${script}`;
        const run = { node: member.fqdn, step, mode };
        const text = renderScript({ ...run, file: path.join(__dirname, "scripts", `${script}.sh`), params, lockWait });
        const limit = seconds(timeout + lockWait);
        const client = await this.client(member);
        const { code, stdout, stderr } = await client.exec(scriptCommand(run, member.ssh.user, limit), {
            what: `run ${step}`,
            stdin: text,
            timeout: seconds(limit + 15),
        });
        if (code === ScriptExit.ok) {
            return stdout;
        }
        if (stderr.startsWith("fjord:")) {
            throw new StepError(stderr.trimEnd());
        }
        const problem =
            code === 124 || code === 137
                ? `it did not end within ${limit} s`
                : `it ended with code ${code}: ${stderr.trim().slice(0, 500)}`;
        throw StepError.of(
            member.fqdn,
            step,
            problem,
            "read the log, mend the cause, run again",
            `/var/log/fjord/${step}.log`,
        );
    }

    close(): void {
        for (const opening of this.clients.values()) {
            opening.then(
                (client) => client.close(),
                () => undefined,
            );
        }
        this.clients.clear();
    }
}

/** One shell word a value, nothing interpreted. */
export function commandLine(words: readonly string[]): string {
    return words.map((word) => (/^[\w./:=@,-]+$/.test(word) ? word : shellQuote(word))).join(" ");
}
