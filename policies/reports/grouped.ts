import { Exception } from "../exceptions";
import { formatPlace } from "./fields";
import { ExceptedFinding, ReportedFinding } from "./result";

/** A rule with what it found, or an exception with what it covers. */
export interface Group<Key, Finding> {
    readonly by: Key;
    readonly findings: readonly Finding[];
}

/** What rules found, in the order of the findings. */
export const byRule = <Finding extends ReportedFinding>(findings: readonly Finding[]): readonly Group<Finding["rule"], Finding>[] =>
    grouped(findings, ({ rule }) => [rule.id, rule]);

/** What exceptions cover, in the order of the findings. One place in a file is one exception. */
export const byException = (findings: readonly ExceptedFinding[]): readonly Group<Exception, ExceptedFinding>[] =>
    grouped(findings, ({ exception }) => [`${exception.rule} ${formatPlace(exception.place)}`, exception]);

function grouped<Key, Finding>(
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
    return [...groups.values()];
}
