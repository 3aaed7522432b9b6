import type { PolicyResourceOptions, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { judge, verdict } from "../rules/core/judge";
import { Rule, severities, Severity, blocks } from "../rules/core/rule";
import { Subject } from "../rules/core/subject";
import { Surroundings } from "../rules/core/surroundings";
import { subjectOf } from "../resource-subject";
import { coverageName, formatCoverage } from "./coverage";
import { formatViolation } from "./message";
import { plain } from "./plain";

/** The pack's name in Pulumi's output. */
export const packName = "fjord";

/** Who answers for a finding and until when, in words; undefined where no exception covers it. */
export type Excepting = (rule: Rule, subject: Subject, outcome: "fail" | "cannot-tell", at: readonly (string | number)[]) => string | undefined;

/** What Pulumi shows of a resource, whether it is asked about one or about all. */
interface Shown {
    readonly type: string;
    readonly name: string;
    readonly urn: string;
    readonly props: Record<string, unknown>;
    readonly opts: PolicyResourceOptions;
}

function subject({ type, name, urn, props, opts }: Shown): Subject {
    const { protect, ignoreChanges, additionalSecretOutputs } = opts;
    return subjectOf(
        { type, name, urn, properties: plain(props) as Record<string, unknown>, options: { protect, ignoreChanges, additionalSecretOutputs } },
        "stack",
    );
}

/** What all policies of a pack share. */
interface Pack {
    readonly today: string;
    readonly excepting: Excepting;
    /**
     * What every resource wants to be, by URN, as the engine told it. When it asks about all of them together it shows their
     * outputs instead, and those are empty where a provider cannot say yet what it will make, as before the first cluster.
     */
    readonly wanted: Map<string, Subject>;
}

/** Which findings a policy reports. */
interface Asked {
    readonly name: string;
    readonly description: string;
    readonly enforcementLevel: "mandatory" | "advisory";
    readonly severity?: Severity;
    readonly rules: readonly Rule[];
    /** `open`: what no exception covers. `excepted`: only what one does. */
    readonly which: "open" | "excepted";
}

/**
 * The rules as policies: one a severity, and one for what an exception covers, which is still shown. Each of them twice:
 * for what is asked of each resource, and for what is asked of all of them together. Not one a rule: Pulumi unpacks every
 * resource once for every policy, and lets a policy be switched off from a command line, which is what the reviewed file
 * of exceptions is for.
 */
export function policies(rules: readonly Rule[], today: string, excepting: Excepting): (ResourceValidationPolicy | StackValidationPolicy)[] {
    const asked = rules.filter(({ sources }) => sources.includes("stack"));
    const all: readonly Asked[] = [
        ...severities.map((severity): Asked => ({
            name: severity,
            description: `fjord's rules of severity ${severity}`,
            // Advice is shown, all else stops the run; Pulumi has no level in between.
            enforcementLevel: blocks(severity) ? "mandatory" : "advisory",
            severity,
            rules: asked.filter((rule) => rule.severity === severity),
            which: "open",
        })),
        { name: "excepted", description: "what an exception covers", enforcementLevel: "advisory", rules: asked, which: "excepted" },
    ];
    const pack: Pack = { today, excepting, wanted: new Map() };
    return [...all.flatMap((one) => [forEach(one, pack), forAll(one, pack)]), coverage(asked, pack)];
}

/** For a review, which shows what was judged and not only what was found. */
function coverage(rules: readonly Rule[], { today, wanted }: Pack): StackValidationPolicy {
    return {
        name: coverageName,
        description: "how often each rule was asked",
        enforcementLevel: "disabled",
        validateStack: ({ resources }, report) => {
            const subjects = resources.map((shown) => wanted.get(shown.urn) ?? subject(shown));
            report(formatCoverage(judge(rules, subjects, today).tallies));
        },
    };
}

function forEach({ rules, which, ...policy }: Asked, { today, excepting, wanted }: Pack): ResourceValidationPolicy {
    const single = rules.filter(({ needsSurroundings }) => !needsSurroundings);
    return {
        ...policy,
        validateResource: (args, report) => {
            const one = subject(args);
            wanted.set(args.urn, one);
            for (const text of findings(single, which, one, new Surroundings([one], today), excepting)) {
                report(text);
            }
        },
    };
}

function forAll({ rules, which, ...policy }: Asked, { today, excepting, wanted }: Pack): StackValidationPolicy {
    const relations = rules.filter(({ needsSurroundings }) => needsSurroundings);
    return {
        ...policy,
        name: `${policy.name}-together`,
        description: `${policy.description}, about how resources stand to each other`,
        validateStack: ({ resources }, report) => {
            const all = resources.map((shown) => ({ urn: shown.urn, subject: wanted.get(shown.urn) ?? subject(shown) }));
            const surroundings = new Surroundings(all.map((one) => one.subject), today);
            for (const { urn, subject: one } of all) {
                for (const text of findings(relations, which, one, surroundings, excepting)) {
                    report(text, urn);
                }
            }
        },
    };
}

/** Texts of what a policy has to report about one resource. */
function findings(rules: readonly Rule[], which: Asked["which"], one: Subject, surroundings: Surroundings, excepting: Excepting): readonly string[] {
    return rules
        .filter((rule) => rule.applies(one))
        .flatMap((rule) => {
            const said = verdict(rule, one, surroundings);
            if (said.outcome !== "fail" && said.outcome !== "cannot-tell") {
                return [];
            }
            const { outcome } = said;
            const found = said.outcome === "fail" ? said.faults : [said];
            return found.flatMap(({ at, message }) => {
                const excepted = excepting(rule, one, outcome, at);
                return (excepted === undefined) === (which === "open")
                    ? [formatViolation({ rule, id: one.id, outcome, at, message, ...(excepted !== undefined && { excepted }) })]
                    : [];
            });
        });
}
