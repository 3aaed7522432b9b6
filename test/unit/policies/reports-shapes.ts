import assert from "node:assert/strict";
import Ajv from "ajv";
import { reports } from "../../../policies/reports";
import { noteMarker } from "../../../policies/reports/markdown";
import { ReviewResult } from "../../../policies/reports/result";
import { assertJunit, readXml } from "./reports-xml";

/** The published JSON schema of SARIF 2.1.0. It names a draft that ajv does not know; nothing in it is of that draft alone. */
const {
    $schema: _draft,
    id: _id,
    ...sarifSchema
} = require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json") as Record<string, unknown>;

const isReference = (text: string): boolean => URL.canParse(text, "https://example.org/") && !/[\s<>"{}|\\^`]/.test(text);

const ajv = new Ajv({
    strict: false,
    allErrors: true,
    // A pattern of the published schema is none in Unicode mode.
    unicodeRegExp: false,
    formats: {
        uri: (text: string) => URL.canParse(text),
        "uri-reference": isReference,
        "date-time": (text: string) => !Number.isNaN(Date.parse(text)),
    },
});

const validSarif = ajv.compile(sarifSchema);

/** What GitLab documents of an entry of its Code Quality report. */
const validCodeQuality = ajv.compile({
    type: "array",
    items: {
        type: "object",
        additionalProperties: false,
        required: ["description", "check_name", "fingerprint", "severity", "location"],
        properties: {
            description: { type: "string", minLength: 1 },
            check_name: { type: "string", minLength: 1 },
            fingerprint: { type: "string", pattern: "^[0-9a-f]{32}$" },
            severity: { enum: ["info", "minor", "major", "critical", "blocker"] },
            location: {
                type: "object",
                additionalProperties: false,
                required: ["path", "lines"],
                properties: {
                    // Relative, and without ./ before it.
                    path: { type: "string", pattern: "^(?!\\./)" },
                    lines: {
                        type: "object",
                        additionalProperties: false,
                        required: ["begin"],
                        properties: { begin: { type: "integer", minimum: 1 } },
                    },
                },
            },
        },
    },
});

export interface CodeQualityEntry {
    readonly description: string;
    readonly check_name: string;
    readonly fingerprint: string;
    readonly severity: string;
    readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

/** The report as GitLab reads it. */
export function codeQuality(result: ReviewResult): readonly CodeQualityEntry[] {
    const entries = JSON.parse(reports["code-quality"](result)) as readonly CodeQualityEntry[];
    assert.ok(validCodeQuality(entries), JSON.stringify(validCodeQuality.errors));
    assert.equal(new Set(entries.map(({ fingerprint }) => fingerprint)).size, entries.length, "fingerprints are used once");
    return entries;
}

export interface SarifResult {
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly kind: string;
    readonly level: string;
    readonly message: { readonly text: string };
    readonly partialFingerprints: Readonly<Record<string, string>>;
    readonly suppressions?: readonly { readonly justification: string }[];
}

export interface SarifRun {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly invocations: readonly {
        readonly executionSuccessful: boolean;
        readonly exitCode: number;
        readonly toolExecutionNotifications: readonly object[];
        readonly toolConfigurationNotifications: readonly object[];
    }[];
    readonly results: readonly SarifResult[];
}

/** The one run of the report, which is valid SARIF. */
export function sarif(result: ReviewResult): SarifRun {
    const log = JSON.parse(reports.sarif(result)) as { readonly runs: readonly SarifRun[] };
    assert.ok(validSarif(log), JSON.stringify(validSarif.errors, null, 1));
    const [run] = log.runs;
    assert.ok(run);
    for (const { ruleId, ruleIndex, kind, level } of run.results) {
        assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId);
        assert.equal(level === "none", kind !== "fail", "a level where, and only where, something failed");
    }
    return run;
}

/** The report as JUnit's readers see it, with counts that are right. */
export function junit(result: ReviewResult) {
    const root = readXml(reports.junit(result));
    assertJunit(root);
    for (const suite of root.children) {
        const holding = (name: string): number =>
            suite.children.filter((one) => one.children.some((child) => child.name === name)).length;
        assert.equal(Number(suite.attributes["tests"]), suite.children.length);
        assert.equal(Number(suite.attributes["failures"]), holding("failure"));
        assert.equal(Number(suite.attributes["errors"]), holding("error"));
        assert.equal(Number(suite.attributes["skipped"]), holding("skipped"));
        for (const one of suite.children) {
            assert.ok(one.children.length <= 1, "GitLab reads one outcome of a test");
        }
    }
    return root;
}

/** The note: rows of a table have as many cells as its head, and nothing foreign is markup or a mention. */
export function markdown(result: ReviewResult, note = reports.markdown(result)): string {
    assert.ok(note.startsWith(`${noteMarker}\n`));
    const lines = note.split("\n");
    let columns: number | undefined;
    for (const line of lines) {
        if (!line.startsWith("|")) {
            columns = undefined;
            continue;
        }
        const bars = line.split("|").length - 1;
        columns ??= bars;
        assert.equal(bars, columns, line);
        assert.match(line, / \|$/);
    }
    const tags = note.slice(noteMarker.length).replace(/<\/?(code|details|summary)>|<br>/g, "");
    assert.ok(!/[<>@`]/.test(tags), "no markup but ours, and no mention");
    assert.equal(note.split("<details>").length, note.split("</details>").length);
    return note;
}
