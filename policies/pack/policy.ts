import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { blocks, Rule, severities } from "../rules/core/rule";
import { coverageName, formatCoverage } from "./coverage";
import { Excepting, Judged, Judgements } from "./judgements";
import { formatViolation } from "./message";

/** The pack's name in Pulumi's output. */
export const packName = "fjord";

/** Which findings a policy reports. */
interface Reporting {
    readonly name: string;
    readonly description: string;
    readonly enforcementLevel: "mandatory" | "advisory";
    readonly reports: (found: Judged) => boolean;
}

const reportings: readonly Reporting[] = [
    ...severities.map((severity): Reporting => ({
        name: severity,
        description: `fjord's rules of severity ${severity}`,
        // Advice is shown, all else stops the run; Pulumi has no level in between.
        enforcementLevel: blocks(severity) ? "mandatory" : "advisory",
        reports: ({ rule, excepted }) => rule.severity === severity && excepted === undefined,
    })),
    {
        name: "excepted",
        description: "what an exception covers",
        enforcementLevel: "advisory",
        reports: ({ excepted }) => excepted !== undefined,
    },
];

/**
 * The rules as policies: one a severity, and one for what an exception covers, which is still shown. Each of them twice:
 * for what is asked of each resource, and for what is asked of all of them together. Not one a rule: Pulumi unpacks every
 * resource once for every policy, and lets a policy be switched off from a command line, which is what the reviewed file
 * of exceptions is for.
 */
export function policies(rules: readonly Rule[], today: string, excepting: Excepting): (ResourceValidationPolicy | StackValidationPolicy)[] {
    const judgements = new Judgements(
        rules.filter(({ sources }) => sources.includes("stack")),
        today,
        excepting,
    );
    return [...reportings.flatMap((one) => [forEach(one, judgements), forAll(one, judgements)]), coverage(judgements)];
}

/** For a review, which shows what was judged and not only what was found. */
const coverage = (judgements: Judgements): StackValidationPolicy => ({
    name: coverageName,
    description: "how often each rule was asked",
    enforcementLevel: "disabled",
    validateStack: ({ resources }, report) => report(formatCoverage(judgements.tallies(resources, coverageName))),
});

const forEach = ({ reports, ...policy }: Reporting, judgements: Judgements): ResourceValidationPolicy => ({
    ...policy,
    validateResource: (args, report) => {
        for (const found of judgements.ofOne(args, policy.name).filter(reports)) {
            report(violation(found));
        }
    },
});

const forAll = ({ reports, ...policy }: Reporting, judgements: Judgements): StackValidationPolicy => ({
    ...policy,
    name: `${policy.name}-together`,
    description: `${policy.description}, about how resources stand to each other`,
    validateStack: ({ resources }, report) => {
        for (const found of judgements.ofAll(resources, policy.name).filter(reports)) {
            report(violation(found), found.subject.resource?.urn);
        }
    },
});

const violation = ({ rule, subject, outcome, at, message, excepted }: Judged): string =>
    formatViolation({ rule, id: subject.id, outcome, at, message, ...(excepted !== undefined && { excepted }) });
