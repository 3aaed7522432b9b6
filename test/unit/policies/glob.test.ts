import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressGlob, Glob, idGlob, matchesAll, nameGlob, pathGlob } from "../../../policies/rules/glob";

type Row = readonly [pattern: string, text: string, expected: boolean];

function holds(globOf: (pattern: string) => Glob, rows: readonly Row[]): void {
    for (const [pattern, text, expected] of rows) {
        assert.equal(globOf(pattern).matches(text), expected, `${pattern} and ${text}`);
    }
}

test("patterns match whole ids, * within a segment and ** across", () => {
    holds(idGlob, [
        ["Deployment.apps/payment-prod/web", "Deployment.apps/payment-prod/web", true],
        ["Deployment.apps/payment-prod/*", "Deployment.apps/payment-prod/web", true],
        ["Deployment.apps/*/web", "Deployment.apps/payment-prod/web", true],
        ["Deployment.apps/*", "Deployment.apps/payment-prod/web", false],
        ["Deployment.apps/**", "Deployment.apps/payment-prod/web", true],
        ["Deployment.apps/payment-prod/w", "Deployment.apps/payment-prod/web", false],
        ["Deployment-apps/**", "Deployment.apps/payment-prod/web", false],
        ["DeploymentXapps/**", "Deployment.apps/payment-prod/web", false],
        ["Deployment.apps/**", "DeploymentXapps/payment-prod/web", false],
        ["fjord:nodes:Node::*", "fjord:nodes:Node::no-oslo-1-nodes-cp-01", true],
        ["fjord:*", "fjord:nodes:Node::no-oslo-1-nodes-cp-01", false],
        ["**-cp-0*", "fjord:nodes:Node::no-oslo-1-nodes-cp-01", true],
        ["**/web", "Deployment.apps/payment-prod/web\n", false],
    ]);
    for (const pattern of ["*", "**", "*/*", "*/**/*", "*::*", " * "]) {
        assert.ok(matchesAll(pattern), pattern);
    }
    assert.ok(!matchesAll("*/payment-prod/*"));
});

test("patterns match paths", () => {
    holds(pathGlob, [
        ["spec.containers[*].image", "spec.containers[12].image", true],
        ["spec.containers[0].image", "spec.containers[1].image", false],
        ["spec.*.image", "spec.containers[0].image", false],
        ["spec.**", "spec.containers[0].image", true],
        ["spec.**", "specXcontainers", false],
        ["metadata.labels[*]", 'metadata.labels["app.kubernetes.io/name"]', true],
        ['metadata.labels["app.kubernetes.io/name"]', 'metadata.labels["app.kubernetes.io/name"]', true],
        ["metadata.*", 'metadata.labels["app.kubernetes.io/name"]', false],
    ]);
});

test("Argo CD's patterns: * stops at / in addresses only", () => {
    holds(nameGlob, [
        ["payment-*", "payment-prod", true],
        ["payment-*", "web", false],
        ["*", "a/b", true],
        ["payment-?", "payment-1", true],
        ["payment-?", "payment-10", false],
        ["a.b", "axb", false],
    ]);
    holds(addressGlob, [
        ["host/*", "host/a", true],
        ["host/*", "host/a/b", false],
        ["host/**", "host/a/b", true],
        ["host/?", "host//", false],
    ]);
});

/** What wildcards stand for. */
interface Wildcards {
    /** Whether `*` stands for a text. */
    readonly star: (text: string) => boolean;
    /** Whether `?` stands for a character. Default: only for itself. */
    readonly mark?: (character: string) => boolean;
}

interface Meaning extends Wildcards {
    readonly globOf: (pattern: string) => Glob;
}

const meanings: Readonly<Record<string, Meaning>> = {
    ids: { globOf: idGlob, star: (text) => !/[/:]/.test(text) },
    // Without quotes in the alphabet: what a quoted key is, the table above says.
    paths: { globOf: pathGlob, star: (text) => !/[.[\]]/.test(text) },
    names: { globOf: nameGlob, star: () => true, mark: () => true },
    addresses: { globOf: addressGlob, star: (text) => !text.includes("/"), mark: (character) => character !== "/" },
};

/** The same without regular expressions: every way to cut the text in two. */
function matchesSlowly(wildcards: Wildcards, pattern: string, text: string): boolean {
    const { star, mark } = wildcards;
    const [stars = ""] = /^\*+/.exec(pattern) ?? [];
    if (stars !== "") {
        const rest = pattern.slice(stars.length);
        return Array.from({ length: text.length + 1 }, (_, cut) => cut).some(
            (cut) => (stars.length > 1 || star(text.slice(0, cut))) && matchesSlowly(wildcards, rest, text.slice(cut)),
        );
    }
    if (pattern === "" || text === "") {
        return pattern === text;
    }
    const first = pattern[0] === "?" && mark ? mark(text[0]!) : pattern[0] === text[0];
    return first && matchesSlowly(wildcards, pattern.slice(1), text.slice(1));
}

const alphabet = ["a", "b", "/", ":", ".", "[", "]", "?", "-", "\n", "$", "\\", "+", "(", "|"];
const piece = fc.constantFrom(...alphabet);

for (const [name, meaning] of Object.entries(meanings)) {
    test(`property: patterns of ${name} match what their stars stand for, and nothing else`, () => {
        const star = fc.constantFrom("*", "**");
        const pattern = fc.array(fc.oneof({ weight: 2, arbitrary: piece }, { weight: 1, arbitrary: star }), { maxLength: 6 });
        const anything = fc.array(piece, { maxLength: 2 }).map((pieces) => pieces.join(""));
        // Texts that the pattern may well match: each star replaced by something.
        const pair = pattern.chain((parts) =>
            fc
                .tuple(...parts.map((part) => (/^[*?]/.test(part) ? anything : fc.constant(part))))
                .map((texts) => ({ pattern: parts.join(""), text: texts.join("") })),
        );
        fc.assert(
            fc.property(pair, piece, ({ pattern: written, text }, more) => {
                for (const one of [text, text + more, more + text]) {
                    const expected = matchesSlowly(meaning, written, one);
                    assert.equal(meaning.globOf(written).matches(one), expected, JSON.stringify([written, one]));
                }
            }),
            { numRuns: 300 },
        );
    });
}

test("property: a pattern without a wildcard is the text itself", () => {
    fc.assert(
        fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, other) => {
            fc.pre(!/[*?]/.test(text));
            for (const { globOf } of Object.values(meanings)) {
                assert.ok(globOf(text).matches(text));
                assert.equal(globOf(text).matches(other), text === other);
            }
        }),
    );
});
