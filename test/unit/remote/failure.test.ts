import assert from "node:assert/strict";
import { test } from "node:test";
import { explainError } from "../../../components/remote/failure";
import { seconds } from "../../../infra/config/types";

const place = {
    node: "cp-01.osl.node",
    step: "images",
    user: "deploy",
    address: "192.0.2.11:22",
    limit: seconds(360),
};

/** What the command provider says of a command that ran and failed: how it ended, the command, what it printed. */
function ended(how: string, printed: string): string {
    return `1 error occurred:\n\t* ${how}: running "sudo -n timeout -k 10 360 bash -s # cp-01.osl.node: images apply":\n${printed}\n\n`;
}
const exited = (status: number, printed: string): string => ended(`Process exited with status ${status}`, printed);

/** What it says where it could not connect. */
const dial = (reason: string): string => `1 error occurred:\n\t* after 3 failed attempts: ${reason}\n\n`;

const said = (problem: string): string =>
    `fjord: cp-01.osl.node: step images failed: ${problem}\n  what to do: this\n  log: /var/log/fjord/images.log on cp-01.osl.node`;

/** Undefined: nothing is added to what the script or the provider has said. */
const cases: readonly (readonly [string, string, RegExp | undefined])[] = [
    ["a refused port", dial("dial tcp 192.0.2.11:22: connect: connection refused"), /did not start: nothing listens at 192\.0\.2\.11:22\n/],
    ["silence", dial("dial tcp 192.0.2.11:22: i/o timeout"), /did not start: the machine did not answer at 192\.0\.2\.11:22\n/],
    ["another host key", dial("ssh: handshake failed: ssh: host key mismatch"), /has another host key than the stack expects\n/],
    [
        "a refused key",
        dial("ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain"),
        /refused the key\n/,
    ],
    ["a jump host", `proxy: ${dial("dial tcp 192.0.2.1:22: connect: connection refused")}`, /nothing listens at/],
    ["a broken connection", ended("wait: remote command exited without exit status or exit signal", ""), /the SSH connection to .* broke\n/],

    ["a script about a refused connection", exited(20, said("registry.k8s.io/pause from registry.k8s.io: connection refused")), undefined],
    ["a script about a timeout", exited(20, said("images could not be pulled: i/o timeout")), undefined],
    ["a script about a host key", exited(20, said("host key mismatch")), undefined],
    ["a script that spoke after others", exited(20, `motd of this machine: EOF\n${said("EOF")}`), undefined],
    ["a script that spoke before the connection broke", ended("wait: remote command exited without exit status or exit signal", said("x")), undefined],
    ["a script that another one kept from running", exited(21, said("another fjord script still runs after 300 s")), undefined],
    ["a command without words of its own", exited(127, "bash: line 1: timeout: command not found: connection refused, EOF"), undefined],
    ["a word of the provider that says nothing about a connection", "failed to parse host: it is empty", undefined],

    ["a script that took too long", exited(124, "connection refused"), /step images failed: it did not end within 360 s\n/],
    ["a script that had to be killed", exited(137, ""), /step images failed: it was killed: it did not end within 360 s, or memory ran out\n/],
    ["the same, told as a signal", ended("Process exited with status 137 from signal KILL", ""), /it was killed: /],

    ["sudo with a password", exited(1, "sudo: a password is required"), /user deploy may not become root without a password\n/],
    [
        "sudo with a terminal",
        exited(1, "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper\nsudo: a password is required"),
        /may not become root without a password\n/,
    ],
    ["sudo of Rust", exited(1, "sudo: interactive authentication is required"), /may not become root without a password\n/],
    ["no sudo at all", exited(1, "deploy is not in the sudoers file."), /may not become root without a password\n/],
];

for (const [name, error, expected] of cases) {
    test(name, () => {
        const text = explainError(place, error);
        if (expected === undefined) {
            return assert.equal(text, undefined);
        }
        assert.ok(text !== undefined);
        assert.match(text, expected);
        assert.match(text, /^fjord: cp-01\.osl\.node: step images (failed|did not start): .+\n {2}what to do: .+\n {2}log: .+$/);
    });
}

test("the log that is named is the script's, where it has run", () => {
    const log = (error: string): string => explainError(place, error)?.split("\n").at(-1) ?? "";
    assert.equal(log(exited(124, "")), "  log: /var/log/fjord/images.log on cp-01.osl.node");
    assert.match(log(exited(1, "sudo: a password is required")), /none, nothing ran there/);
    assert.match(log(dial("dial tcp 192.0.2.11:22: connect: connection refused")), /none on the machine/);
});
