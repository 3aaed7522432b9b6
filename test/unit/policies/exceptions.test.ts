import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyExceptions, covers, Exception, Excusable, parseExceptions } from "../../../policies/exceptions";
import { Path } from "../../../policies/rules/core/opaque";
import { rules, today } from "./reports-example";

const context = { file: "policies/exceptions.yaml", rules: Object.values(rules), today };

/** An entry that is right, with other or further fields. */
const entry = (fields: Readonly<Record<string, string | undefined>> = {}): string => {
    const all = {
        rule: "FJ-WRK-902",
        resource: "Deployment.apps/payment-prod/web",
        reason: "It is replaced before the end of the year",
        owner: "payments",
        expires: "2026-12-31",
        ...fields,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== undefined);
    return lines.map(([key, value], index) => `${index === 0 ? "- " : "  "}${key}: ${value}\n`).join("");
};

function problemsIn(text: string): readonly string[] {
    const loaded = parseExceptions(text, context);
    return loaded.ok ? [] : loaded.problems.map(({ path, message, fix }) => `${path}: ${message} -> ${fix}`);
}

function exceptionsIn(text: string): readonly Exception[] {
    const loaded = parseExceptions(text, context);
    assert.ok(loaded.ok, loaded.ok ? "" : JSON.stringify(loaded.problems));
    return loaded.exceptions;
}

test("a file of exceptions is read with the line of every entry", () => {
    const other = entry({ outcome: "cannot-tell", stack: "no-*", where: "spec.**" });
    const text = `# Reviewed by the platform team.\n---\n${entry()}\n# another\n${other}`;
    const [first, second] = exceptionsIn(text);
    assert.deepEqual(first, {
        rule: "FJ-WRK-902",
        resource: "Deployment.apps/payment-prod/web",
        outcome: "fail",
        reason: "It is replaced before the end of the year",
        owner: "payments",
        expires: "2026-12-31",
        place: { file: "policies/exceptions.yaml", line: 3 },
    });
    assert.equal(second?.place.line, 10);
    assert.equal(second.outcome, "cannot-tell");
    assert.equal(second.stack, "no-*");
    assert.equal(second.where, "spec.**");
});

test("an empty file, one of comments and an empty list hold no exceptions", () => {
    for (const text of ["", "\n\n", "# none as yet\n", "[]\n", "---\n# none\n", "---\n[]\n"]) {
        assert.deepEqual(exceptionsIn(text), [], JSON.stringify(text));
    }
});

test("every problem is reported at once, with its place and what would be right", () => {
    const text =
        entry({ rule: "FJ-WRK-920", reason: "because" }) +
        entry({ resource: '"**"', owner: undefined, expires: "2026-02-30", note: "hm" }) +
        entry({ stack: '"*"', where: '"**"', outcome: "both" }) +
        "- just a text\n";
    const problems = problemsIn(text).join("\n");
    for (const expected of [
        /^policies\/exceptions\.yaml:1 rule: "FJ-WRK-920" is no rule -> did you mean FJ-WRK-90\d\?$/m,
        /^policies\/exceptions\.yaml:1 reason: "because" says little: .* -> write why/m,
        /^policies\/exceptions\.yaml:6 resource: "\*\*" names nothing in particular -> write the id/m,
        /^policies\/exceptions\.yaml:6 owner: is missing -> add owner/m,
        /^policies\/exceptions\.yaml:6 expires: "2026-02-30" is no day -> /m,
        /^policies\/exceptions\.yaml:6 note: is not a key that fjord knows/m,
        /^policies\/exceptions\.yaml:11 stack: "\*" names nothing in particular -> .*leave stack out$/m,
        /^policies\/exceptions\.yaml:11 where: .*leave where out$/m,
        /^policies\/exceptions\.yaml:11 outcome: is "both" -> write fail or cannot-tell$/m,
        /^policies\/exceptions\.yaml:19: is "just a text", which is a text -> write a mapping$/m,
    ]) {
        assert.match(problems, expected);
    }
    assert.equal(problems.split("\n").length, 10, problems);
});

test("what is no list of exceptions is said to be none", () => {
    assert.match(problemsIn("exceptions:\n  - rule: x\n").join(), /^policies\/exceptions\.yaml: is no list -> /);
    assert.match(problemsIn("- rule: [\n").join(), /^policies\/exceptions\.yaml:\d: is no YAML: /);
    assert.match(problemsIn(`${entry()}---\n${entry()}`).join(), /is no YAML/);
});

test("an exception lasts a year at most, and one from a critical rule 90 days", () => {
    assert.deepEqual(problemsIn(entry({ expires: "2027-11-23" })), []);
    assert.match(
        problemsIn(entry({ expires: "2027-11-24" })).join(),
        /:1 expires: .*more than 365 days ahead -> write 2027-11-23 or/,
    );
    assert.deepEqual(problemsIn(entry({ rule: "FJ-SSH-901", expires: "2027-02-21" })), []);
    assert.match(
        problemsIn(entry({ rule: "FJ-SSH-901", expires: "2027-02-22" })).join(),
        /more than 90 days ahead, and the rule is critical -> write 2027-02-21/,
    );
    // It was right when it was written; that it ended is for the review to say.
    assert.deepEqual(problemsIn(entry({ expires: "2020-01-01" })), []);
});

