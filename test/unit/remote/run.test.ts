import assert from "node:assert/strict";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { StepError } from "../../../components/remote/failure";
import { runScript } from "../../../components/remote/run";
import { scriptCommand, ScriptRun } from "../../../components/remote/script";
import { connect } from "../../../components/remote/ssh";
import { seconds } from "../../../infra/config/types";
import { keyPair } from "../../support/ssh-key";
import { startServer } from "../cluster/ssh-server";

const key = keyPair();
const run: ScriptRun = {
    file: path.resolve(__dirname, "../../../components/machines/libvirt/scripts/grow.sh"),
    node: "cp-01.osl.node",
    step: "grow",
    mode: "apply",
    params: {},
};
const waits = { ...run, lockWait: seconds(900) };
const alone = { ...run, lockWait: "none" } as const;

/** What a script sent to a server, and how it ended for the caller. */
async function ran(t: TestContext, given: ScriptRun, answer: { code: number; stdout?: string; stderr?: string }) {
    const sent: string[] = [];
    const server = await startServer({
        name: "cp-01.osl.node",
        authorized: key.public,
        run: (command, stdin) => (sent.push(command, stdin), answer),
    });
    t.after(() => server.stop());
    const client = await connect(server.target, { kind: "key", privateKey: key.private });
    const end = await runScript(client, { ...given, timeout: seconds(60) }).catch((error: unknown) => error);
    client.close();
    return { command: sent[0] ?? "", text: sent[1] ?? "", end };
}

test("the time of a script is its own after what it may wait for the machine's lock", async (t) => {
    assert.match(scriptCommand(run, "root", seconds(60)), /^timeout -k 10 360 bash -s # /);
    assert.match(scriptCommand(waits, "deploy", seconds(60)), /^sudo -n timeout -k 10 960 bash -s # /);
    assert.match(scriptCommand(alone, "root", seconds(60)), /^timeout -k 10 60 bash -s # /);
    for (const [given, wait] of [[run, 300], [waits, 900]] as const) {
        const { command, text } = await ran(t, given, { code: 0 });
        assert.equal(/^declare -r LOCK_WAIT='(\d+)'$/m.exec(text)?.[1], String(wait));
        assert.equal(command, `timeout -k 10 ${wait + 60} bash -s # cp-01.osl.node: grow apply`);
    }
});

test("what it gives back is what it printed; drift is a result of a check only", async (t) => {
    assert.deepEqual((await ran(t, run, { code: 0, stdout: "figures" })).end, { drift: false, stdout: "figures" });
    const drift = { code: 10, stderr: "fjord: cp-01.osl.node: step grow: drift, 1 things differ\n" };
    assert.deepEqual((await ran(t, { ...run, mode: "check" }, drift)).end, { drift: true, stdout: "" });
    assert.ok((await ran(t, run, drift)).end instanceof StepError);
});

const failures: readonly (readonly [number, string, string])[] = [
    [20, "fjord: cp-01.osl.node: step grow failed: why\n", "fjord: cp-01.osl.node: step grow failed: why"],
    [124, "", "fjord: cp-01.osl.node: step grow failed: it did not end within 360 s\n"],
    [1, "sudo: a password is required\n", "fjord: cp-01.osl.node: step grow failed: user root may not become root without a password\n"],
    [127, "bash: not found\n", "fjord: cp-01.osl.node: step grow failed: it ended with code 127: bash: not found\n"],
];
for (const [code, stderr, expected] of failures) {
    test(`code ${code} is an error that says why`, async (t) => {
        const { end } = await ran(t, run, { code, stderr });
        assert.ok(end instanceof StepError);
        assert.ok(end.message.startsWith(expected), end.message);
    });
}
