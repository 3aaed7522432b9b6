import { Exception } from "../exceptions";
import { severities, Severity } from "../rules/core/rule";
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
import { ReportedFinding, ReviewResult } from "./result";

/** How the text is laid out. */
export interface TextOptions {
    /** Colours, for a terminal. Default: none. */
    readonly colour?: boolean;
}

type Colour = "red" | "yellow" | "green" | "cyan" | "bold" | "dim";

const codes: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, cyan: 36, bold: 1, dim: 2 };

type Paint = (colour: Colour, text: string) => string;

const severityColour: Readonly<Record<Severity, Colour>> = { critical: "red", high: "red", medium: "yellow", low: "cyan" };

/** The review for people in a terminal: what is to be mended first, then the rest, and the verdict once more at the end. */
export function textReport(result: ReviewResult, { colour = false }: TextOptions = {}): string {
    const paint: Paint = (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text);
    const blocks = [
        reviewedLines(result).map((line) => paint("dim", plain(line))),
        ...severities.map((severity) => severityBlock(severity, result, paint)),
        problemsBlock(result, paint),
        exceptionsBlock("Exceptions that have expired: renew or remove them", result.expired, paint),
        exceptionsBlock("Exceptions that nothing needs: remove them", result.unused, paint),
        exceptedBlock(result, paint),
        changesBlock(result, paint),
        verdictBlock(result, paint),
    ];
    return `${blocks
        .filter((lines) => lines.length > 0)
        .map((lines) => lines.join("\n"))
        .join("\n\n")}\n`;
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
    if (findings.length === 0) {
        return [];
    }
    const ids = [...new Set(findings.map(({ rule }) => rule.id))];
    return [
        paint("bold", paint(severityColour[severity], `${severityHeading[severity]} (${findings.length})`)),
        ...ids.flatMap((id) =>
            ruleLines(
                findings.filter(({ rule }) => rule.id === id),
                result,
                paint,
            ),
        ),
    ];
}

function ruleLines(findings: readonly ReportedFinding[], result: ReviewResult, paint: Paint): string[] {
    const [first] = findings;
    if (!first) {
        return [];
    }
    const { rule } = first;
    const subjects = aligned(
        findings.map((finding) => [
            `    ${plain(subjectOf(finding, result))}`,
            finding.place ? plain(formatPlace(finding.place)) : "",
        ]),
    );
    return [
        `  ${paint("bold", rule.id)}  ${plain(rule.title)}`,
        ...findings.flatMap((finding, index) => [subjects[index] ?? "", `      ${plain(said(finding))}`]),
        `    ${paint("dim", "why:")} ${plain(rule.why)}`,
        `    ${paint("dim", "what to do:")} ${plain(rule.mend)}`,
    ];
}

function problemsBlock({ problems }: ReviewResult, paint: Paint): string[] {
    const rows = problems.map((problem) => [`  ${plain(problemPlace(problem))}`, plain(problem.message)]);
    return problems.length === 0
        ? []
        : [paint("bold", paint("red", `Not readable, so not judged (${problems.length})`)), ...aligned(rows)];
}

function exceptionsBlock(title: string, exceptions: readonly Exception[], paint: Paint): string[] {
    const rows = exceptions.map(({ place, rule, resource, owner, expires }) => [
        `  ${plain(formatPlace(place))}`,
        rule,
        plain(resource),
        `until ${expires}, ${plain(owner)}`,
    ]);
    return exceptions.length === 0 ? [] : [paint("bold", paint("yellow", title)), ...aligned(rows)];
}

function exceptedBlock({ excepted }: ReviewResult, paint: Paint): string[] {
    const rows = excepted.map(({ rule, subject, exception }) => [
        `  ${rule.id}`,
        plain(subject),
        `until ${exception.expires}`,
        plain(`${exception.owner}: ${exception.reason}`),
    ]);
    return excepted.length === 0 ? [] : [paint("bold", `Excepted (${excepted.length})`), ...aligned(rows)];
}

function changesBlock(result: ReviewResult, paint: Paint): string[] {
    const groups = changesByOperation(result);
    if (groups.length === 0) {
        return [];
    }
    const counts = groups.map(([operation, changes]) => `${changes.length} to ${operations[operation].verb}`).join(", ");
    const rows = groups.flatMap(([operation, changes]) =>
        changes.map(({ type, name, keys = [] }) => [
            `  ${operations[operation].sign.padEnd(2)}`,
            plain(type),
            plain(name),
            keys.length > 0 ? `[${keys.map(plain).join(", ")}]` : "",
        ]),
    );
    return [paint("bold", `Would change: ${counts}`), ...aligned(rows)];
}

function verdictBlock(result: ReviewResult, paint: Paint): string[] {
    const { verdict, rules, phases } = result;
    const colour = verdict === "passes" ? "green" : verdict === "fails" ? "red" : "yellow";
    const asked = rules.filter(({ tally }) => tally.pass + tally.fail + tally.cannotTell > 0).length;
    const seconds = phases.map(({ name, seconds: taken }) => `${plain(name)} ${taken.toFixed(1)} s`);
    return [
        paint("bold", paint(colour, `The review ${verdictLine[verdict]}`)),
        `  ${headline(result)}`,
        paint(
            "dim",
            `  ${[`${counted(rules.length, "rule")}, ${asked} of them with something to judge`, ...seconds].join("; ")}`,
        ),
    ];
}
