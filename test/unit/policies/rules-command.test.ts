import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { test } from "node:test";
import { explanation, readersOf, wrapped } from "../../../operations/rules/explain";
import { filtered, listing, listingJson, ruleOf } from "../../../operations/rules/list";
import { publishedRule, resourceRule } from "../../../policies/rules/core/define";
import { rules } from "./reports-example";

const all = Object.values(rules);
const ids = (filter: { readonly area?: string; readonly severity?: string }) => filtered(all, filter).map(({ id }) => id);

test("rules are listed by area, all or some", () => {
    assert.deepEqual(ids({ area: "wrk" }), ["FJ-WRK-902", "FJ-WRK-904"]);
    assert.deepEqual(ids({ area: "Ingress and network" }), ["FJ-NET-903"]);
    assert.deepEqual(ids({ severity: "high" }), ["FJ-WRK-902", "FJ-SEC-905"]);
    assert.deepEqual(ids({ area: "WRK", severity: "high" }), ["FJ-WRK-902"]);
    assert.equal(
        listing([rules.medium, rules.critical]),
        [
            "SSH  SSH and trust (1)",
            "  FJ-SSH-901  critical  SSH is closed",
            "",
            "NET  Ingress and network (1)",
            "  FJ-NET-903  medium    Traffic is <encrypted>",
            "",
            "2 rules",
            "",
        ].join("\n"),
    );
    const [first] = JSON.parse(listingJson([rules.critical])) as readonly Readonly<Record<string, unknown>>[];
    assert.equal(first?.["id"], "FJ-SSH-901");
    assert.equal(first["area"], "SSH");
    assert.deepEqual(first["sources"], ["stack", "git", "state"]);
});

test("what is mistyped gets a suggestion", () => {
    assert.equal(ruleOf("fj-net-903", all), rules.medium);
    assert.throws(() => ruleOf("FJ-NTE-903", all), /"FJ-NTE-903" is no rule\n {2}what to do: did you mean FJ-NET-903\?/);
    assert.throws(() => ruleOf("banana", all), /is no rule\n {2}what to do: `npm run rules` lists them/);
    assert.throws(() => filtered(all, { severity: "hihgh" }), /"hihgh" is no severity\n {2}what to do: did you mean high\?/);
    assert.throws(() => filtered(all, { area: "kubernetes" }), /"kubernetes" is no area\n {2}what to do: use MCH, SSH,/);
});

test("a rule is explained: why, what to do, where it is seen and where not", () => {
    const text = explanation(rules.critical, 40);
    assert.match(text, /^FJ-SSH-901 SSH is closed\nSSH and trust; critical, stands in the way of a change\n/);
    assert.match(text, /\nWhat to do:\n {2}Write the right thing in\n {2}fjord:something\.\n/);
    assert.match(text, /\nSeen in:\n {2}the preview of a stack, manifests in\n {2}Git, the checkpoint of a stack\n/);
    assert.match(text, /\nSee:\n {2}fjord: README\n$/);
    assert.ok(!text.includes("Not seen in"));
    assert.ok(text.split("\n").every((line) => line.length <= 60));
    assert.match(explanation(rules.advice), /low, advice/);
});

test("what lies in Git has no resources of Pulumi", () => {
    const text = { ...rules.critical, sources: undefined };
    const { id, title, severity, why, mend, references } = text;
    const words = { id, title, severity, why, mend, references };
    const git = "manifests in Git";
    assert.deepEqual(readersOf(publishedRule("fjord:nodes:Node", words, () => [])).unseen, [git]);
    assert.deepEqual(readersOf(resourceRule(/PrivateKey$/, words, () => [])).unseen, [git]);
    assert.deepEqual(readersOf(resourceRule("tls:index/privateKey:PrivateKey", words, () => [])).unseen, [git]);
    assert.deepEqual(readersOf({ ...rules.critical, sources: ["state"] }).seen, ["the checkpoint of a stack"]);
});

test("lines are wrapped, and no word is lost", () => {
    assert.deepEqual(wrapped("one two three", 9, "  "), ["  one two", "  three"]);
    assert.deepEqual(wrapped("a-word-that-is-too-long b", 5), ["a-word-that-is-too-long", "b"]);
    assert.deepEqual(wrapped("", 5), []);
});

test("the command answers with 0, and wrong use with 3", () => {
    const project = path.resolve(__dirname, "../../..");
    const run = (...args: readonly string[]) =>
        spawnSync(process.execPath, ["--import", "tsx", "operations/rules/index.ts", ...args], {
            cwd: project,
            encoding: "utf8",
        });
    const explained = run("FJ-SSH-001");
    assert.equal(explained.status, 0, explained.stderr);
    assert.match(explained.stdout, /^FJ-SSH-001 SSH is open only to named networks\n/);
    const mistyped = run("FJ-SHS-001");
    assert.equal(mistyped.status, 3);
    assert.match(mistyped.stderr, /^rules: "FJ-SHS-001" is no rule\n {2}what to do: did you mean FJ-/);
    assert.equal(run("--nonsense").status, 3);
});
