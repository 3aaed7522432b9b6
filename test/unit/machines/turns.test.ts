import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Turns } from "../../../components/machines/libvirt/turns";

// Turns only hands resources on; it never looks into one.
const member = (name: string): pulumi.Resource => ({ name }) as unknown as pulumi.Resource;

test("each waits for the one before it, which is known only later", async () => {
    const turns = new Turns(["a", "b", "c"]);
    const waits = ["a", "b", "c", "other"].map((name) => turns.before(name));
    const members = new Map(["a", "b", "c"].map((name) => [name, member(name)]));
    turns.settle(members);
    assert.deepEqual(await Promise.all(waits), [[], [members.get("a")], [members.get("b")], []]);
});

test("one that has left the region is waited for by nobody", async () => {
    const turns = new Turns(["a", "b"]);
    const waits = turns.before("b");
    turns.settle(new Map());
    assert.deepEqual(await waits, []);
});
