import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAccess } from "../../../components/cluster/access";
import { finishRestart, RestartedMachine, restartMachine } from "../../../components/cluster/machine-restart";
import { Session } from "../../../components/cluster/session";
import { asideAnnotation } from "../../../components/cluster/set-aside";
import { SshError } from "../../../components/remote/ssh";
import { seconds } from "../../../infra/config/types";
import { kubernetes } from "./fixtures";

const machine: RestartedMachine = {
    region: "no-oslo-1",
    name: "cp-01",
    fqdn: "cp-01.osl.node",
    role: "control-plane",
    nodeAddress: "10.0.0.11",
    ssh: { address: "10.0.0.11", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" },
    drainTimeout: seconds(5),
    limit: seconds(5),
    off: async () => false,
    switchOff: "virsh destroy no-oslo-1-cp-01 on hv-01",
};

const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-restart-"));
process.env["FJORD_HOME"] = home;
after(() => fs.rmSync(home, { recursive: true }));
writeAccess({ name: machine.region, kubernetes, ssh: {} }, [machine], undefined, home);

type Answer = { readonly code: number; readonly stdout?: string; readonly stderr?: string } | SshError;

/** Restarts the machine, which gives this answer; what came of it. */
async function restarted(answer: Answer, off: () => Promise<boolean>): Promise<{ worked: boolean; problem?: string }> {
    const session = {
        run: async () => {
            if (answer instanceof SshError) {
                throw answer;
            }
            return { stdout: "", stderr: "", ...answer };
        },
    } as unknown as Session;
    let worked = false;
    try {
        await restartMachine(session, { ...machine, off }, async () => void (worked = true));
        return { worked };
    } catch (error) {
        return { worked, problem: (error as Error).message };
    }
}

const on = async (): Promise<boolean> => false;
const off = async (): Promise<boolean> => true;
const silent = new SshError("no-answer", machine.fqdn, "the machine did not answer at 10.0.0.11:22 within 20 s", "check it");

test("a machine that says that it is no member is restarted at once", async () => {
    assert.deepEqual(await restarted({ code: 0, stdout: "none\n" }, on), { worked: true });
});

test("a machine that is silent is restarted at once only where it is switched off", async () => {
    assert.deepEqual(await restarted(silent, off), { worked: true });
    const { worked, problem } = await restarted(silent, on);
    assert.equal(worked, false);
    assert.match(
        problem ?? "",
        /^fjord: cp-01\.osl\.node: step restart failed: it runs, but cannot be asked .*did not answer at 10\.0\.0\.11:22.*nothing was restarted\n {2}what to do: .*fjord:ssh\.allowFrom.*virsh destroy no-oslo-1-cp-01 on hv-01/,
    );
});

test("an answer that is none is no answer, as is a hypervisor's silence", async () => {
    const noSudo = await restarted({ code: 1, stderr: "sudo: a password is required\n" }, on);
    assert.equal(noSudo.worked, false);
    assert.match(noSudo.problem ?? "", /a password is required/);
    const unknown = await restarted(silent, async () => {
        throw new Error("libvirt does not say");
    });
    assert.deepEqual(unknown, { worked: false, problem: "libvirt does not say" });
});

/** A region's API as the guest's step sees it, over SSH, with the machine as its only control plane and one worker. */
function region(own: { readonly bootId: string; readonly ready: boolean; readonly aside: boolean }) {
    const now = { ...own, cordoned: own.aside };
    const object = (name: string, one: typeof now) => ({
        metadata: { name, uid: name, resourceVersion: "1", annotations: one.aside ? { [asideAnnotation]: "restart" } : {} },
        spec: { unschedulable: one.cordoned },
        status: { conditions: [{ type: "Ready", status: one.ready ? "True" : "False" }], nodeInfo: { bootID: one.bootId } },
    });
    const worker = { bootId: "w", ready: true, aside: false, cordoned: false };
    const session = {
        client: async () => undefined,
        run: async (_: unknown, command: string) => {
            const answer = (stdout: string) => ({ code: 0, stdout, stderr: "" });
            if (command.startsWith("sh -c 'if test -e")) {
                return answer("member\n");
            }
            if (command.includes("get nodes")) {
                return answer(JSON.stringify({ items: [object(machine.fqdn, now), object("worker-01.osl.node", worker)] }));
            }
            if (command.includes("patch node")) {
                now.cordoned = command.includes('"unschedulable":true');
                now.aside = now.cordoned;
            }
            return answer("");
        },
    } as unknown as Session;
    return { session, now };
}

const cordoned = { cordoned: true, aside: true };
const free = { cordoned: false, aside: false };
const pods = ({ cordoned: out, aside }: { cordoned: boolean; aside: boolean }) => ({ cordoned: out, aside });

test("a member's pods are out while it restarts, and in again when it is back", async () => {
    const { session, now } = region({ bootId: "one", ready: true, aside: false });
    let during = {};
    await restartMachine(session, machine, async () => {
        during = pods(now);
        now.bootId = "two";
    });
    assert.deepEqual([during, pods(now)], [cordoned, free]);
});

test("a member that was not even stopped takes pods again: the stack may be set back", async () => {
    const { session, now } = region({ bootId: "one", ready: true, aside: false });
    const noMemory = async () => Promise.reject(new Error("not enough memory"));
    await assert.rejects(restartMachine(session, machine, noMemory), /not enough memory/);
    assert.deepEqual(pods(now), free);
});

test("a member that was stopped and did not boot in time is let in by the next run, once it is Ready", async () => {
    const { session, now } = region({ bootId: "one", ready: true, aside: false });
    await sleep(20);
    await assert.rejects(
        restartMachine(session, machine, async () => {
            now.ready = false;
            throw new Error("it could not be entered within 300 s");
        }),
        /could not be entered/,
    );
    assert.deepEqual(pods(now), cordoned);
    now.bootId = "two";
    now.ready = true;
    // Steps of one run give up where one before them failed; the next run comes later.
    await sleep(20);
    await finishRestart(session, machine);
    assert.deepEqual(pods(now), free);
});
