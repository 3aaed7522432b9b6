import { Severity } from "../rules/core/rule";
import { Place } from "../rules/core/subject";
import { Operation, ReaderProblem, ReportedFinding, ReviewResult } from "./result";

/** A text on one line, without what moves a terminal's cursor, and without halves of characters. */
export const plain = (text: string): string =>
    text
        .replace(/\s*[\r\n\u0085\u2028\u2029]\s*/g, " ")
        .replace(/\t/g, " ")
        // Also the marks that turn the direction of writing: a report shows what is written.
        .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu, "\ufffd");

/** The first characters of a text. */
export function clipped(text: string, length: number): string {
    const characters = [...text.slice(0, 2 * length + 2)];
    return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

/** `1 finding`, `3 findings` */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** `policies/exceptions.yaml:14` */
export const formatPlace = ({ file, line }: Place): string => `${file}:${line}`;

/** What is said of a subject: `sshFrom[0] is 0.0.0.0/0`, `spec.replicas cannot be told: is encrypted where it was read`. */
export const said = ({ path, outcome, message }: ReportedFinding): string =>
    [path, outcome === "fail" ? message : `cannot be told: ${message}`].filter((part) => part !== "").join(" ");

/** The subject, with its stack where several were reviewed. */
export const subjectOf = ({ subject, stack }: ReportedFinding, { reviewed }: ReviewResult): string =>
    stack !== undefined && reviewed.stacks.length > 1 ? `${subject} (${stack})` : subject;

/** What could not be read, as far as the reader could say. */
export const problemPlace = ({ place, stack, reader }: ReaderProblem): string =>
    place ? formatPlace(place) : stack === undefined ? reader : `${reader} ${stack}`;

/**
 * Where reports that need a file point to: the place, else the file of the stack that it was found in, else that of the
 * first one reviewed.
 */
export function placeOf(place: Place | undefined, stack: string | undefined, { reviewed }: ReviewResult): Place {
    const name = stack ?? reviewed.stacks[0];
    return place ?? { file: name === undefined ? "Pulumi.yaml" : `stacks/Pulumi.${name}.yaml`, line: 1 };
}

/** The signs of operations, as Pulumi writes them, in the order in which they are shown: what is lost comes first. */
export const operations: Readonly<Record<Operation, { readonly sign: string; readonly verb: string }>> = {
    delete: { sign: "-", verb: "delete" },
    replace: { sign: "+-", verb: "replace" },
    create: { sign: "+", verb: "create" },
    update: { sign: "~", verb: "update" },
    import: { sign: "=", verb: "import" },
    discard: { sign: "<", verb: "discard" },
    read: { sign: ">", verb: "read" },
    refresh: { sign: "~", verb: "refresh" },
};

/** The changes by operation, without operations that nothing is done with. */
export function changesByOperation({ changes }: ReviewResult): readonly (readonly [Operation, ReviewResult["changes"]])[] {
    // The keys are the operations by its type.
    return (Object.keys(operations) as Operation[])
        .map((operation) => [operation, changes.filter((change) => change.operation === operation)] as const)
        .filter(([, found]) => found.length > 0);
}

/** What is to be done about it, in a few words. */
export const verdictLine: Readonly<Record<ReviewResult["verdict"], string>> = {
    passes: "passes",
    fails: "fails: mend what is listed, or write an exception that says why not",
    "cannot tell": "cannot tell: what could not be judged is no pass",
};

/** The counts that begin every report. */
export function headline({ open, excepted, expired, unused, problems }: ReviewResult): string {
    const count = (outcome: ReportedFinding["outcome"]): number =>
        open.filter((finding) => finding.blocking && finding.outcome === outcome).length;
    const advice = open.filter(({ blocking }) => !blocking);
    const parts: readonly (readonly [number, string, string?])[] = [
        [count("fail"), "to mend"],
        [count("cannot-tell"), "that cannot be told"],
        [advice.length, "piece of advice", "pieces of advice"],
        [excepted.length, "excepted"],
        [expired.length, "exception expired", "exceptions expired"],
        [unused.length, "exception unused", "exceptions unused"],
        [problems.length, "not readable"],
    ];
    const present = parts.filter(([number]) => number > 0).map(([number, one, many = one]) => counted(number, one, many));
    return present.length === 0 ? "nothing to mend" : present.join(", ");
}

/** What was looked at, one a line. */
export const reviewedLines = ({ reviewed: { stacks, folders, checkpoint } }: ReviewResult): readonly string[] => [
    ...(stacks.length > 0 ? [`${stacks.length === 1 ? "stack" : "stacks"} ${stacks.join(", ")}`] : []),
    ...(folders.length > 0 ? [`manifests in ${folders.join(", ")}`] : []),
    ...(checkpoint === undefined ? [] : [`checkpoint ${checkpoint}`]),
];

/** How severities are called in headings. */
export const severityHeading: Readonly<Record<Severity, string>> = {
    critical: "Critical",
    high: "High",
    medium: "Medium",
    low: "Advice",
};
