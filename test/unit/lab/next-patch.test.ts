import * as assert from "node:assert/strict";
import { test } from "node:test";
import { nextPatch, renumber } from "../../../lab/next-patch";

test("the next patch release has the next number, of the same length", () => {
    assert.equal(nextPatch("1.36.4"), "1.36.5");
    assert.equal(nextPatch("1.36.10"), "1.36.11");
    assert.throws(() => nextPatch("1.36.9"), /has another length/);
    assert.throws(() => nextPatch("latest"), /has another length/);
});

test("a program is renumbered wherever it says its version, and nowhere else", () => {
    const program = Buffer.from([0, 255, ...Buffer.from("v1.36.4\0v0.36.4\0go1.36.4\0v1.36.4"), 200]);
    const next = renumber(program, "1.36.4", "1.36.5");
    assert.equal(next.toString("latin1"), "\0\xffv1.36.5\0v0.36.4\0go1.36.4\0v1.36.5\xc8");
    assert.ok(program.includes("v1.36.4"), "the original stays");
    assert.throws(() => renumber(program, "1.36.3", "1.36.4"), /does not hold v1\.36\.3/);
    assert.throws(() => renumber(program, "1.36.9", "1.36.10"), /another length/);
});
