import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { noteLost } from "../../../components/cluster/lost";
import { GiveBackTask } from "../../../components/nodes/give-back-step";
import { SshTarget, seconds } from "../../../infra/config/types";
import { startServer } from "../../unit/cluster/ssh-server";
import { keyPair } from "../../support/ssh-key";

const key = keyPair();

async function giveBack(t: { after(work: () => void): void }, ssh: SshTarget): Promise<{ code: number; stderr: string }> {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-give-back-"));
    t.after(() => fs.rmSync(home, { recursive: true }));
    // Its leaving has waited for it already.
    noteLost("no-oslo-1", "worker-01.osl.node", home);
    const task: GiveBackTask = {
        node: "worker-01.osl.node",
        ssh,
        script: "components/nodes/scripts/clean.sh",
        params: { STACK: "no-oslo-1" },
        timeout: seconds(60),
        privateKey: key.private,
    };
    const child = spawn(process.execPath, ["--import", "tsx", "components/nodes/give-back.ts"], {
        env: { ...process.env, FJORD_HOME: home },
    });
    child.stdin.end(JSON.stringify(task));
    const [stderr, code] = await Promise.all([
        text(child.stderr),
        new Promise<number>((resolve) => child.once("exit", (status) => resolve(status ?? -1))),
    ]);
    assert.ok(!stderr.includes("PRIVATE KEY"), stderr);
    return { code, stderr };
}

const nobody: SshTarget = { address: "127.0.0.1", port: 1, user: "root", hostKey: "ssh-ed25519 AAAA" };

test("a machine that answers is cleaned", async (t) => {
    const commands: string[] = [];
    const server = await startServer({ name: "w", authorized: key.public, run: (command) => (commands.push(command), { code: 0 }) });
    t.after(() => server.stop());
    const { name: _, ...ssh } = server.target;
    assert.deepEqual(await giveBack(t, ssh), { code: 0, stderr: "" });
    assert.equal(commands.length, 1);
});

test("a machine that is lost is given up, and it is said what becomes of it", async (t) => {
    const { code, stderr } = await giveBack(t, nobody);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^fjord: worker-01\.osl\.node was not cleaned; it was tried for 0 s and counts as lost: nothing listens at 127\.0\.0\.1:1\n {2}if it comes back: .*\n {2}what to do then: reinstall it/);
});

test("a jump host that fails gives no machine up", async (t) => {
    const { code, stderr } = await giveBack(t, { ...nobody, jump: nobody });
    assert.equal(code, 1);
    assert.match(stderr, /^fjord: jump host of worker-01\.osl\.node: nothing listens.*\n {2}what to do: check the jump host.*FJORD_GIVE_UP_CLUSTER/);
});
