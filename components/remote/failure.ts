import { Seconds } from "../../infra/config/types";

/** A failure that says machine, step, cause and what to do; its message is all that a person needs. */
export class StepError extends Error {
    override readonly name = "StepError";

    static of(machine: string, step: string, problem: string, fix: string, log?: string): StepError {
        const where = log === undefined ? "" : `\n  log: ${log} on ${machine}`;
        return new StepError(`fjord: ${machine}: step ${step} failed: ${problem}\n  what to do: ${fix}${where}`);
    }
}

/** Where a step ran, for the message about its failure. */
export interface StepPlace {
    /** Full name of the machine. */
    readonly node: string;
    readonly step: string;
    /** Who logs in. */
    readonly user: string;
    /** `host:port` of its SSH server. */
    readonly address: string;
    /** After how long the script is ended on the machine. */
    readonly limit: Seconds;
}

/** True where a script has said itself what went wrong (lib.sh). */
export const saysItself = (text: string): boolean => /^[ \t]*fjord: /m.test(text);

/**
 * What a person should read when a step failed without a word of its own: the provider's error, in the words of the
 * house. Undefined where the script has explained itself, or where the provider's words are the best there are.
 */
export function explainError(place: StepPlace, error: string): string | undefined {
    if (saysItself(error)) {
        return undefined;
    }
    // What a script printed is part of the error too: one that has run is no failure of the connection.
    const status = /Process exited with status (\d+)/.exec(error)?.[1];
    return status === undefined ? explainDialError(place, error) : explainExit(place, Number(status), error);
}

/** sudo's words, and those of its successor in Rust, where it would have to ask. */
const noSudo = /^sudo.*: .*\b(password|authentication|terminal) is required|is not in the sudoers file|is not allowed to execute|may not run sudo/m;

/**
 * Why a script ended before it could say so itself; undefined for all other ends.
 *
 * @param code its exit code; null where a signal ended it
 * @param words what was printed
 */
export function explainExit(place: Omit<StepPlace, "address">, code: number | null, words: string): string | undefined {
    const { node, step, user, limit } = place;
    const failed = (problem: string, fix: string, log: string): string =>
        StepError.of(node, step, problem, fix, log).message;
    if (noSudo.test(words)) {
        return failed(
            `user ${user} may not become root without a password`,
            `let it, on the machine: echo '${user} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-fjord`,
            "none, nothing ran there; sudo's own is `journalctl -t sudo`",
        );
    }
    const log = `/var/log/fjord/${step}.log`;
    // Of timeout(1): the script was asked to end, and ended; or had to be killed, as one is where memory runs out.
    if (code === 124) {
        return failed(
            `it did not end within ${limit} s`,
            "read the log's end, look at the machine's load, disk and network, then run again: the step starts over",
            log,
        );
    }
    if (code === 137 || code === null) {
        return failed(
            `it was killed: it did not end within ${limit} s, or memory ran out`,
            "read the log's end and the kernel's words (journalctl -k), look at the machine's load, disk and memory, then run again: the step starts over",
            log,
        );
    }
    return undefined;
}

/** The provider's dial errors: the step could not even start. */
function explainDialError(place: StepPlace, error: string): string | undefined {
    const cause = dialErrors.find(({ pattern }) => pattern.test(error));
    if (!cause) {
        return undefined;
    }
    return [
        `fjord: ${place.node}: step ${place.step} did not start: ${cause.what.replace("ADDRESS", place.address)}`,
        `  what to do: ${cause.fix}`,
        `  log: none on the machine, nothing ran there; its SSH server's own is \`journalctl -u ssh\``,
    ].join("\n");
}

/** Texts of Go's net and golang.org/x/crypto/ssh packages, which the command provider passes on. The first match counts. */
const dialErrors: readonly { pattern: RegExp; what: string; fix: string }[] = [
    {
        pattern: /host key mismatch|knownhosts|ssh: host key|key mismatch/i,
        what: "the SSH server at ADDRESS has another host key than the stack expects",
        fix: "if the machine was reinstalled, put its new host key into fjord:machines; if not, find out who answers at that address before going on",
    },
    {
        pattern: /unable to authenticate|no supported methods remain|permission denied \(publickey/i,
        what: "the SSH server at ADDRESS refused the key",
        fix: "check fjord:ssh (user, identityFile or agent) and the user's authorized_keys on the machine",
    },
    {
        pattern: /connection refused/i,
        what: "nothing listens at ADDRESS",
        fix: "check that the SSH server runs there and that address and port in fjord:machines are right",
    },
    {
        pattern: /i\/o timeout|deadline exceeded|no route to host|network is unreachable|host is down/i,
        what: "the machine did not answer at ADDRESS",
        fix: "check that it is powered on and reachable from here, then run again: the stack goes on from there",
    },
    {
        pattern: /connection reset|EOF|broken pipe|remote command exited without exit status|closed by remote host/i,
        what: "the SSH connection to ADDRESS broke",
        fix: "run again: a script that still runs on the machine is waited for",
    },
];
