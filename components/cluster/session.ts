import * as path from "node:path";
import { Seconds, seconds } from "../../infra/config/types";
import { runScript } from "../remote/run";
import { ScriptMode, ScriptValue, shellQuote } from "../remote/script";
import { connect, SshClient, SshCredentials, SshExecOptions, SshResult } from "../remote/ssh";
import { Member, serverOf } from "./spec";

export { StepError } from "../remote/failure";

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
        const { stdout } = await runScript(await this.client(member), {
            node: member.fqdn,
            step: `cluster-${script}`,
            mode,
            file: path.join(__dirname, "scripts", `${script}.sh`),
            params,
            lockWait,
            timeout,
        });
        return stdout;
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
