import { CannotTell, formatPath, Path } from "./opaque";
import { Rule } from "./rule";
import { seen } from "./seen";
import { Subject } from "./subject";
import { Surroundings } from "./surroundings";

/** What a rule says of one subject. */
export type Verdict =
    | { readonly outcome: "pass" }
    | { readonly outcome: "not-applicable"; readonly why: string }
    | { readonly outcome: "fail"; readonly faults: readonly { readonly at: Path; readonly message: string }[] }
    | { readonly outcome: "cannot-tell"; readonly at: Path; readonly message: string };

/** Something that people have to look at: a fault, or a question that stayed open. */
export interface Finding {
    readonly rule: Rule;
    readonly subject: Subject;
    readonly outcome: "fail" | "cannot-tell";
    readonly at: Path;
    readonly message: string;
}

/** How often a rule was asked, and what it said. */
export interface Tally {
    readonly pass: number;
    readonly fail: number;
    readonly cannotTell: number;
    readonly notApplicable: number;
}

export interface Judgement {
    readonly findings: readonly Finding[];
    /** For every rule, also for one that nothing was there for. */
    readonly tallies: ReadonlyMap<Rule, Tally>;
    readonly subjects: number;
}

/** Asks one rule about one subject that it applies to. */
export function verdict(rule: Rule, subject: Subject, surroundings: Surroundings): Verdict {
    try {
        const answer = rule.check(seen(subject), surroundings);
        if ("notApplicable" in answer) {
            return { outcome: "not-applicable", why: answer.notApplicable };
        }
        return answer.length === 0 ? { outcome: "pass" } : { outcome: "fail", faults: answer };
    } catch (error) {
        if (error instanceof CannotTell) {
            return error.of === undefined || error.of === subject.id
                ? { outcome: "cannot-tell", at: error.path, message: error.message }
                : { outcome: "cannot-tell", at: [], message: `${formatPath(error.path)} of ${error.of} ${error.message}` };
        }
        // A manifest that is not shaped like one, or a rule that is wrong: either way nobody has judged the subject.
        const message = `could not be judged: ${error instanceof Error ? error.message : String(error)}`;
        return { outcome: "cannot-tell", at: [], message };
    }
}

/** Asks every rule about every subject, on a day (in UTC, `2026-11-23`). Findings are in the order of the rules, then of the subjects. */
export function judge(rules: readonly Rule[], subjects: readonly Subject[], today: string): Judgement {
    const surroundings = new Surroundings(subjects, today);
    const findings: Finding[] = [];
    const tallies = new Map<Rule, Tally>();
    for (const rule of rules) {
        const tally = { pass: 0, fail: 0, cannotTell: 0, notApplicable: 0 };
        for (const subject of subjects) {
            if (!rule.sources.includes(subject.source) || !rule.applies(subject)) {
                continue;
            }
            const said = verdict(rule, subject, surroundings);
            switch (said.outcome) {
                case "pass":
                    tally.pass += 1;
                    break;
                case "not-applicable":
                    tally.notApplicable += 1;
                    break;
                case "cannot-tell":
                    tally.cannotTell += 1;
                    findings.push({ rule, subject, outcome: "cannot-tell", at: said.at, message: said.message });
                    break;
                case "fail":
                    tally.fail += 1;
                    findings.push(...said.faults.map(({ at, message }) => ({ rule, subject, outcome: "fail" as const, at, message })));
            }
        }
        tallies.set(rule, tally);
    }
    return { findings, tallies, subjects: subjects.length };
}