const exception = (parts: Partial<Exception> = {}): Exception => ({
    rule: "FJ-WRK-902",
    resource: "Deployment.apps/payment-prod/*",
    outcome: "fail",
    reason: "It is replaced before the end of the year",
    owner: "payments",
    expires: "2026-12-31",
    place: { file: "policies/exceptions.yaml", line: 1 },
    ...parts,
});

interface Found extends Excusable {
    readonly outcome: "fail" | "cannot-tell";
}

const found = (parts: Partial<Found> = {}): Found => ({
    rule: { id: "FJ-WRK-902" },
    subject: { id: "Deployment.apps/payment-prod/web" },
    outcome: "fail",
    at: ["spec", "replicas"],
    ...parts,
});

test("an exception covers only what it says", () => {
    const other: Path = ["spec", "template"];
    const table: readonly (readonly [Partial<Exception>, Partial<Found>, boolean])[] = [
        [{}, {}, true],
        [{}, { rule: { id: "FJ-WRK-904" } }, false],
        [{}, { subject: { id: "Deployment.apps/shop/web" } }, false],
        [{}, { outcome: "cannot-tell" }, false],
        [{ outcome: "cannot-tell" }, { outcome: "cannot-tell" }, true],
        [{ outcome: "cannot-tell" }, {}, false],
        [{ where: "spec.replicas" }, {}, true],
        [{ where: "spec.replicas" }, { at: other }, false],
        [{ stack: "no-oslo-*" }, { stack: "no-oslo-1" }, true],
        [{ stack: "no-oslo-*" }, { stack: "no-bergen-1" }, false],
        [{ stack: "no-oslo-*" }, {}, false],
        [{}, { stack: "no-bergen-1" }, true],
        [{ folder: "manifests" }, { folder: "manifests" }, true],
        [{ folder: "manifests" }, { folder: "others" }, false],
        [{ folder: "manifests" }, { stack: "no-oslo-1" }, false],
        [{}, { folder: "manifests" }, true],
    ];
    for (const [one, other, expected] of table) {
        assert.equal(covers(exception(one), found(other)), expected, JSON.stringify([one, other]));
    }
});

test("an exception holds through its last day and then is a problem itself", () => {
    const lastDay = exception({ expires: today });
    const over = exception({ expires: "2026-11-22" });
    assert.deepEqual(applyExceptions([found()], [lastDay], today), {
        open: [],
        excepted: [{ finding: found(), exception: lastDay }],
        expired: [],
        unused: [],
    });
    assert.deepEqual(applyExceptions([found()], [over], today, { stacks: ["no-oslo-1"], folders: [] }), {
        open: [found()],
        excepted: [],
        expired: [over],
        unused: [],
    });
});

test("an exception that nothing needs is told, but only where all was read that it could be for", () => {
    const ofOslo = exception({ resource: "Service/**", stack: "no-oslo-1" });
    const ofAll = exception({ resource: "Service/**" });
    const used = exception();
    const unused = (stacks: readonly string[]) => applyExceptions([found()], [ofOslo, ofAll, used], today, { stacks, folders: [] }).unused;
    assert.deepEqual(unused([]), []);
    assert.deepEqual(unused(["no-oslo-1"]), [ofOslo, ofAll]);
    assert.deepEqual(unused(["no-bergen-1"]), [ofAll]);
    const ofFolder = exception({ resource: "Service/**", folder: "manifests" });
    const unusedIn = (folders: readonly string[]) => applyExceptions([found()], [ofFolder, ofAll], today, { stacks: [], folders }).unused;
    assert.deepEqual(unusedIn(["others"]), []);
    assert.deepEqual(unusedIn(["manifests"]), [ofFolder]);
});

test("no finding is lost or invented", () => {
    const anyFinding = fc.record({
        rule: fc.constantFrom({ id: "FJ-WRK-902" as const }, { id: "FJ-NET-903" as const }),
        subject: fc.record({ id: fc.constantFrom("a/b/c", "a/b/d", "e") }),
        outcome: fc.constantFrom("fail" as const, "cannot-tell" as const),
        at: fc.constant([]),
    });
    const anyException = fc
        .record({
            resource: fc.constantFrom("a/**", "a/b/*", "e", "x"),
            outcome: fc.constantFrom("fail" as const, "cannot-tell" as const),
            expires: fc.constantFrom("2026-11-22", "2026-11-23"),
        })
        .map(exception);
    fc.assert(
        fc.property(fc.array(anyFinding), fc.array(anyException), (findings, exceptions) => {
            const { open, excepted, expired, unused } = applyExceptions(findings, exceptions, today, { stacks: ["x"], folders: [] });
            assert.deepEqual(new Set([...open, ...excepted.map(({ finding: one }) => one)]), new Set(findings));
            assert.equal(open.length + excepted.length, findings.length);
            assert.ok(excepted.every(({ finding: one, exception: by }) => covers(by, one) && by.expires >= today));
            assert.ok(open.every((one) => !exceptions.some((by) => by.expires >= today && covers(by, one))));
            assert.equal(new Set([...expired, ...unused]).size, expired.length + unused.length);
        }),
    );
});
