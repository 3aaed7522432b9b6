import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { aside } from "../../../components/cluster/aside";
import { finishAside } from "../../../components/cluster/finish-aside";
import { Session } from "../../../components/cluster/session";
import { asideAnnotation, isAside, letIn, setAside } from "../../../components/cluster/set-aside";
import { seconds } from "../../../infra/config/types";
import { fakeCluster } from "./fake-cluster";
import { machine, node } from "./fixtures";

const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-aside-"));
process.env["FJORD_HOME"] = home;
after(() => fs.rmSync(home, { recursive: true }));

const session = new Session({ kind: "key", privateKey: "" });
const member = machine("worker-01", "worker", 21);
const { fqdn } = member;
const other = node("worker-02.osl.node");
const marked = { unschedulable: true, annotations: { [asideAnnotation]: "restart", "fjord/managed": "{}" } };
const turn = { member, ready: new Set([fqdn]), drainTimeout: seconds(5), limit: seconds(0) };

test("a node is marked with its cordon, in one patch, and unmarked with its end", async () => {
    const { live, nodes, commands } = fakeCluster(node(fqdn, { annotations: { "fjord/managed": "{}" } }));
    await setAside(live, nodes.get(fqdn), "restart");
    assert.deepEqual(commands, [`patch ${fqdn}`]);
    assert.deepEqual([nodes.get(fqdn)?.unschedulable, nodes.get(fqdn)?.annotations], [true, marked.annotations]);
    assert.equal(await letIn(live, fqdn), true);
    assert.deepEqual([nodes.get(fqdn)?.unschedulable, nodes.get(fqdn)?.annotations], [false, { "fjord/managed": "{}" }]);
    assert.equal(await letIn(live, fqdn), false);
});

test("a node that was set aside is let in again when it is back", async () => {
    const { live, nodes } = fakeCluster(node(fqdn), other);
    let during = false;
    await aside(session, live, turn, async () => void (during = isAside(nodes.get(fqdn))));
    assert.deepEqual([during, nodes.get(fqdn)?.unschedulable, isAside(nodes.get(fqdn))], [true, false, false]);
});

test("what a person cordoned is drained and changed, and stays cordoned", async () => {
    const { live, nodes, commands } = fakeCluster(node(fqdn, { unschedulable: true }), other);
    await aside(session, live, turn, async () => undefined);
    assert.ok(commands.includes(`drain ${fqdn}`));
    assert.deepEqual([nodes.get(fqdn)?.unschedulable, isAside(nodes.get(fqdn))], [true, false]);
    assert.equal(await finishAside(live, "no-oslo-1", fqdn), false);
    assert.equal(nodes.get(fqdn)?.unschedulable, true);
});

test("a node whose work failed stays cordoned and marked, and the next run lets it in once it is Ready", async () => {
    const { live, nodes, change } = fakeCluster(node(fqdn), other);
    await assert.rejects(
        aside(session, live, turn, async () => {
            change(fqdn, { ready: false });
            throw new Error("the guest does not boot");
        }),
        /does not boot/,
    );
    assert.deepEqual([nodes.get(fqdn)?.unschedulable, isAside(nodes.get(fqdn))], [true, true]);
    await assert.rejects(finishAside(live, "no-oslo-1", fqdn, seconds(0)), /earlier run took it out of service.*not Ready.*\n {2}what to do: .*stays cordoned/);
    assert.ok(isAside(nodes.get(fqdn)));
    change(fqdn, { ready: true });
    // Steps of one run give up where one before them failed; the next run comes later.
    await sleep(20);
    assert.equal(await finishAside(live, "no-oslo-1", fqdn, seconds(0)), true);
    assert.deepEqual([nodes.get(fqdn)?.unschedulable, isAside(nodes.get(fqdn))], [false, false]);
});

test("a run that goes on where a killed one was lets the node in at its end", async () => {
    const { live, nodes } = fakeCluster(node(fqdn, marked), other);
    await aside(session, live, turn, async () => undefined);
    assert.deepEqual([nodes.get(fqdn)?.unschedulable, isAside(nodes.get(fqdn))], [false, false]);
});
