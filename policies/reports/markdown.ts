import { Exception } from "../exceptions";
import { blocks, RuleText, severities, Severity } from "../rules/core/rule";
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
    severityHeading,
    subjectOf,
    verdictLine,
} from "./fields";
import { byException, byRule, Group } from "./grouped";
import { ReportedFinding, ReviewResult } from "./result";

/** Begins every note, so that a job finds its own note again and updates it. */
export const noteMarker = "<!-- fjord:review -->";

/** GitLab takes no longer note. */
const longestNote = 1_000_000;

/** A message can be as long as a manifest; a note should not. */
const longestText = 400;

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
    const sections = [
        head(result),
        ...severities.filter(blocks).map((severity) => findings(severity, result)),
        problems(result),
        exceptions(result),
        advice(result),
        changes(result),
        excepted(result),
    ];
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
    clipped(plain(text), longestText).replace(/[\\`*_{}[\]<>#!|~&@$:]/g, (character) => `&#${character.charCodeAt(0)};`);

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

const heading = (title: string, count: number): readonly string[] => [`#### ${title} (${count})`, ""];

/** No table: columns of sentences and of paths that do not break are wider than a note, and readers see the first of them. */
function findings(severity: Severity, result: ReviewResult): Section {
    const found = result.open.filter(({ rule }) => rule.severity === severity);
    if (found.length === 0) {
        return none;
    }
    return { before: heading(severityHeading[severity], found.length), rows: byRule(found).flatMap((group) => ruleRows(group, result)), after: [] };
}

/** A row is a finding; the first of a rule brings what is said of the rule. */
const ruleRows = ({ by: { id, title, why, mend }, findings: found }: Group<RuleText, ReportedFinding>, result: ReviewResult): readonly string[] =>
    headed(`- **${id} ${prose(title)}**<br>${prose(why)}<br>**What to do:** ${prose(mend)}`, found, result);

function headed(head: string, found: readonly ReportedFinding[], result: ReviewResult): readonly string[] {
    return found.map((finding, index) => [...(index === 0 ? [head] : []), `  - ${whereAndWhat(finding, result)}`].join("\n"));
}

/** `<subject> <file:line>: <what>` */
const whereAndWhat = (finding: ReportedFinding, result: ReviewResult): string =>
    `${[subjectOf(finding, result), ...(finding.place ? [formatPlace(finding.place)] : [])].map(code).join(" ")}: ${prose(said(finding))}`;

/** Folded away: it asks for nothing before the change. */
function advice(result: ReviewResult): Section {
    const section = findings("low", result);
    return section === none ? none : details(`Advice: ${section.rows.length}`, { ...section, before: [] });
}

function problems({ problems: found }: ReviewResult): Section {
    return found.length === 0
        ? none
        : {
              before: heading("Not readable, so not judged", found.length),
              rows: found.map((problem) => `- ${code(problemPlace(problem))}: ${prose(problem.message)}`),
              after: [],
          };
}

function exceptions({ expired, unused }: ReviewResult): Section {
    const rowOf = (state: string, { place, rule, resource, owner, expires }: Exception): string =>
        `- **${rule}** ${code(resource)} ${state} ${expires}; ${code(owner)}, written in ${code(formatPlace(place))}`;
    return expired.length + unused.length === 0
        ? none
        : {
              before: heading("Exceptions to renew or remove", expired.length + unused.length),
              rows: [
                  ...expired.map((exception) => rowOf("expired after", exception)),
                  ...unused.map((exception) => rowOf("is needed by nothing; until", exception)),
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
    return result.excepted.length === 0
        ? none
        : details(`Excepted: ${result.excepted.length}`, {
              before: [],
              rows: byException(result.excepted).flatMap(({ by: { rule, reason, owner, expires }, findings: found }) =>
                  headed(
                      `- **${rule} ${prose(found[0]?.rule.title ?? "")}**, until ${expires}, ${code(owner)}<br>${prose(reason)}`,
                      found,
                      result,
                  ),
              ),
              after: [],
          });
}
