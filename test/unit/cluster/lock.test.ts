import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../../components/cluster/lock";
import { seconds } from "../../../infra/config/types";

function lockFile(t: TestContext): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-lock-"));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    return path.join(folder, "deep", "change.lock");
}

let asked = 0;
/** Everybody asks for something else. */
const turn = (file: string, limit = 30) => ({ file, who: `step ${asked++}`, limit: seconds(limit) });

/** Holds the lock until it is told to end, or to fail. */
function hold(file: string) {
    let end = (): void => undefined;
    let fail = (): void => undefined;
    const work = new Promise<void>((resolve, reject) => {
        end = resolve;
        fail = () => reject(new Error("work failed"));
    });
    return { ended: withLock(turn(file), () => work), end, fail };
}

test("several processes go one after the other, also when one of them dies with the lock", async (t) => {
    const file = lockFile(t);
    const log = `${file}.log`;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const run = async (fate: string): Promise<void> => {
        await once(
            spawn(process.execPath, ["--import", "tsx", path.join(__dirname, "lock-holder.ts"), file, log, fate], {
                stdio: "inherit",
            }),
            "exit",
        );
    };
    await run("die");
    await Promise.all([run("live"), run("live"), run("live")]);
    assert.equal(fs.readFileSync(log, "utf8"), "in\n" + "in\nout\n".repeat(3));
    assert.ok(!fs.existsSync(file));
});

test("the lock is given back after a failure, and a holder that stays is named", async (t) => {
    const file = lockFile(t);
    await assert.rejects(
        withLock(turn(file, 1), () => Promise.reject(new Error("work failed"))),
        /work failed/,
    );
    assert.ok(!fs.existsSync(file));
    fs.writeFileSync(file, "1");
    await assert.rejects(
        withLock(turn(file, 1), async () => undefined),
        /process 1 holds .* for more than 1 s/,
    );
});

test("who comes first goes first, and who died while waiting is not waited for", async (t) => {
    const file = lockFile(t);
    const order: string[] = [];
    const holder = hold(file);
    // A process id that nobody has: it waited since before all others.
    fs.writeFileSync(`${file}.waits.000000000000001.dead.4194304.who`, "");
    const waiting: Promise<unknown>[] = [];
    for (const name of ["first", "second", "third"]) {
        waiting.push(withLock(turn(file), async () => order.push(name)));
        await sleep(5);
    }
    holder.end();
    await Promise.all([holder.ended, ...waiting]);
    assert.deepEqual(order, ["first", "second", "third"]);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
});

test("where one fails those that wait give up, and those that come later do not", async (t) => {
    const file = lockFile(t);
    const holder = hold(file);
    await sleep(5);
    const waiting = withLock(turn(file), async () => "begun");
    await sleep(20);
    holder.fail();
    await assert.rejects(holder.ended, /work failed/);
    await assert.rejects(waiting, /was not begun/);
    await sleep(5);
    assert.equal(await withLock(turn(file, 1), async () => "begun"), "begun");
});

test("who asks for the same once more takes the place of the one that waits", async (t) => {
    const file = lockFile(t);
    const holder = hold(file);
    const same = { file, who: "cp-02.osl.node", limit: seconds(30) };
    const old = withLock(same, async () => "old");
    const refused = assert.rejects(old, /another run does the same by now/);
    await sleep(5);
    const young = withLock(same, async (waited) => `young, ${waited ? "waited" : "at once"}`);
    await refused;
    holder.end();
    await holder.ended;
    assert.equal(await young, "young, waited");
    assert.equal(await withLock(same, async (waited) => waited), false);
});

test("a failure of an earlier run stops nobody", async (t) => {
    const file = lockFile(t);
    const holder = hold(file);
    await sleep(5);
    const waiting = withLock(turn(file), async () => "begun");
    await sleep(20);
    holder.fail();
    await assert.rejects(holder.ended, /work failed/);
    fs.writeFileSync(`${file}.failed`, "1");
    assert.equal(await waiting, "begun");
});
