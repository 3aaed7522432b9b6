import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { catalogue } from "../../../policies/rules/catalogue";
import { judge, Judgement, verdict } from "../../../policies/rules/core/judge";
import { unknown } from "../../../policies/rules/core/opaque";
import { Rule } from "../../../policies/rules/core/rule";
import { Subject } from "../../../policies/rules/core/subject";
import { Surroundings } from "../../../policies/rules/core/surroundings";
import { Case, changed } from "./case";

const folder = path.join(__dirname, "cases");
const cases: readonly Case[] = fs.readdirSync(folder).flatMap((file) => {
    // Loaded by name so that a new area cannot be forgotten here.
    const { cases: found } = require(path.join(folder, file)) as { readonly cases: readonly Case[] };
    return found;
});

interface Fixture {
    readonly subject: Subject;
    readonly all: readonly Subject[];
}

function fixture({ compliant, around = [], change }: Case, to?: { readonly value: unknown }): Fixture {
    const others = around.map((other, index) => (to && change.of === index ? changed(other, change.at, to.value) : other));
    const subject = to && change.of === undefined ? changed(compliant, change.at, to.value) : compliant;
    return { subject, all: [subject, ...others] };
}

/** The day of all fixtures. */
const today = "2026-11-23";

const ask = (rule: Rule, { subject, all }: Fixture) => verdict(rule, subject, new Surroundings(all, today));

const broken = (judgement: Judgement): readonly string[] => [...new Set(judgement.findings.map(({ rule }) => rule.id))].sort();

for (const one of cases) {
    const rule = catalogue.find(({ id }) => id === one.rule);
    test(`${one.rule} ${rule?.title ?? "?"}${one.what === undefined ? "" : `: ${one.what}`}`, () => {
        assert.ok(rule, "the rule is in the catalogue");
        const kept = fixture(one);
        const violating = fixture(one, { value: one.change.to });
        assert.ok(rule.applies(kept.subject), "it applies to the compliant fixture");
        assert.ok(rule.sources.includes(kept.subject.source), "it is asked about what the reader of the fixture saw");
        assert.deepEqual(ask(rule, kept), { outcome: "pass" });
        const said = ask(rule, violating);
        assert.equal(said.outcome, "fail");
        assert.match(said.faults.map(({ message }) => message).join("\n"), one.says);
        const before = broken(judge(catalogue, kept.all, today));
        const after = broken(judge(catalogue, violating.all, today)).filter((id) => !before.includes(id));
        assert.deepEqual(after, [one.rule, ...(one.also ?? [])].sort(), "nothing else is broken by it");
        if (one.alwaysKnown === undefined) {
            assert.notEqual(ask(rule, fixture(one, { value: unknown })).outcome, "pass", "it does not pass what it cannot see");
        }
    });
}

test("every rule has a case", () => {
    const shown = new Set(cases.map(({ rule }) => rule));
    assert.deepEqual(
        catalogue.map(({ id }) => id).filter((id) => !shown.has(id)),
        [],
    );
});

test("rules are complete: text, references, ids that are used once", () => {
    assert.ok(catalogue.length >= 80, `${catalogue.length} rules`);
    assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length);
    for (const { id, title, why, mend, references } of catalogue) {
        assert.match(id, /^FJ-[A-Z]{3}-\d{3}$/);
        assert.ok(title.length > 10 && !title.endsWith("."), `${id}: title`);
        for (const [part, text] of Object.entries({ why, mend })) {
            assert.ok(text.length > 20 && text.endsWith("."), `${id}: ${part} is a sentence`);
        }
        assert.ok(references.length > 0, `${id}: references`);
    }
});
