import type { PolicyResourceOptions } from "@pulumi/policy";
import { Finding, judge, Judgement, Tally } from "../rules/core/judge";
import { Rule } from "../rules/core/rule";
import { Subject } from "../rules/core/subject";
import { subjectOf } from "../resource-subject";
import { plain } from "./plain";

/** Who answers for a finding and until when, in words; undefined where no exception covers it. */
export type Excepting = (rule: Rule, subject: Subject, outcome: "fail" | "cannot-tell", at: readonly (string | number)[]) => string | undefined;

/** What Pulumi shows of a resource, whether it is asked about one or about all. */
export interface Shown {
    readonly type: string;
    readonly name: string;
    readonly urn: string;
    readonly props: Record<string, unknown>;
    readonly opts: PolicyResourceOptions;
}

/** A finding, and what excuses it. */
export interface Judged extends Finding {
    readonly excepted: string | undefined;
}

/** What was found once, and the policies that have reported their part of it. */
interface Round {
    readonly judgement: Judgement;
    readonly findings: readonly Judged[];
    readonly takers: Set<string>;
}

function subjectFrom({ type, name, urn, props, opts }: Shown): Subject {
    const { protect, ignoreChanges, additionalSecretOutputs } = opts;
    return subjectOf(
        { type, name, urn, properties: plain(props) as Record<string, unknown>, options: { protect, ignoreChanges, additionalSecretOutputs } },
        "stack",
    );
}

/**
 * What the rules say, asked once for all policies of a pack. Pulumi calls one policy after the other and shows each its own
 * copy of the resource, so nothing but the URN says that they are about the same. A policy that comes a second time begins
 * a new round: the resource, or the update, is another.
 */
export class Judgements {
    private readonly single: readonly Rule[];
    private readonly relations: readonly Rule[];
    private readonly rounds = new Map<string, Round>();
    private together?: Round;

    /**
     * What every resource wants to be, by URN, as the engine told it. When it asks about all of them together it shows their
     * outputs instead, and those are empty where a provider cannot say yet what it will make, as before the first cluster.
     */
    private readonly wanted = new Map<string, Subject>();

    constructor(
        private readonly rules: readonly Rule[],
        private readonly today: string,
        private readonly excepting: Excepting,
    ) {
        this.single = rules.filter(({ needsSurroundings }) => !needsSurroundings);
        this.relations = rules.filter(({ needsSurroundings }) => needsSurroundings);
    }

    /** What the rules about single resources find in one. */
    ofOne(shown: Shown, policy: string): readonly Judged[] {
        const known = this.rounds.get(shown.urn);
        const round = known?.takers.has(policy) === false ? known : this.judgeOne(shown);
        round.takers.add(policy);
        return round.findings;
    }

    /** What the rules about how resources stand to each other find. */
    ofAll(resources: readonly Shown[], policy: string): readonly Judged[] {
        return this.roundOfAll(resources, policy).findings;
    }

    /** How often each rule was asked about these resources, and what it said. */
    tallies(resources: readonly Shown[], policy: string): ReadonlyMap<Rule, Tally> {
        const ones = resources.map(
            (shown) => this.rounds.get(shown.urn)?.judgement ?? judge(this.single, [subjectFrom(shown)], this.today),
        );
        return sum(this.rules, [...ones, this.roundOfAll(resources, policy).judgement]);
    }

    private judgeOne(shown: Shown): Round {
        const subject = subjectFrom(shown);
        const round = this.round(this.single, [subject]);
        this.wanted.set(shown.urn, subject);
        this.rounds.set(shown.urn, round);
        return round;
    }

    private roundOfAll(resources: readonly Shown[], policy: string): Round {
        if (this.together?.takers.has(policy) !== false) {
            const subjects = resources.map((shown) => this.wanted.get(shown.urn) ?? subjectFrom(shown));
            this.together = this.round(this.relations, subjects);
        }
        this.together.takers.add(policy);
        return this.together;
    }

    private round(rules: readonly Rule[], subjects: readonly Subject[]): Round {
        const judgement = judge(rules, subjects, this.today);
        const findings = judgement.findings.map((found) => ({
            ...found,
            excepted: this.excepting(found.rule, found.subject, found.outcome, found.at),
        }));
        return { judgement, findings, takers: new Set() };
    }
}

const nothing: Tally = { pass: 0, fail: 0, cannotTell: 0, notApplicable: 0 };

function sum(rules: readonly Rule[], judgements: readonly Judgement[]): ReadonlyMap<Rule, Tally> {
    const total = new Map(rules.map((rule) => [rule, nothing]));
    for (const [rule, { pass, fail, cannotTell, notApplicable }] of judgements.flatMap(({ tallies }) => [...tallies])) {
        const before = total.get(rule) ?? nothing;
        total.set(rule, {
            pass: before.pass + pass,
            fail: before.fail + fail,
            cannotTell: before.cannotTell + cannotTell,
            notApplicable: before.notApplicable + notApplicable,
        });
    }
    return total;
}
