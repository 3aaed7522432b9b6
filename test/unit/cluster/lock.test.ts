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
        withLock(file, seconds(1), () => Promise.reject(new Error("work failed"))),
        /work failed/,
    );
    assert.ok(!fs.existsSync(file));
    fs.writeFileSync(file, "1");
    await assert.rejects(
        withLock(file, seconds(1), async () => undefined),
        /process 1 holds .* for more than 1 s/,
    );
});

test("who comes first goes first, and who died while waiting is not waited for", async (t) => {
    const file = lockFile(t);
    const order: string[] = [];
    let done = (): void => undefined;
    const holding = withLock(file, seconds(30), () => new Promise<void>((resolve) => (done = resolve)));
    // A process id that nobody has: it waited since before all others.
    fs.writeFileSync(`${file}.waits.000000000000001.4194304.dead`, "");
    const waiting: Promise<unknown>[] = [];
    for (const name of ["first", "second", "third"]) {
        waiting.push(withLock(file, seconds(30), async () => order.push(name)));
        await sleep(5);
    }
    done();
    await Promise.all([holding, ...waiting]);
    assert.deepEqual(order, ["first", "second", "third"]);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
});

test("where one fails those that wait give up, and those that come later do not", async (t) => {
    const file = lockFile(t);
    let fail = (): void => undefined;
    const holding = withLock(file, seconds(30), () => new Promise<void>((_, reject) => (fail = () => reject(new Error("work failed")))));
    await sleep(5);
    const waiting = withLock(file, seconds(30), async () => "begun");
    await sleep(20);
    fail();
    await assert.rejects(holding, /work failed/);
    await assert.rejects(waiting, /was not begun/);
    await sleep(5);
    assert.equal(await withLock(file, seconds(1), async () => "begun"), "begun");
});
