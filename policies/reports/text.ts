import { Exception } from "../exceptions";
import { blocks, RuleText, severities, Severity } from "../rules/core/rule";
import {
    changesByOperation,
    counted,
    formatPlace,
    headline,
    operations,
    plain,
    problemPlace,
    reviewedLines,
    said,
    severityHeading,
    subjectOf,
    verdictLine,
} from "./fields";
import { byException, byRule, Group } from "./grouped";
import { Change, ReportedFinding, ReviewResult } from "./result";

/** How the text is laid out. */
export interface TextOptions {
    /** Colours, for a terminal. Default: none. */
    readonly colour?: boolean;
}

type Colour = "red" | "yellow" | "green" | "cyan" | "bold" | "dim";

const codes: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, cyan: 36, bold: 1, dim: 2 };

type Paint = (colour: Colour, text: string) => string;

const severityColour: Readonly<Record<Severity, Colour>> = { critical: "red", high: "red", medium: "yellow", low: "cyan" };

/** In characters. Terminals and the logs of jobs are rarely narrower, and sentences that are longer are hard to read. */
const lineWidth = 120;

/** More resources than this that are made are counted by their type: a new region makes some 150, and none has a past. */
const mostListed = 20;

/**
 * The review for people in a terminal. The verdict comes first, for those who open a file, and last, where a terminal and
 * the log of a job stand when the command is done. What has to be mended is next to the end, the worst of it first; what
 * asks for nothing is above it.
 */
export function textReport(result: ReviewResult, { colour = false }: TextOptions = {}): string {
    const paint: Paint = (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text);
    const parts = [
        [...verdictLines(result, paint), ...reviewedLines(result).map((line) => paint("dim", `  ${plain(line)}`))],
        changesBlock(result, paint),
        exceptedBlock(result, paint),
        severityBlock("low", result, paint),
        ...severities.filter(blocks).map((severity) => severityBlock(severity, result, paint)),
        problemsBlock(result, paint),
        exceptionsBlock("Exceptions that have expired: renew or remove them", result.expired, paint),
        exceptionsBlock("Exceptions that nothing needs: remove them", result.unused, paint),
        [...verdictLines(result, paint), paint("dim", `  ${effort(result)}`)],
    ];
    return `${parts
        .filter((lines) => lines.length > 0)
        .map((lines) => lines.join("\n"))
        .join("\n\n")}\n`;
}

/** Breaks a text between words; what follows the first line is set under it. A word is never broken: people search for it. */
function wrapped(indent: string, text: string): string[] {
    const lines: string[] = [];
    for (const word of plain(text).split(" ")) {
        const last = lines.at(-1);
        if (last === undefined || [...last].length + 1 + [...word].length > lineWidth) {
            lines.push(indent + word);
        } else {
            lines[lines.length - 1] = `${last} ${word}`;
        }
    }
    return lines;
}

/** Pads all but the last cell of every row, so that columns line up. */
function aligned(rows: readonly (readonly string[])[]): string[] {
    const widths = rows.reduce<number[]>(
        (known, row) => row.map((cell, index) => Math.max(known[index] ?? 0, [...cell].length)),
        [],
    );
    return rows.map((row) =>
        row
            .map((cell, index) => (index === row.length - 1 ? cell : cell + " ".repeat((widths[index] ?? 0) - [...cell].length)))
            .join("  ")
            .trimEnd(),
    );
}

function severityBlock(severity: Severity, result: ReviewResult, paint: Paint): string[] {
    const findings = result.open.filter(({ rule }) => rule.severity === severity);
    return findings.length === 0
        ? []
        : [
              paint("bold", paint(severityColour[severity], `${severityHeading[severity]} (${findings.length})`)),
              ...byRule(findings).flatMap((group) => ruleLines(group, result, paint)),
          ];
}

