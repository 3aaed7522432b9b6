import { Exception } from "../exceptions";
import { Severity } from "../rules/core/rule";
import { Place } from "../rules/core/subject";
import { formatPlace, placeOf, plain, said } from "./fields";
import { fingerprints } from "./fingerprint";
import { ReviewResult } from "./result";

/** An entry of GitLab's Code Quality report, with the fields that GitLab documents. */
export interface CodeQualityEntry {
    readonly description: string;
    readonly check_name: string;
    readonly fingerprint: string;
    readonly severity: "info" | "minor" | "major" | "critical" | "blocker";
    readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

const severityOf: Readonly<Record<Severity, CodeQualityEntry["severity"]>> = {
    critical: "blocker",
    high: "critical",
    medium: "major",
    low: "info",
};

const location = ({ file, line }: Place): CodeQualityEntry["location"] => ({
    path: file.replace(/^(\.\/)+/, ""),
    lines: { begin: line },
});

/** The review as GitLab's Code Quality report, which shows findings beside the lines of a merge request. */
export function codeQualityReport(result: ReviewResult): string {
    const fingerprint = fingerprints();
    const entries: readonly CodeQualityEntry[] = [
        ...result.open.map((finding) => ({
            description: plain(`${finding.rule.id} ${finding.rule.title}: ${finding.subject} ${said(finding)}`),
            check_name: finding.rule.id,
            fingerprint: finding.fingerprint,
            severity: severityOf[finding.rule.severity],
            location: location(placeOf(finding.place, finding.stack, result)),
        })),
        ...result.problems.map(({ reader, stack, message, place }) => ({
            description: plain(`Not readable, so not judged: ${message}`),
            check_name: "not-readable",
            fingerprint: fingerprint("not-readable", reader, stack, place?.file),
            severity: "major" as const,
            location: location(placeOf(place, stack, result)),
        })),
        ...result.expired.map((exception) =>
            exceptionEntry("expired", "has expired: renew or remove it", exception, fingerprint),
        ),
        ...result.unused.map((exception) => exceptionEntry("unused", "is needed by nothing: remove it", exception, fingerprint)),
    ];
    return `${JSON.stringify(entries, null, 2)}\n`;
}

function exceptionEntry(
    state: "expired" | "unused",
    what: string,
    { rule, resource, where, stack, outcome, owner, expires, place }: Exception,
    fingerprint: ReturnType<typeof fingerprints>,
): CodeQualityEntry {
    return {
        description: plain(
            `The exception from ${rule} for ${resource} (${owner}, until ${expires}, ${formatPlace(place)}) ${what}`,
        ),
        check_name: `exception-${state}`,
        fingerprint: fingerprint("exception", state, rule, resource, where, stack, outcome),
        severity: "major",
        location: location(place),
    };
}
