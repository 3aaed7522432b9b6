import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as path from "node:path";
import { test } from "node:test";
import { EndDriftTask } from "../../../components/nodes/drift-step";
import { seconds } from "../../../infra/config/types";
import { keyPair } from "../../support/ssh-key";
import { startServer } from "../cluster/ssh-server";

const project = path.resolve(__dirname, "../../..");
const key = keyPair();

/** Runs the program as Pulumi does. */
function end(task: EndDriftTask): Promise<{ readonly code: number; readonly stderr: string }> {
    return new Promise((resolve) => {
        const args = ["--require", "tsx/cjs", "components/nodes/drift-end.ts"];
        const child = execFile(process.execPath, args, { cwd: project }, (error, _stdout, stderr) =>
            resolve({ code: Number(error?.code ?? 0), stderr }),
        );
        child.stdin?.end(JSON.stringify(task));
    });
}

test("ending the check sends drift.sh without keys; a failure, or a machine that is away, is an error", async () => {
    const sent: string[] = [];
    const codes = [0, 20];
    const server = await startServer({
        name: "cp-01.osl.node",
        authorized: key.public,
        run: (command, stdin) => {
            sent.push(command, stdin);
            return { code: codes.shift() ?? 0, stderr: codes.length === 0 ? "fjord: why\n" : "" };
        },
    });
    const { name: node, ...ssh } = server.target;
    const task: EndDriftTask = {
        node,
        ssh,
        script: "components/nodes/scripts/drift.sh",
        params: { KEYS: [] },
        timeout: seconds(60),
        privateKey: key.private,
    };
    assert.deepEqual(await end(task), { code: 0, stderr: "" });
    assert.equal(sent[0], "timeout -k 10 60 bash -s # cp-01.osl.node: drift apply");
    assert.match(sent[1]!, /^declare -ra KEYS=\(\)$/m);
    assert.ok(!sent.some((text) => text.includes("PRIVATE KEY")));
    assert.deepEqual(await end(task), { code: 1, stderr: "fjord: why\n" });
    await server.stop();
    const away = await end(task);
    assert.equal(away.code, 1);
    assert.match(away.stderr, /^fjord: cp-01\.osl\.node: nothing listens at [^]*what to do: /);
});
