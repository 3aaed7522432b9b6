import { text } from "node:stream/consumers";
import { init } from "./init";
import { leave } from "./leave";
import { member } from "./member";
import { Session } from "./session";
import { InitInput, MemberInput } from "./spec";

/**
 * The steps that talk to several machines at once. They run where Pulumi runs (`command.local.Command`), take their
 * input on stdin, and print what the stack keeps: `init` the CA certificate, `member` and `leave` what they did.
 */
const steps: Readonly<Record<string, (session: Session, input: unknown) => Promise<string>>> = {
    init: (session, input) => init(session, input as InitInput),
    member: (session, input) => member(session, input as MemberInput),
    leave: async (session, input) => (await leave(session, input as MemberInput)).join("\n"),
};

async function main(verb: string): Promise<void> {
    const step = steps[verb];
    if (!step) {
        throw new Error(`fjord: no step is named "${verb}"; there are ${Object.keys(steps).join(", ")}`);
    }
    const input = JSON.parse(await text(process.stdin)) as InitInput;
    const session = new Session({ kind: "key", privateKey: input.privateKey });
    try {
        process.stdout.write(`${(await step(session, input)).trimEnd()}\n`);
    } finally {
        session.close();
    }
}

// Ended by hand: a connection that is still being tried to a machine that is off would keep the process for its
// timeout.
main(process.argv[2] ?? "").then(
    () => process.exit(0),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    },
);
