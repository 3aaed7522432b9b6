import { suggest } from "../../infra/config/suggestion";
import { areaOf, areas, Rule, severities } from "../../policies/rules/core/rule";
import { byArea } from "./page";

/** A question that cannot be answered as it was put. */
export class WrongUse extends Error {
    override readonly name = "WrongUse";
}

/** What is listed; all where nothing is said. */
export interface Filter {
    /** `NET`, or the area's name. */
    readonly area?: string;
    readonly severity?: string;
}

/** The one of some words that was asked for, in any case; throws with the one that was probably meant. */
function chosen(what: string, word: string, known: readonly string[]): string {
    const found = known.find((one) => one.toLowerCase() === word.toLowerCase());
    if (found === undefined) {
        const meant = suggest(word, known);
        throw new WrongUse(
            `"${word}" is no ${what}\n  what to do: ${meant ? `did you mean ${meant}?` : `use ${known.join(", ")}`}`,
        );
    }
    return found;
}

/** The rule of an id; throws with the one that was probably meant. */
export function ruleOf(id: string, rules: readonly Rule[]): Rule {
    const rule = rules.find((one) => one.id === id.toUpperCase());
    if (!rule) {
        const meant = suggest(
            id.toUpperCase(),
            rules.map((one) => one.id),
        );
        throw new WrongUse(
            `"${id}" is no rule\n  what to do: ${meant ? `did you mean ${meant}?` : "`npm run rules` lists them"}`,
        );
    }
    return rule;
}

/** The rules that a filter lets through. */
export function filtered(rules: readonly Rule[], { area, severity }: Filter): readonly Rule[] {
    const areaName = area === undefined ? undefined : chosen("area", area, [...Object.keys(areas), ...Object.values(areas)]);
    const severityName = severity === undefined ? undefined : chosen("severity", severity, severities);
    return rules.filter(
        (rule) =>
            (areaName === undefined || areaOf(rule.id) === areaName || areas[areaOf(rule.id)] === areaName) &&
            (severityName === undefined || rule.severity === severityName),
    );
}

/** The rules for people in a terminal, by area. */
export function listing(rules: readonly Rule[]): string {
    const width = Math.max(...severities.map((severity) => severity.length));
    const blocks = byArea(rules).map(({ area, rules: found }) =>
        [
            `${area}  ${areas[area]} (${found.length})`,
            ...found.map(({ id, severity, title }) => `  ${id}  ${severity.padEnd(width)}  ${title}`),
        ].join("\n"),
    );
    return `${[...blocks, `${rules.length} ${rules.length === 1 ? "rule" : "rules"}`].join("\n\n")}\n`;
}

/** The same for programs. */
export function listingJson(rules: readonly Rule[]): string {
    const plain = rules.map(({ id, title, severity, why, mend, references, appliesTo, sources }) => ({
        id,
        area: areaOf(id),
        severity,
        title,
        why,
        mend,
        references,
        appliesTo,
        sources,
    }));
    return `${JSON.stringify(plain, null, 2)}\n`;
}
