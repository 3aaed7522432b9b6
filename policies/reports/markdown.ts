import { Exception } from "../exceptions";
import {
    changesByOperation,
    clipped,
    formatPlace,
    headline,
    operations,
    plain,
    problemPlace,
    reviewedLines,
    said,
    subjectOf,
    verdictLine,
} from "./fields";
import { ReviewResult } from "./result";

/** Begins every note, so that a job finds its own note again and updates it. */
export const noteMarker = "<!-- fjord:review -->";

/** GitLab takes no longer note. */
const longestNote = 1_000_000;

/** A message can be as long as a manifest; a cell of a table should not. */
const longestCell = 400;

/** How the note is made. */
export interface MarkdownOptions {
    /** In characters. Default: what GitLab takes. */
    readonly limit?: number;
}

/** A part of the note whose rows can be left out where there are too many. */
interface Section {
    readonly before: readonly string[];
    readonly rows: readonly string[];
    readonly after: readonly string[];
}

/** The review as a note of a merge request. */
export function markdownReport(result: ReviewResult, { limit = longestNote }: MarkdownOptions = {}): string {
    const sections = [head(result), findings(result), problems(result), exceptions(result), changes(result), excepted(result)];
    const whole = sections.filter(({ before, rows }) => before.length + rows.length > 0);
    // What is always there is paid for first, with a line for each section that says how much was cut.
    const frame = whole.map(
        (section) => [...section.before, cutLine(section.rows.length), ...section.after, ""].join("\n").length + 1,
    );
    let room = limit - frame.reduce((sum, length) => sum + length, 0);
    const lines = whole.flatMap(({ before, rows, after }) => {
        const kept: string[] = [];
        for (const row of rows) {
            if (row.length + 1 > room) {
                break;
            }
            room -= row.length + 1;
            kept.push(row);
        }
        const cut = rows.length - kept.length;
        return [...before, ...kept, ...(cut > 0 ? ["", cutLine(cut)] : []), ...after, ""];
    });
    return lines.join("\n");
}

const cutLine = (cut: number): string => `_${cut} more are left out here; the job's other reports have them all._`;

/** Characters that mean something to Markdown, HTML or GitLab, as references to them: they can mean nothing then. */
const escaped = (text: string): string =>
    clipped(plain(text), longestCell).replace(/[\\`*_{}[\]<>#!|~&@$:]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A text that readers take as it stands: ids, paths and files. GitLab looks for no mentions in code. */
const code = (text: string): string => (text === "" ? "" : `<code>${escaped(text)}</code>`);

/** A sentence. GitLab looks for `@name` and `#12` after all escapes, so a space of no width keeps them from being found. */
const prose = (text: string): string => escaped(plain(text).replace(/([@#!~%$&^])(?=[\p{L}\p{N}_"])/gu, "$1\u200b"));

const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const table = (...titles: readonly string[]): readonly string[] => [row(...titles), row(...titles.map(() => "---"))];

const details = (summary: string, section: Section): Section => ({
    before: ["<details>", `<summary>${summary}</summary>`, "", ...section.before],
    rows: section.rows,
    after: [...section.after, "", "</details>"],
});

const none: Section = { before: [], rows: [], after: [] };

const marks: Readonly<Record<ReviewResult["verdict"], string>> = { passes: "✅", fails: "❌", "cannot tell": "❓" };

function head(result: ReviewResult): Section {
    const { verdict } = result;
    return {
        before: [noteMarker, `### ${marks[verdict]} The review ${verdictLine[verdict]}`, "", `**${headline(result)}**`],
        rows: ["", ...reviewedLines(result).map((line) => `- ${prose(line)}`)],
        after: [],
    };
}

function findings(result: ReviewResult): Section {
    if (result.open.length === 0) {
        return none;
    }
    return {
        before: table("Severity", "Rule", "Where", "What", "What to do"),
        rows: result.open.map((finding) =>
            row(
                finding.blocking ? finding.rule.severity : "advice",
                `${finding.rule.id} ${prose(finding.rule.title)}`,
                [subjectOf(finding, result), ...(finding.place ? [formatPlace(finding.place)] : [])].map(code).join("<br>"),
                prose(said(finding)),
                prose(finding.rule.mend),
            ),
        ),
        after: [],
    };
}

function problems(result: ReviewResult): Section {
    if (result.problems.length === 0) {
        return none;
    }
    return {
        before: table("Not readable, so not judged", "Why"),
        rows: result.problems.map((problem) => row(code(problemPlace(problem)), prose(problem.message))),
        after: [],
    };
}

function exceptions({ expired, unused }: ReviewResult): Section {
    if (expired.length + unused.length === 0) {
        return none;
    }
    const rowOf = (state: string, { place, rule, resource, owner, expires }: Exception): string =>
        row(`${state} ${expires}`, code(formatPlace(place)), rule, code(resource), code(owner));
    return {
        before: table("Exception", "Written in", "Rule", "Resource", "Owner"),
        rows: [
            ...expired.map((exception) => rowOf("expired after", exception)),
            ...unused.map((exception) => rowOf("needed by nothing; until", exception)),
        ],
        after: [],
    };
}

function changes(result: ReviewResult): Section {
    const groups = changesByOperation(result);
    if (groups.length === 0) {
        return none;
    }
    const counts = groups.map(([operation, found]) => `${found.length} to ${operations[operation].verb}`).join(", ");
    return details(`Would change: ${counts}`, {
        before: table("", "Type", "Name", "Properties"),
        rows: groups.flatMap(([operation, found]) =>
            found.map(({ type, name, keys = [] }) =>
                row(code(operations[operation].sign), code(type), code(name), code(keys.join(", "))),
            ),
        ),
        after: [],
    });
}

function excepted(result: ReviewResult): Section {
    if (result.excepted.length === 0) {
        return none;
    }
    return details(`Excepted: ${result.excepted.length}`, {
        before: table("Rule", "Resource", "What", "Reason", "Owner", "Until"),
        rows: result.excepted.map((finding) =>
            row(
                `${finding.rule.id} ${prose(finding.rule.title)}`,
                code(subjectOf(finding, result)),
                prose(said(finding)),
                prose(finding.exception.reason),
                code(finding.exception.owner),
                finding.exception.expires,
            ),
        ),
        after: [],
    });
}
