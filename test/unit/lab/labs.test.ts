import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, type TestContext } from "node:test";
import { findLab, keepRange, knownLabs, noSuchLab } from "../../../lab/labs";
import { toolchainOf } from "../../../lab/make";
import { collisions } from "../../../lab/network";
import { until } from "../../../lab/process";
import { stackFiles } from "../../../lab/pulumi";
import { nothingRemains } from "../../../lab/remains";
import { stackPids, stackProcesses, type ProcessFacts } from "../../../lab/stack-processes";

function folder(t: TestContext): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

/** A lab that was made once. */
function make(dir: string, name: string, range: string): void {
    const lab = findLab({ name, range }, dir);
    fs.mkdirSync(lab.dir, { recursive: true });
    keepRange(lab);
}

test("two labs live side by side, each in its own range, and later commands need only the name", (t) => {
    const dir = folder(t);
    make(dir, "one", "10.81.0.0/24");
    make(dir, "two", "10.82.0.0/24");
    assert.deepEqual(knownLabs(dir), ["one", "two"]);
    const [one, two] = [findLab({ name: "one" }, dir), findLab({ name: "two" }, dir)];
    assert.deepEqual([one.range, two.range], ["10.81.0.0/24", "10.82.0.0/24"]);
    assert.equal(findLab({ name: "one", range: "10.81.0.0/24" }, dir).range, "10.81.0.0/24");
    assert.throws(
        () => findLab({ name: "one", range: "10.82.0.0/24" }, dir),
        /lab "one" has range 10\.81\.0\.0\/24, not 10\.82\.0\.0\/24\n {2}what to do: leave out --range, .*lab:down/,
    );
    // The range of a lab that runs is on its bridge, where the next one finds it.
    const bridge = { link: one.bridge, address: one.gateway, prefixLength: 24 };
    assert.deepEqual(collisions(one, [bridge]), []);
    assert.deepEqual(collisions(two, [bridge]), []);
    assert.deepEqual(collisions(findLab({ name: "three", range: one.range }, dir), [bridge]), [bridge]);
});

test("a lab that is not there has the default range, and its name is answered with those that are", (t) => {
    const dir = folder(t);
    assert.deepEqual(knownLabs(path.join(dir, "none")), []);
    assert.equal(findLab({ name: "lab" }, dir).range, "10.77.0.0/24");
    assert.equal(toolchainOf(findLab({ name: "lab" }, dir)), undefined);
    assert.equal(noSuchLab("lab", dir).message, 'there is no lab "lab"\n  what to do: npm run lab');
    make(dir, "one", "10.81.0.0/24");
    fs.mkdirSync(path.join(dir, "half"));
    assert.equal(
        noSuchLab("two", dir).message,
        'there is no lab "two"; there are: one\n  what to do: npm run lab -- --name two',
    );
    assert.throws(() => findLab({ name: "No" }, dir), /"No" is not a name for a lab/);
});

const lab = { dir: "/labs/one" };
const mark = `PULUMI_HOME=${stackFiles(lab).pulumiHome}`;
const shape = (pid: number, parent: number, change: Partial<ProcessFacts> = {}): ProcessFacts => ({
    pid,
    parent,
    leader: false,
    terminal: false,
    environment: ["PATH=/bin", mark],
    ...change,
});

const cases: readonly [string, ProcessFacts, boolean][] = [
    ["a plugin whose engine was killed", shape(50, 1), true],
    ["a command that Pulumi runs in a terminal", shape(50, 1, { terminal: true }), true],
    [
        "a tunnel, which leads its session and has no terminal",
        shape(50, 1, { leader: true, environment: ["FJORD_HOME=/labs/one/access"] }),
        true,
    ],
    ["a person's shell with the lab's variables", shape(50, 1, { leader: true, terminal: true }), false],
    ["another lab's plugin", shape(50, 1, { environment: ["PULUMI_HOME=/labs/one2/pulumi"] }), false],
    ["a folder below the lab's", shape(50, 1, { environment: [`${mark}/x`] }), false],
    ["another variable with the lab's folder", shape(50, 1, { environment: [`OLD_${mark}`] }), false],
    ["a process without an environment", shape(50, 1, { environment: [] }), false],
];
for (const [name, one, expected] of cases) {
    test(`${name}: ${expected ? "goes with the lab" : "stays"}`, () => {
        assert.deepEqual(stackProcesses(lab, [shape(1, 0, { environment: [] }), one], 40), expected ? [50] : []);
    });
}

test("who takes a lab down does not end itself, nor those that called it", () => {
    const all = [shape(10, 1), shape(20, 10), shape(30, 20), shape(31, 20)];
    assert.deepEqual(stackProcesses(lab, all, 30), [31]);
    // A table read while processes come and go may have a ring in it.
    assert.deepEqual(stackProcesses(lab, [shape(10, 20), shape(20, 10), shape(5, 1)], 10), [5]);
});

test("a process is found by its real environment", async (t) => {
    const dir = folder(t);
    const child = spawn("sleep", ["60"], { env: { ...process.env, PULUMI_HOME: stackFiles({ dir }).pulumiHome } });
    t.after(() => child.kill("SIGKILL"));
    assert.ok(await until(5_000, () => stackPids({ dir }).includes(child.pid ?? 0)), "not found");
    assert.deepEqual(stackPids({ dir: `${dir}x` }), []);
});

test("a table of the packet filter counts as something that remains", () => {
    const none = { processes: [], namespaces: [], links: [], mounts: [], cgroups: [], tables: [] };
    assert.equal(nothingRemains(none), true);
    assert.equal(nothingRemains({ ...none, tables: ["fjord-lab"] }), false);
});
