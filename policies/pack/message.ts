import { Finding } from "../rules/core/judge";
import { formatPath, parsePath, Path } from "../rules/core/opaque";
import { Rule } from "../rules/core/rule";

/** A finding as a violation of the pack says it: for people in Pulumi's output, and for the review, which reads it again. */
export interface Violation {
    readonly rule: Pick<Rule, "id" | "title" | "mend">;
    /** Of the subject. */
    readonly id: string;
    readonly outcome: Finding["outcome"];
    readonly at: Path;
    readonly message: string;
    /** Who answers for it and until when, where an exception covers it. */
    readonly excepted?: string;
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ");

/** One fact a line, so that people find it and a program can read it. */
export function formatViolation({ rule, id, outcome, at, message, excepted }: Violation): string {
    return [
        `${rule.id} ${rule.title}`,
        `    resource: ${oneLine(id)}`,
        ...(at.length > 0 ? [`    where: ${formatPath(at)}`] : []),
        `    ${outcome === "fail" ? "found" : "cannot tell"}: ${oneLine(message)}`,
        ...(excepted === undefined ? [] : [`    excepted: ${oneLine(excepted)}`]),
        `    what to do: ${oneLine(rule.mend)}`,
    ].join("\n");
}

/** What `formatViolation` wrote, wherever it stands in a text; undefined where it is not there. */
export function parseViolation(text: string): Omit<Violation, "rule"> & { readonly rule: string } | undefined {
    const rule = /^(FJ-[A-Z]{3}-\d{3}) /m.exec(text)?.[1];
    const line = (name: string): string | undefined => new RegExp(`^ {4}${name}: (.*)$`, "m").exec(text)?.[1];
    const id = line("resource");
    const found = line("found");
    const open = line("cannot tell");
    const message = found ?? open;
    if (rule === undefined || id === undefined || message === undefined) {
        return undefined;
    }
    const excepted = line("excepted");
    return {
        rule,
        id,
        outcome: found === undefined ? "cannot-tell" : "fail",
        at: parsePath(line("where") ?? ""),
        message,
        ...(excepted !== undefined && { excepted }),
    };
}
