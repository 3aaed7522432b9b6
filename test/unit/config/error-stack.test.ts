import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { cutStack } from "../../../infra/error-stack";

const own = "Error: boom\n    at program (/project/infra/program.ts:12:3)";
const frame = "    at Stack.initialize (/project/node_modules/@pulumi/resource.ts:1598:22)";

test("the stack ends where Pulumi's frames begin, and the message stays", () => {
    const error = new Error("boom");
    error.stack = `${own}\n${frame}\n    at later (/project/infra/index.ts:1:1)`;
    assert.equal(cutStack(error), error);
    assert.equal(error.stack, own);
    assert.equal(error.message, "boom");
});

test("an error of many lines is shown at once", () => {
    const error = new Error("one\ntwo");
    error.stack = `Error: one\ntwo\n${frame}`;
    assert.equal(inspect(cutStack(error), { colors: true }), "[Error: one\ntwo]");
});

test("what is no error passes", () => {
    assert.equal(cutStack("text"), "text");
    assert.equal(cutStack(undefined), undefined);
});
