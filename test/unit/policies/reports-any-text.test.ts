import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Exception } from "../../../policies/exceptions";
import { ReportFormat, reports } from "../../../policies/reports";
import { ReviewResult } from "../../../policies/reports/result";
import { SeenFinding, summarize } from "../../../policies/reports/summarize";
import { xmlDocument } from "../../../policies/reports/xml";
import { textReport } from "../../../policies/reports/text";
import { judge } from "../../../policies/rules/core/judge";
import { secret } from "../../../policies/rules/core/opaque";
import { fault, must, objectRule } from "../../../policies/rules/core/define";
import { inGit } from "../../fixtures/policies/objects";
import { clean, finding, review, rules, today } from "./reports-example";
import { codeQuality, junit, markdown, sarif } from "./reports-shapes";
import { readXml } from "./reports-xml";

const formats = Object.keys(reports) as ReportFormat[];

/** Texts as nobody should write them: halves of characters, control characters, and what means something somewhere. */
const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom(
        "]]>",
        "<!-- x --> <script>alert(1)</script>",
        "&amp;&#0;&#x1f;",
        "a | b \\| c \\",
        "\u0000\u0008\u001b[31m\u007f\u0085\u2028",
        "\ud800 half",
        "@all #12 !3 ~bug &1 %2 $4",
        "`code` *bold* [a](javascript:b) </details>",
        "line\r\nline\n\n| --- |",
        "\ufffe\uffff",
        "",
    ),
);

const anyPlace = fc.record({ file: anyText, line: fc.integer({ min: 1, max: 1_000_000 }) });

const anyFinding: fc.Arbitrary<SeenFinding> = fc
    .record({
        about: fc.constantFrom(...Object.values(rules)),
        id: anyText,
        at: fc.array(fc.oneof(anyText, fc.nat())),
        message: anyText,
        outcome: fc.constantFrom("fail" as const, "cannot-tell" as const),
        source: fc.constantFrom("stack" as const, "git" as const, "state" as const),
        stack: anyText,
        place: fc.option(anyPlace, { nil: undefined }),
    })
    .map(({ about, place, ...parts }) => finding(about, { ...parts, ...(place && { place }) }));

const anyException: fc.Arbitrary<Exception> = fc.record({
    rule: fc.constant("FJ-WRK-902" as const),
    resource: fc.oneof(anyText, fc.constant("**")),
    outcome: fc.constantFrom("fail" as const, "cannot-tell" as const),
    reason: anyText,
    owner: anyText,
    expires: fc.constantFrom("2026-11-22", "2026-12-31"),
    place: anyPlace,
});

const anyResult: fc.Arbitrary<ReviewResult> = fc
    .record({
        findings: fc.array(anyFinding, { maxLength: 12 }),
        exceptions: fc.array(anyException, { maxLength: 4 }),
        stacks: fc.array(anyText, { maxLength: 2 }),
        folders: fc.array(anyText, { maxLength: 2 }),
        problems: fc.array(fc.record({ reader: fc.constant("git" as const), message: anyText, stack: anyText }), {
            maxLength: 3,
        }),
        changes: fc.array(
            fc.record({
                operation: fc.constantFrom("create" as const, "delete" as const),
                urn: anyText,
                type: anyText,
                name: anyText,
                keys: fc.array(anyText),
            }),
            { maxLength: 3 },
        ),
    })
    .map(({ stacks, folders, ...parts }) => summarize({ ...review, ...parts, reviewed: { stacks, folders } }));

test("every report is valid, whatever the texts are", () => {
    fc.assert(
        fc.property(anyResult, (result) => {
            codeQuality(result);
            sarif(result);
            junit(result);
            markdown(result);
            JSON.parse(reports.json(result));
            const text = textReport(result);
            assert.match(text, /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/, "nothing that moves the cursor");
            assert.ok(!/\p{Cs}/u.test(text));
        }),
        { numRuns: 60 },
    );
});

test("a text in XML is read again as it was, but for what XML cannot hold", () => {
    fc.assert(
        fc.property(anyText, (text) => {
            const held = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
            const { attributes, text: content } = readXml(xmlDocument({ name: "a", attributes: { b: text }, content: text }));
            assert.equal(attributes["b"], held);
            assert.equal(content, held);
        }),
    );
});

test("nothing that blocks is left out of a report", () => {
    fc.assert(
        fc.property(anyResult, (result) => {
            const blocking = result.open.filter(({ blocking: blocks }) => blocks).length;
            assert.equal(
                codeQuality(result).length,
                result.open.length + result.problems.length + result.expired.length + result.unused.length,
            );
            assert.equal(sarif(result).results.length, result.open.length + result.excepted.length);
            const failed = junit(result).children.flatMap(({ children }) =>
                children.filter(({ children: [said] }) => said?.name === "failure" || said?.name === "error"),
            );
            assert.equal(failed.length > 0, result.verdict !== "passes");
            assert.ok(blocking === 0 || result.verdict !== "passes");
        }),
        { numRuns: 60 },
    );
});

test("fingerprints are unique, and stay when lines and values change", () => {
    fc.assert(
        fc.property(fc.array(anyFinding, { maxLength: 20 }), anyPlace, anyText, (findings, place, message) => {
            const bySource = findings.map((one) => ({ ...one, subject: { ...one.subject, source: "git" as const } }));
            const fingerprints = (all: readonly SeenFinding[]) =>
                summarize({ ...review, findings: all, exceptions: [] }).open.map(({ fingerprint }) => fingerprint);
            const before = fingerprints(bySource);
            assert.equal(new Set(before).size, findings.length);
            const moved = bySource.map((one) => ({ ...one, message, subject: { ...one.subject, locate: () => place } }));
            assert.deepEqual(fingerprints(moved), before);
        }),
        { numRuns: 60 },
    );
});

test("fingerprints stay when another finding goes", () => {
    const all = [finding(rules.high, { id: "a" }), finding(rules.high, { id: "b" }), finding(rules.medium, { id: "b" })];
    const fingerprints = (findings: readonly SeenFinding[]) =>
        summarize({ ...review, findings, exceptions: [] }).open.map(({ fingerprint }) => fingerprint);
    assert.deepEqual(fingerprints(all.slice(1)), fingerprints(all).slice(1));
});

test("no report prints a value that a rule does not quote", () => {
    const value = "hunter2-hunter2-hunter2";
    const about = objectRule(
        ["/Secret"],
        { id: "FJ-SEC-906", title: "Secrets are sealed", severity: "high", why: "Otherwise.", mend: "Seal it.", references: [] },
        ({ data, metadata }) =>
            typeof data === "object" ? [fault(["data", "password"], "is in clear")] : must(metadata.name === "", [], "is none"),
    );
    const subjects = [
        inGit(
            { apiVersion: "v1", kind: "Secret", metadata: { name: "db", namespace: "pay" }, data: { password: value } },
            { locate: () => ({ file: "a.yaml", line: 2 }) },
        ),
        inGit({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "other", namespace: "pay" },
            stringData: { password: value },
            data: secret,
        }),
    ];
    const { findings, tallies } = judge([about], subjects, "2026-11-23");
    assert.deepEqual(
        findings.map(({ outcome }) => outcome),
        ["fail", "cannot-tell"],
    );
    const result = summarize({
        ...review,
        rules: [about],
        findings,
        tallies: [tallies],
        exceptions: [],
        changes: clean.changes,
        today,
    });
    for (const format of formats) {
        const text = reports[format](result);
        assert.ok(text.includes("FJ-SEC-906"), format);
        assert.ok(!text.includes(value), format);
    }
});
