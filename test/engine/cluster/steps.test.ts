import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { InitInput, MemberInput } from "../../../components/cluster/spec";
import { startServer } from "../../unit/cluster/ssh-server";
import { settingsHash } from "../../../components/cluster/settings";
import { machine, spec } from "../../unit/cluster/fixtures";
import { keyPair } from "../../support/ssh-key";

const key = keyPair();
const encryptionKey = Buffer.alloc(32, 9).toString("base64");

async function step(
    verb: string,
    input: object,
    env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, ["--import", "tsx", "components/cluster/steps.ts", verb], {
        env: { ...process.env, ...env },
    });
    child.stdin.end(JSON.stringify(input));
    const [stdout, stderr, code] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        new Promise<number>((resolve) => child.once("exit", (status) => resolve(status ?? -1))),
    ]);
    for (const said of [stdout, stderr]) {
        assert.ok(!said.includes("PRIVATE KEY") && !said.includes(encryptionKey), said);
    }
    return { code, stdout, stderr };
}

/** A control plane on which `observe` says this and `api` answers kubectl and etcdctl; all else succeeds silently. */
async function controlPlane(
    name: string,
    last: number,
    observed: string,
    api: (command: string) => string | undefined = () => undefined,
) {
    const commands: string[] = [];
    const server = await startServer({
        name,
        authorized: key.public,
        run: (command, stdin) => {
            commands.push(command);
            if (command.includes("cluster-observe")) {
                return { code: 0, stdout: observed };
            }
            const answer = api(command);
            if (answer !== undefined) {
                return { code: 0, stdout: answer };
            }
            if (command.includes("/etc/kubernetes/pki/ca.crt")) {
                return { code: 0, stdout: `${Buffer.from("CA\n").toString("base64")}\n` };
            }
            return { code: stdin.includes("kubeadm reset") || command.includes("etcdctl") ? 1 : 0 };
        },
    });
    const { name: _, ...ssh } = server.target;
    return { server, commands, member: machine(name, "control-plane", last, { ssh }) };
}

const empty = "started=\ncompleted=\netcdData=false\ncredentials=false\nca=\nkubelet=1.36.4\napiReady=false\n";
const member = (api: boolean) =>
    `started=\ncompleted=no-oslo-1 s\netcdData=true\ncredentials=true\nca=\nkubelet=1.36.4\napiReady=${api}\n`;
const init = (members: readonly { member: InitInput["controlPlanes"][number] }[]): InitInput => ({
    spec,
    controlPlanes: members.map((one) => one.member),
    privateKey: key.private,
    encryptionKey,
});

test("init begins on the first machine only where all are empty, and prints the CA", async (t) => {
    const [a, b] = [await controlPlane("cp-01", 11, empty), await controlPlane("cp-02", 12, empty)];
    t.after(() => Promise.all([a.server.stop(), b.server.stop()]));
    const { code, stdout, stderr } = await step("init", init([a, b]));
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "CA\n");
    const made = (commands: readonly string[]) =>
        commands.filter((command) => command.includes("cluster-member")).length;
    assert.deepEqual([made(a.commands), made(b.commands)], [1, 0]);
    for (const command of [...a.commands, ...b.commands]) {
        assert.ok(!command.includes(encryptionKey));
    }
});

test("init begins nothing where a later machine answers for the cluster", async (t) => {
    const [a, b] = [await controlPlane("cp-01", 11, empty), await controlPlane("cp-02", 12, member(true))];
    t.after(() => Promise.all([a.server.stop(), b.server.stop()]));
    const { code, stdout } = await step("init", init([a, b]));
    assert.deepEqual([code, stdout], [0, "CA\n"]);
    assert.ok(![...a.commands, ...b.commands].some((command) => command.includes("cluster-member")));
});

test("init refuses while a machine is silent, and says which", async (t) => {
    const [a, b] = [await controlPlane("cp-01", 11, empty), await controlPlane("cp-02", 12, empty)];
    t.after(() => a.server.stop());
    await b.server.stop();
    const { code, stderr } = await step("init", init([a, b]));
    assert.equal(code, 1);
    assert.match(
        stderr,
        /^fjord: no-oslo-1: step init failed: .*cp-02\.osl\.node could not be asked.*nothing listens.*\n {2}what to do: /,
    );
    assert.ok(!a.commands.some((command) => command.includes("cluster-member")));
});