/** Subjects of which the same is said are listed above it: most findings of a rule are one mistake in a loop. */
function ruleLines({ by: rule, findings }: Group<RuleText, ReportedFinding>, result: ReviewResult, paint: Paint): string[] {
    const texts = [...new Set(findings.map(said))];
    return [
        `  ${paint("bold", rule.id)}  ${paint("bold", plain(rule.title))}`,
        ...texts.flatMap((text) => [
            ...aligned(
                findings
                    .filter((finding) => said(finding) === text)
                    .map((finding) => [
                        `    ${plain(subjectOf(finding, result))}`,
                        finding.place ? plain(formatPlace(finding.place)) : "",
                    ]),
            ),
            ...wrapped("      ", text),
        ]),
        ...labelled("why:", rule.why, paint),
        ...labelled("what to do:", rule.mend, paint),
    ];
}

/** The label is painted after the lines are broken: colours have no width. */
function labelled(label: string, text: string, paint: Paint): string[] {
    const [first = "", ...rest] = wrapped("    ", `${label} ${text}`);
    return [first.replace(label, paint("dim", label)), ...rest];
}

function problemsBlock({ problems }: ReviewResult, paint: Paint): string[] {
    return problems.length === 0
        ? []
        : [
              paint("bold", paint("red", `Not readable, so not judged (${problems.length})`)),
              ...problems.flatMap((problem) => [`  ${plain(problemPlace(problem))}`, ...wrapped("    ", problem.message)]),
          ];
}

function exceptionsBlock(title: string, exceptions: readonly Exception[], paint: Paint): string[] {
    return exceptions.length === 0
        ? []
        : [
              paint("bold", paint("yellow", title)),
              ...exceptions.flatMap(({ place, rule, resource, owner, expires }) => [
                  `  ${rule}  ${plain(resource)}`,
                  ...wrapped("    ", `until ${expires}, ${owner}; written in ${formatPlace(place)}`),
              ]),
          ];
}

function exceptedBlock({ excepted }: ReviewResult, paint: Paint): string[] {
    return excepted.length === 0
        ? []
        : [
              paint("bold", `Excepted (${excepted.length})`),
              ...byException(excepted).flatMap(({ by: { rule, resource, reason, owner, expires }, findings }) => [
                  `  ${rule}  ${plain(resource)}${findings.length > 1 ? ` (${counted(findings.length, "finding")})` : ""}`,
                  ...wrapped("    ", `until ${expires}, ${owner}: ${reason}`).map((line) => paint("dim", line)),
              ]),
          ];
}

function changesBlock(result: ReviewResult, paint: Paint): string[] {
    const groups = changesByOperation(result);
    if (groups.length === 0) {
        return [];
    }
    const counts = groups.map(([operation, changes]) => `${changes.length} to ${operations[operation].verb}`).join(", ");
    const rows = groups.flatMap(([operation, changes]) => {
        const sign = `  ${operations[operation].sign.padEnd(2)}`;
        return operation === "create" && changes.length > mostListed
            ? countedTypes(changes).map(([type, count]) => [sign, plain(type), counted(count, "resource"), ""])
            : changes.map(({ type, name, keys = [] }) => [
                  sign,
                  plain(type),
                  plain(name),
                  keys.length > 0 ? `[${keys.map(plain).join(", ")}]` : "",
              ]);
    });
    return [paint("bold", `Would change: ${counts}`), ...aligned(rows)];
}

/** How many there are of each type, the most of them first. */
function countedTypes(changes: readonly Change[]): readonly (readonly [string, number])[] {
    const counts = new Map<string, number>();
    for (const { type } of changes) {
        counts.set(type, (counts.get(type) ?? 0) + 1);
    }
    return [...counts].sort(([one, count], [other, otherCount]) => otherCount - count || (one < other ? -1 : 1));
}

function verdictLines(result: ReviewResult, paint: Paint): string[] {
    const { verdict } = result;
    const colour = verdict === "passes" ? "green" : verdict === "fails" ? "red" : "yellow";
    return [paint("bold", paint(colour, `The review ${verdictLine[verdict]}`)), `  ${headline(result)}`];
}

/** How much was asked, and how long it took. */
function effort({ rules, phases }: ReviewResult): string {
    const asked = rules.filter(({ tally }) => tally.pass + tally.fail + tally.cannotTell > 0).length;
    const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
    return `${counted(rules.length, "rule")}, ${asked} of them with something to judge; ${seconds.toFixed(1)} s`;
}
