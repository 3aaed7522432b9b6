import { Exception } from "../exceptions";
import { areas, Severity } from "../rules/core/rule";
import { Place } from "../rules/core/subject";
import { formatPlace, placeOf, plain, said } from "./fields";
import { exitCodes, ExceptedFinding, ReportedFinding, ReportedRule, ReviewResult } from "./result";

/** The form of a fingerprint: grows when it is made otherwise, so that nothing is taken for another finding. */
const fingerprintForm = "fjord/v1";

/** Paths are relative to the root of the repository. */
const root = "%SRCROOT%";

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
    critical: "error",
    high: "error",
    medium: "warning",
    low: "note",
};

const message = (text: string): { readonly text: string } => ({ text: plain(text) });

const physical = ({ file, line }: Place) => ({
    artifactLocation: {
        uri: file
            .split("/")
            .map((part) => encodeURIComponent(plain(part)))
            .join("/"),
        uriBaseId: root,
    },
    region: { startLine: line },
});

/** The review as SARIF 2.1.0, for everything that shows findings of static analysis. */
export function sarifReport(result: ReviewResult): string {
    const indexOf = new Map(result.rules.map(({ id }, index) => [id, index]));
    const log = {
        $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [
            {
                tool: { driver: { name: "fjord", rules: result.rules.map(ruleOf) } },
                columnKind: "utf16CodeUnits",
                originalUriBaseIds: { [root]: { description: message("The root of the repository.") } },
                invocations: [
                    {
                        // Whether it could look at everything; not whether it liked what it saw.
                        executionSuccessful: result.problems.length === 0,
                        exitCode: exitCodes[result.verdict],
                        toolExecutionNotifications: result.problems.map((problem) => ({
                            level: "error",
                            message: message(`not readable, so not judged: ${problem.message}`),
                            locations: [{ physicalLocation: physical(placeOf(problem.place, problem.stack, result)) }],
                        })),
                        toolConfigurationNotifications: [
                            ...result.expired.map((exception) => notificationOf(exception, "has expired: renew or remove it")),
                            ...result.unused.map((exception) => notificationOf(exception, "is needed by nothing: remove it")),
                        ],
                    },
                ],
                results: [
                    ...result.open.map((finding) => resultOf(finding, indexOf, result)),
                    ...result.excepted.map((finding) => ({
                        ...resultOf(finding, indexOf, result),
                        suppressions: [suppressionOf(finding)],
                    })),
                ],
            },
        ],
    };
    return `${JSON.stringify(log, null, 2)}\n`;
}

function ruleOf({ id, area, title, severity, why, mend, references }: ReportedRule) {
    return {
        id,
        shortDescription: message(title),
        fullDescription: message(why),
        help: message(
            `${why} What to do: ${mend} See: ${references.map((reference) => `${reference.of} ${reference.id}`).join("; ")}.`,
        ),
        defaultConfiguration: { level: levels[severity] },
        properties: { severity, tags: [areas[area]] },
    };
}

function notificationOf({ rule, resource, owner, expires, place }: Exception, what: string) {
    return {
        level: "error",
        message: message(
            `the exception from ${rule} for ${resource} (${owner}, until ${expires}, ${formatPlace(place)}) ${what}`,
        ),
        locations: [{ physicalLocation: physical(place) }],
    };
}

function resultOf(finding: ReportedFinding, indexOf: ReadonlyMap<string, number>, review: ReviewResult) {
    const { rule, outcome, subject, path, stack, place, sources, fingerprint } = finding;
    const ruleIndex = indexOf.get(rule.id);
    return {
        ruleId: rule.id,
        ...(ruleIndex !== undefined && { ruleIndex }),
        // What could not be judged is "open", and the standard knows no level for it.
        ...(outcome === "fail" ? { kind: "fail", level: levels[rule.severity] } : { kind: "open", level: "none" }),
        message: message(`${rule.title}: ${subject} ${said(finding)}`),
        locations: [
            {
                physicalLocation: physical(placeOf(place, stack, review)),
                logicalLocations: [
                    {
                        name: plain(path === "" ? subject : path),
                        fullyQualifiedName: plain(`${subject}${path === "" ? "" : `#${path}`}`),
                    },
                ],
            },
        ],
        partialFingerprints: { [fingerprintForm]: fingerprint },
        properties: { severity: rule.severity, sources, ...(stack !== undefined && { stack: plain(stack) }) },
    };
}

const suppressionOf = ({ exception }: ExceptedFinding) => ({
    kind: "external",
    status: "accepted",
    justification: plain(`${exception.reason} (${exception.owner}, until ${exception.expires})`),
    location: { physicalLocation: physical(exception.place) },
});