test("leaving a region that is gone resets the machine if it answers, and is done if it does not", async (t) => {
    const a = await controlPlane("cp-01", 11, empty);
    t.after(() => a.server.stop());
    const input: MemberInput = { ...init([a]), member: a.member, settings: "s" };
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-leave-"));
    t.after(() => fs.rmSync(home, { recursive: true }));
    const env = { FJORD_GIVE_UP_CLUSTER: "no-oslo-1", FJORD_HOME: home };
    const gone = { ...input, member: { ...a.member, ssh: { ...a.member.ssh, port: 1 } } };
    const { code, stdout, stderr } = await step("leave", gone, env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /did not answer and was not reset/);
    assert.match(stderr, /^fjord: cp-01\.osl\.node .* was not reset; it was tried for 0 s and counts as lost: nothing listens.*\n {2}if it comes back: .*\n {2}what to do then: /);
    const failed = await step("leave", input, env);
    assert.equal(failed.code, 1, "a reset that fails on a machine that answers is an error");
});

/** `kubectl get nodes -o json` of nodes that are Ready. */
const nodes = (...names: readonly string[]): string =>
    JSON.stringify({
        items: names.map((name) => ({
            metadata: { name, uid: name, resourceVersion: "1", annotations: { "fjord/aside": "restart" } },
            spec: { unschedulable: true },
            status: { conditions: [{ type: "Ready", status: "True" }] },
        })),
    });

test("the last control plane that answers leaves a cluster that has gone, and none that still has nodes", async (t) => {
    let there = nodes("cp-01.osl.node", "worker-01.osl.node");
    const a = await controlPlane("cp-01", 11, empty, (command) => {
        if (command.includes("etcdctl")) {
            return command.includes("member list") ? "a1, started, cp-01.osl.node, https://10.0.0.11:2380, https://10.0.0.11:2379, false\n" : "[]";
        }
        if (command.includes("cluster-reset")) {
            return "";
        }
        return command.includes("get nodes") ? there : undefined;
    });
    const b = await controlPlane("cp-02", 12, empty);
    t.after(() => a.server.stop());
    // It has left in this very run: nobody answers there, and its node is deleted.
    await b.server.stop();
    const input: MemberInput = { ...init([a, b]), member: a.member, settings: "s" };
    const wasReset = (): boolean => a.commands.some((command) => command.includes("cluster-reset"));
    const kept = await step("leave", input);
    assert.equal(kept.code, 1, kept.stdout);
    assert.match(kept.stderr, /cp-01\.osl\.node: step leave failed: it is the last control plane .* still has nodes: worker-01\.osl\.node\n {2}what to do: .*FJORD_GIVE_UP_CLUSTER/);
    assert.equal(wasReset(), false);
    there = nodes("cp-01.osl.node");
    const gone = await step("leave", input);
    assert.equal(gone.code, 0, gone.stderr);
    assert.equal(wasReset(), true);
});

test("a node that an earlier run left cordoned is let in again, though nothing differs", async (t) => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-member-"));
    t.after(() => fs.rmSync(home, { recursive: true }));
    const ca = Buffer.from("CA\n").toString("base64");
    const held = `started=\ncompleted=no-oslo-1 ${settingsHash(spec)}\netcdData=false\ncredentials=true\nca=${ca}\nkubelet=1.36.4\napiReady=false\n`;
    const a = await controlPlane("cp-01", 11, empty, (command) =>
        command.includes("get nodes") ? nodes("cp-01.osl.node", "worker-01.osl.node") : undefined,
    );
    const worker = await controlPlane("worker-01", 21, held);
    t.after(() => Promise.all([a.server.stop(), worker.server.stop()]));
    const input: MemberInput = { ...init([a]), member: { ...worker.member, role: "worker" }, settings: "s" };
    const { code, stdout, stderr } = await step("member", input, { FJORD_HOME: home });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /let in again/);
    const patch = a.commands.find((command) => command.includes("patch node worker-01.osl.node"));
    assert.match(patch ?? "", /"fjord\/aside":null.*"unschedulable":null/);
});

test("an unknown verb is refused", async () => {
    const { code, stderr } = await step("explode", {});
    assert.equal(code, 1);
    assert.match(stderr, /there are init, member, leave/);
});
