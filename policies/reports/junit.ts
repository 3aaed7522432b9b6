import { Exception } from "../exceptions";
import { Area, areas } from "../rules/core/rule";
import { formatPlace, plain, problemPlace, said, subjectOf } from "./fields";
import { ReportedFinding, ReportedRule, ReviewResult } from "./result";
import { Element, xmlDocument } from "./xml";

/**
 * The review as JUnit XML, for GitLab's and Jenkins' lists of tests: a suite an area, a test a rule, and a suite about
 * the review itself. A rule that is broken failed, one that could not be judged has an error, one that nothing was
 * there for or that was excepted is skipped; advice does not fail.
 */
export function junitReport(result: ReviewResult): string {
    // The keys are the areas by its type.
    const suites = (Object.keys(areas) as Area[])
        .map((area) => ({ area, rules: result.rules.filter((rule) => rule.area === area) }))
        .filter(({ rules }) => rules.length > 0)
        .map(({ area, rules }) =>
            suite(
                areas[area],
                rules.map((rule) => ruleCase(rule, result)),
            ),
        );
    const all = [...suites, suite("The review itself", [readCase(result), exceptionsCase(result)])];
    const total = (attribute: string): number =>
        all.reduce((sum, { attributes }) => sum + Number(attributes?.[attribute] ?? 0), 0);
    const seconds = result.phases.reduce((sum, phase) => sum + phase.seconds, 0);
    return xmlDocument({
        name: "testsuites",
        attributes: {
            name: "fjord review",
            tests: total("tests"),
            failures: total("failures"),
            errors: total("errors"),
            time: seconds.toFixed(3),
        },
        content: all,
    });
}

function suite(name: string, cases: readonly Element[]): Element {
    const holding = (child: string): number =>
        cases.filter(({ content }) => Array.isArray(content) && content.some((element: Element) => element.name === child))
            .length;
    return {
        name: "testsuite",
        attributes: {
            name,
            tests: cases.length,
            failures: holding("failure"),
            errors: holding("error"),
            skipped: holding("skipped"),
        },
        // GitLab shows the class name as the suite.
        content: cases.map((one) => ({ ...one, attributes: { ...one.attributes, classname: name } })),
    };
}

const testCase = (name: string, outcome?: Element): Element => ({
    name: "testcase",
    attributes: { name: plain(name) },
    content: outcome ? [outcome] : [],
});

/** One outcome a test: GitLab reads no second one. */
const outcome = (name: "failure" | "error" | "skipped", message: string, lines: readonly string[]): Element => ({
    name,
    // GitLab shows the text and not the message, Jenkins both.
    attributes: { message: plain(message), ...(name !== "skipped" && { type: name === "failure" ? "broken" : "cannot tell" }) },
    content: lines.map(plain).join("\n"),
});

const findingLine = (finding: ReportedFinding, result: ReviewResult): string =>
    `${subjectOf(finding, result)} ${said(finding)}${finding.place ? ` (${formatPlace(finding.place)})` : ""}`;

function ruleCase({ id, title, why, mend, tally }: ReportedRule, result: ReviewResult): Element {
    const found = result.open.filter(({ rule }) => rule.id === id);
    const covered = result.excepted.filter(({ rule }) => rule.id === id);
    const name = `${id} ${title}`;
    const lines = [
        ...found.map((finding) => findingLine(finding, result)),
        ...covered.map((finding) => {
            const { expires, reason } = finding.exception;
            return `${findingLine(finding, result)}, excepted until ${expires}: ${reason}`;
        }),
    ];
    const advice = [`why: ${why}`, `what to do: ${mend}`];
    const [first] = found;
    if (first && !first.blocking) {
        return testCase(name, { name: "system-out", content: [...lines, ...advice].map(plain).join("\n") });
    }
    if (first) {
        const kind = found.some((finding) => finding.outcome === "fail") ? "failure" : "error";
        return testCase(name, outcome(kind, findingLine(first, result), [...lines, ...advice]));
    }
    if (covered.length > 0) {
        return testCase(name, outcome("skipped", "excepted", lines));
    }
    const asked = tally.pass + tally.fail + tally.cannotTell > 0;
    return testCase(name, asked ? undefined : outcome("skipped", "nothing here that it applies to", []));
}

function readCase({ problems }: ReviewResult): Element {
    const lines = problems.map((problem) => `${problemPlace(problem)}: ${problem.message}`);
    const name = "Everything could be read";
    return problems.length === 0 ? testCase(name) : testCase(name, outcome("error", "what lies behind it is not judged", lines));
}

function exceptionsCase({ expired, unused }: ReviewResult): Element {
    const lineOf = (what: string) => (exception: Exception) =>
        `${formatPlace(exception.place)}: ${exception.rule} for ${exception.resource} (${exception.owner}) ${what}`;
    const lines = [...expired.map(lineOf("has expired")), ...unused.map(lineOf("is needed by nothing"))];
    const name = "Exceptions are valid and needed";
    return lines.length === 0 ? testCase(name) : testCase(name, outcome("failure", "renew or remove them", lines));
}
