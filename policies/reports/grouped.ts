import { Exception } from "../exceptions";
import { formatPlace } from "./fields";
import { ExceptedFinding, ReportedFinding } from "./result";

/** A rule with what it found, or an exception with what it covers. */
export interface Group<Key, Finding> {
    readonly by: Key;
    /** By subject and by what is said, so that two reviews that find the same say it in the same order. */
    readonly findings: readonly Finding[];
}

/** What rules found, in the order of the findings' rules. */
export const byRule = <Finding extends ReportedFinding>(findings: readonly Finding[]): readonly Group<Finding["rule"], Finding>[] =>
    grouped(findings, ({ rule }) => [rule.id, rule]);

/** What exceptions cover, in the order of the rules and then of the subjects. One place in a file is one exception. */
export const byException = (findings: readonly ExceptedFinding[]): readonly Group<Exception, ExceptedFinding>[] =>
    grouped(
        byRule(findings).flatMap((group) => group.findings),
        ({ exception }) => [`${exception.rule} ${formatPlace(exception.place)}`, exception],
    );

function grouped<Key, Finding extends ReportedFinding>(
    findings: readonly Finding[],
    keyOf: (finding: Finding) => readonly [string, Key],
): readonly Group<Key, Finding>[] {
    const groups = new Map<string, { readonly by: Key; readonly findings: Finding[] }>();
    for (const finding of findings) {
        const [id, by] = keyOf(finding);
        const group = groups.get(id) ?? { by, findings: [] };
        group.findings.push(finding);
        groups.set(id, group);
    }
    return [...groups.values()].map(({ by, findings: found }) => ({ by, findings: [...found].sort(bySubject) }));
}

/** `worker-2` before `worker-10`, and whatever the machine's language is. */
const { compare } = new Intl.Collator("en", { numeric: true });

const bySubject = (one: ReportedFinding, other: ReportedFinding): number =>
    compare(one.subject, other.subject) || compare(one.path, other.path) || compare(one.message, other.message);
