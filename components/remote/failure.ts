import * as pulumi from "@pulumi/pulumi";

/** Where a step ran, for the message about its failure. */
export interface StepPlace {
    /** Full name of the machine. */
    readonly node: string;
    readonly step: string;
    /** `host:port` of its SSH server. */
    readonly address: string;
}

/**
 * What a person should read when a step could not even start: the provider's dial errors, in the words of the house.
 * Undefined for a failure that the script has explained itself (lib.sh).
 */
export function explainDialError(place: StepPlace, error: string): string | undefined {
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

/** A hook that says in plain words why a step failed, once the provider's own retries are over. It never asks for another try. */
export function explainFailure(place: StepPlace & { readonly resource: string }): pulumi.ErrorHook {
    return new pulumi.ErrorHook(`explain-${place.resource}`, ({ errors }) => {
        const text = explainDialError(place, errors[0] ?? "");
        if (text) {
            pulumi.log.error(text);
        }
        return false;
    });
}
