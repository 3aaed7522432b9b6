import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatProblems, shown } from "../../../infra/config/problems";
import { examples } from "./breakages";
import { loaded } from "./fixtures";

for (const { region, breakage } of examples.flatMap(({ region, breakages }) =>
    breakages.map((breakage) => ({ region, breakage })),
)) {
    test(`one breakage, one problem: ${breakage.what}`, () => {
        const result = loaded(breakage.break(region()));
        assert.ok(!result.ok);
        const found = result.problems.find(
            (problem) => problem.path === breakage.path && breakage.message.test(problem.message),
        );
        assert.ok(found, JSON.stringify(result.problems, undefined, 1));
        assert.match(found.fix, breakage.fix);
        // A version that the lock does not pin is wrong twice; every other breakage is one problem.
        const others = result.problems.filter(
            (problem) => problem !== found && !/upstream.lock.json pins/.test(problem.message),
        );
        assert.deepEqual(others, []);
    });
}

/** Breakages that hide another by design: what is wrong in itself is not compared with anything. */
const dependent: readonly (readonly [hidden: string, by: string])[] = [
    ["fjord:machines[3].jump.hostKey", "fjord:machines[2].port"],
    ["fjord:machines[5].address", "fjord:machines[1].address"],
    ["fjord:kubernetes.apiName", "fjord:domain"],
    ["fjord:machines[4].plan", "fjord:hypervisors[1].vcpuRatio"],
    ["fjord:machines[4].plan", "fjord:hypervisors[2].capacity.memoryMiB"],
];

for (const { region, breakages } of examples) {
    test(`any subset of breakages of ${region()["name"]} is reported at once, each at its path`, () => {
        fc.assert(
            fc.property(fc.subarray([...breakages], { minLength: 1 }), (chosen) => {
                const result = loaded(chosen.reduce((config, breakage) => breakage.break(config), region()));
                assert.ok(!result.ok);
                const paths = new Set(result.problems.map((problem) => problem.path));
                const wrong = new Set(chosen.map((breakage) => breakage.path));
                const expected = [...wrong].filter(
                    (path) => !dependent.some(([hidden, by]) => hidden === path && wrong.has(by)),
                );
                assert.deepEqual(
                    expected.filter((path) => !paths.has(path)),
                    [],
                );
                assert.deepEqual(
                    [...paths].filter((path) => !wrong.has(path)),
                    [],
                );
            }),
            { numRuns: 100 },
        );
    });
}

test("the text for people has file, count, path, message and fix", () => {
    const text = formatProblems(
        [{ path: "fjord:domain", message: "is missing", fix: "add domain" }],
        "stacks/Pulumi.x.yaml",
    );
    assert.equal(
        text,
        "stacks/Pulumi.x.yaml: 1 problem; nothing has been touched\n  fjord:domain\n    is missing\n    -> add domain\n",
    );
});

test("a value that holds a private key is not shown, wherever it is", () => {
    assert.equal(shown("-----BEGIN OPENSSH PRIVATE KEY-----"), "the value (not shown)");
    assert.equal(shown({ supplied: { privateKey: "hunter2" } }), "the value (not shown)");
    assert.equal(shown("hunter2", ["sealingKeys", 0, "supplied", "privateKey"]), "the value (not shown)");
    assert.equal(shown("hunter2", ["machines"], new Set(["machines"])), "the value (not shown)");
    assert.equal(shown("x".repeat(100)), `"${"x".repeat(75)}...`);
});
