import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { clearHalfWritten } from "../../../operations/unlock/attributes";
import { judgeLock, StateLock } from "../../../operations/unlock/judge";
import { findProcess } from "../../../operations/unlock/process";
import { clearDead, findLocks, lockFolder } from "../../../operations/unlock/unlock";

const lock: StateLock = { pid: 41, username: "anna", hostname: "ops-1", timestamp: "2026-01-01T10:00:00Z" };
const taken = Date.parse(lock.timestamp);

test("a lock is dead only if its own machine has no such process, or a younger one", () => {
    const running = (started: number) => () => ({ started, command: "pulumi up" });
    assert.equal(judgeLock(lock, "ops-1", () => undefined).kind, "dead");
    assert.equal(judgeLock(lock, "ops-1", running(taken + 60_000)).kind, "dead");
    assert.equal(judgeLock(lock, "ops-1", running(taken - 60_000)).kind, "alive");
    assert.equal(judgeLock(lock, "ops-1", running(taken + 500)).kind, "alive", "within the rounding of clocks");
    assert.equal(judgeLock(lock, "ops-2", () => undefined).kind, "unknown");
    assert.equal(judgeLock({ ...lock, timestamp: "never" }, "ops-1", () => undefined).kind, "unknown");
});

test("a message about a living owner names it and says how to end it", () => {
    const verdict = judgeLock(lock, "ops-1", () => ({ started: taken - 1, command: "pulumi up --yes" }));
    assert.match(verdict.why, /pid 41 of anna on ops-1/);
    assert.match(verdict.why, /pulumi up --yes/);
    assert.equal(verdict.kind === "alive" && verdict.fix, "wait for it, or end it (kill -INT 41) and run this again");
});

test("a process is found with its start, and not once it has ended", async () => {
    const before = Date.now();
    const child = spawn("sleep", ["60"]);
    const found = findProcess(child.pid ?? 0);
    assert.ok(found && Math.abs(found.started - before) < 2_000, `started ${found?.started}, spawned ${before}`);
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.kill("SIGKILL");
    await ended;
    assert.equal(findProcess(child.pid ?? 0), undefined);
});

test("only dead locks are removed", (t) => {
    const backend = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-unlock-"));
    t.after(() => fs.rmSync(backend, { recursive: true }));
    const folder = lockFolder(`file://${backend}`, "fjord", "lab");
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "dead.json"), JSON.stringify(lock));
    fs.writeFileSync(path.join(folder, "alive.json"), JSON.stringify({ ...lock, pid: 42 }));
    fs.writeFileSync(path.join(folder, "half.json"), '{"pid": 4');
    const locks = findLocks(folder, "ops-1", (pid) => (pid === 42 ? { started: taken - 1, command: "pulumi" } : undefined));
    assert.deepEqual(clearDead(locks).map(({ verdict }) => verdict.kind).sort(), ["alive", "unknown"]);
    assert.deepEqual(fs.readdirSync(folder).sort(), ["alive.json", "half.json"]);
});

test("a state elsewhere is refused with what to do", () => {
    assert.throws(() => lockFolder("s3://bucket", "fjord", "lab"), /pulumi cancel/);
});

test("attributes that were half written go, and nothing else", (t) => {
    const backend = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-unlock-"));
    t.after(() => fs.rmSync(backend, { recursive: true }));
    const file = (name: string, text: string): string => {
        const whole = path.join(backend, ".pulumi", name);
        fs.mkdirSync(path.dirname(whole), { recursive: true });
        fs.writeFileSync(whole, text);
        return whole;
    };
    const half = [
        file("stacks/fjord/lab.json.attrs", ""),
        file("history/fjord/lab/lab-1.checkpoint.json.attrs", '{"user.cache'),
    ];
    const whole = [
        file("stacks/fjord/lab.json", ""),
        file("stacks/fjord/lab.json.bak.attrs", '{"md5":"x"}'),
        file("stacks/fjord/trust.json.attrs", ""),
        file("stacks/other/lab.json.attrs", ""),
    ];
    assert.deepEqual(clearHalfWritten(`file://${backend}?metadata=x`, "fjord", "lab"), half);
    assert.deepEqual([...half, ...whole].filter((one) => fs.existsSync(one)), whole);
    assert.deepEqual(clearHalfWritten(`file://${backend}`, "fjord", "lab"), []);
});
