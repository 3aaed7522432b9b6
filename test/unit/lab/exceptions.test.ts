import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { load } from "js-yaml";
import { exceptionsOf } from "../../../lab/exceptions";

interface Entry {
    readonly resource: string;
    readonly stack?: string;
}

const file = path.resolve(__dirname, "../../../policies/exceptions.yaml");

test("what is excepted for the lab is excepted for a lab of any name, and nothing else is", () => {
    const before = load(fs.readFileSync(file, "utf8")) as readonly Entry[];
    const after = load(exceptionsOf("second", fs.readFileSync(file, "utf8"))) as readonly Entry[];
    const labs = before.filter(({ stack }) => stack === "lab");
    assert.ok(labs.length > 5);
    assert.equal(after.length, before.length);
    assert.deepEqual(
        after.filter(({ stack }) => stack !== "second"),
        before.filter(({ stack }) => stack !== "lab"),
    );
    const renamed = after.filter(({ stack }) => stack === "second").map(({ resource }) => resource);
    assert.ok(renamed.every((resource) => /^fjord:\w+:\w+::second(-|$)/.test(resource)), renamed.join(" "));
});

test("for the lab itself nothing differs", () => {
    const text = fs.readFileSync(file, "utf8");
    assert.deepEqual(load(exceptionsOf("lab", text)), load(text));
});
