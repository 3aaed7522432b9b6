import { Area, areaOf, areas, Reference, Rule } from "../../policies/rules/core/rule";
import { readersOf, referenceText } from "./explain";

/** The committed page, relative to the project. */
export const pageFile = "policies/rules.md";

/** What would be taken for markup in a sentence of ours. */
const escaped = (text: string): string => text.replace(/[\\`*_[\]<>|]/g, (character) => `\\${character}`);

/** The areas that have rules, each with them, in the order in which they are listed. */
export function byArea(rules: readonly Rule[]): readonly { readonly area: Area; readonly rules: readonly Rule[] }[] {
    // The keys are the areas by its type.
    return (Object.keys(areas) as Area[])
        .map((area) => ({ area, rules: rules.filter(({ id }) => areaOf(id) === area) }))
        .filter((group) => group.rules.length > 0);
}

/** Where a heading is linked to. */
const anchor = (heading: string): string => heading.toLowerCase().replaceAll(" ", "-");

/** The rules as a page of Markdown. */
export function page(rules: readonly Rule[]): string {
    const groups = byArea(rules);
    return [
        "# Rules",
        "",
        "<!-- Written by `npm run rules -- --page`; changes are made in policies/rules. -->",
        "",
        `${rules.length} rules. \`critical\`, \`high\` and \`medium\` stand in the way of a change; \`low\` is advice.`,
        "An exception is an entry in `policies/exceptions.yaml`, with a reason, an owner and a last day.",
        "",
        ...groups.flatMap((group) => [
            `- [${areas[group.area]}](#${anchor(`${group.area} ${areas[group.area]}`)}) (${group.rules.length})`,
        ]),
        "",
        ...groups.flatMap((group) => [
            `## ${group.area}: ${areas[group.area]}`,
            "",
            "| Rule | Severity | What holds |",
            "| --- | --- | --- |",
            ...group.rules.map(({ id, severity, title }) => `| [${id}](#${anchor(id)}) | ${severity} | ${escaped(title)} |`),
            "",
            ...group.rules.flatMap(section),
        ]),
    ].join("\n");
}

const referenceLink = (reference: Reference): string =>
    reference.id.startsWith("https://") ? `${reference.of}: <${reference.id}>` : escaped(referenceText(reference));

function section(rule: Rule): readonly string[] {
    const { id, title, severity, why, mend, references, appliesTo } = rule;
    const { seen, unseen } = readersOf(rule);
    return [
        `### ${id}`,
        "",
        `**${escaped(title)}.** ${escaped(why)}`,
        "",
        `- Severity: ${severity}`,
        `- What to do: ${escaped(mend)}`,
        `- Applies to: ${escaped(appliesTo)}`,
        `- Seen in: ${seen.join(", ")}${unseen.length > 0 ? `; not in: ${unseen.join(", ")}` : ""}`,
        `- See: ${references.map(referenceLink).join("; ")}`,
        "",
    ];
}
