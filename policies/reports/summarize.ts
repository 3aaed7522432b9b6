import { Applied, applyExceptions, Complete, Exception } from "../exceptions";
import { Finding, Judgement } from "../rules/core/judge";
import { formatPath } from "../rules/core/opaque";
import { areaOf, blocks, Rule, RuleText, severities } from "../rules/core/rule";
import { Source, Subject } from "../rules/core/subject";
import { operations } from "./fields";
import { fingerprints } from "./fingerprint";
import { compareTexts } from "./order";
import {
    Change,
    Phase,
    ReaderProblem,
    ReportedFinding,
    ReportedRule,
    Reviewed,
    ReviewResult,
    RuleTally,
    verdictOf,
} from "./result";

/** A finding as a reader hands it on: one of `judge`, or one that was read from what the policy pack says. */
export interface SeenFinding extends Omit<Finding, "subject"> {
    readonly subject: Pick<Subject, "id" | "source" | "locate">;
    /** The stack that it was found in, where that is known. */
    readonly stack?: string;
    /** The folder of manifests that it was found in. */
    readonly folder?: string;
}

/** All that a review found out. */
export interface Review {
    readonly reviewed: Reviewed;
    /** Every rule that was asked, in the order of the catalogue. */
    readonly rules: readonly Rule[];
    readonly findings: readonly SeenFinding[];
    /** What each reader's rules said. */
    readonly tallies: readonly Judgement["tallies"][];
    readonly exceptions: readonly Exception[];
    /** The day, in UTC. */
    readonly today: string;
    readonly changes: readonly Change[];
    readonly problems: readonly ReaderProblem[];
    readonly phases: readonly Phase[];
    /** The stacks that every reader was asked about; exceptions of others are not called unused. */
    readonly complete: Complete;
}

/** The result of a review: one plain value. */
export function summarize(review: Review): ReviewResult {
    const { reviewed, problems, phases } = review;
    const merged = merge([...review.findings].sort(bySeverity(review.rules)));
    const { open, excepted, expired, unused }: Applied<Merged> = applyExceptions(
        merged,
        review.exceptions,
        review.today,
        // What could not be read may be what an exception is for.
        problems.length === 0 ? review.complete : { stacks: [], folders: [] },
    );
    const result = {
        reviewed,
        changes: [...review.changes].sort(byOperation),
        rules: review.rules.map((rule) => reportedRule(rule, review.tallies)),
        open: open.map(reported),
        excepted: excepted.map(({ finding, exception }) => ({ ...reported(finding), exception })),
        expired,
        unused,
        problems,
        phases,
    };
    return { version: 1, verdict: verdictOf(result), ...result };
}

const textOf = ({ id, title, severity, why, mend, references }: Rule): RuleText => ({
    id,
    title,
    severity,
    why,
    mend,
    references,
});

function reportedRule(rule: Rule, tallies: Review["tallies"]): ReportedRule {
    const sum = (count: keyof RuleTally): number => tallies.reduce((total, one) => total + (one.get(rule)?.[count] ?? 0), 0);
    const tally = { pass: sum("pass"), fail: sum("fail"), cannotTell: sum("cannotTell"), notApplicable: sum("notApplicable") };
    return { ...textOf(rule), area: areaOf(rule.id), tally };
}

function bySeverity(rules: readonly Rule[]): (a: SeenFinding, b: SeenFinding) => number {
    const order = new Map(rules.map(({ id }, index) => [id, index]));
    const rank = ({ rule }: SeenFinding): number =>
        severities.indexOf(rule.severity) * (rules.length + 1) + (order.get(rule.id) ?? rules.length);
    return (a, b) => rank(a) - rank(b) || compareTexts(namesOf(a), namesOf(b));
}

/** What tells two findings of a rule apart: two reviews that find the same say it in the same order. */
const namesOf = ({ stack = "", subject, at, outcome, message }: SeenFinding): readonly string[] =>
    [stack, subject.id, formatPath(at), outcome, message, subject.source];

function byOperation(a: Change, b: Change): number {
    const order = Object.keys(operations);
    const textsOf = ({ stack = "", type, name, urn }: Change): readonly string[] => [stack, type, name, urn];
    return order.indexOf(a.operation) - order.indexOf(b.operation) || compareTexts(textsOf(a), textsOf(b));
}

/** A finding with all readers that saw it. */
interface Merged extends SeenFinding {
    readonly sources: Source[];
    readonly fingerprint: string;
}

/** What a finding is called by. The message is no part of it: it holds the value. */
const partsOf = ({ rule, subject, outcome, at, stack }: SeenFinding) =>
    [rule.id, stack, subject.id, formatPath(at), outcome] as const;

/** What several readers saw is one finding; what one reader saw twice, with one place and text, stays two. */
function merge(findings: readonly SeenFinding[]): Merged[] {
    const merged: Merged[] = [];
    const ofKey = new Map<string, Merged[]>();
    const fingerprint = fingerprints();
    for (const finding of findings) {
        const parts = partsOf(finding);
        const key = JSON.stringify(parts);
        const like = ofKey.get(key) ?? [];
        ofKey.set(key, like);
        const { source } = finding.subject;
        const same = like.find(({ message, sources }) => message === finding.message && !sources.includes(source));
        if (same) {
            same.sources.push(source);
            continue;
        }
        const made = { ...finding, sources: [source], fingerprint: fingerprint(...parts) };
        like.push(made);
        merged.push(made);
    }
    return merged;
}

function reported({ rule, outcome, stack, subject, at, message, sources, fingerprint }: Merged): ReportedFinding {
    const place = subject.locate?.(at);
    return {
        rule: textOf(rule),
        blocking: blocks(rule.severity),
        outcome,
        ...(stack !== undefined && { stack }),
        subject: subject.id,
        path: formatPath(at),
        message,
        ...(place && { place }),
        sources,
        fingerprint,
    };
}
