import { CORE_SCHEMA, EVENT_ID, load, parseEvents, YAMLException } from "js-yaml";
import { z } from "zod";
import { Described, problemsOf } from "../infra/config/problems";
import { suggest } from "../infra/config/suggestion";
import { Problem } from "../infra/config/types";
import { formatPath, Path } from "./rules/core/opaque";
import { Rule, RuleId } from "./rules/core/rule";
import { Place } from "./rules/core/subject";
import { idGlob, matchesAll, pathGlob } from "./rules/glob";

/** Something that a rule forbids and that people took upon themselves, for a time. */
export interface Exception {
    readonly rule: RuleId;
    /** Pattern of the ids of subjects: `*` within a segment, `**` across. */
    readonly resource: string;
    /** Pattern of places in the subject: `spec.template.spec.containers[*].image`. Default: all. */
    readonly where?: string;
    /** Pattern of the names of stacks. Default: all. */
    readonly stack?: string;
    /** What it excepts: a failure, or a question that stays open. They are not the same thing to take upon oneself. */
    readonly outcome: "fail" | "cannot-tell";
    readonly reason: string;
    /** Who answers for it. */
    readonly owner: string;
    /** The last day on which it holds, in UTC: `2026-12-31`. */
    readonly expires: string;
    /** Where it is written. */
    readonly place: Place;
    /** The folder of manifests that brings it, and the only one that it holds for; absent for those of the project. */
    readonly folder?: string;
}

export type LoadedExceptions =
    | { readonly ok: true; readonly exceptions: readonly Exception[] }
    | { readonly ok: false; readonly problems: readonly Problem[] };

/** Where exceptions are read. */
export interface ExceptionsContext {
    /** The file's name in messages. */
    readonly file: string;
    readonly rules: readonly Pick<Rule, "id" | "severity">[];
    /** The day, in UTC: `2026-11-23`. */
    readonly today: string;
}

/** For how long an exception can be given, in days. */
const longest = { critical: 90, other: 365 } as const;

const shortestReason = 20;

/** The day of a moment, in UTC. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);

const dayAfter = (day: string, days: number): string => dayOf(new Date(Date.parse(day) + days * 86_400_000));

/** Whether a text is a day of the calendar: not `2026-02-30`. */
const isDay = (text: string): boolean =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && dayOf(new Date(Date.parse(text))) === text;

/** A text with one requirement; `fault` ends a sentence that begins with the value. */
const text = (fits: (value: string) => boolean, fault: string, fix: string) =>
    z.string().check((context) => {
        if (!fits(context.value)) {
            context.issues.push({ code: "custom", input: context.value, message: fault, params: { fix } });
        }
    });

const pattern = (fix: string) => text((value) => !matchesAll(value), "names nothing in particular", fix);

const filled = (value: string): boolean => value.trim() !== "";

const schema = z.array(
    z.strictObject({
        rule: z.string(),
        resource: pattern("write the id that the report shows; * stands for a part of it"),
        where: pattern("write a path, or leave where out").optional(),
        stack: pattern("write a stack's name, or leave stack out").optional(),
        outcome: z.enum(["fail", "cannot-tell"]).default("fail"),
        reason: text(
            (value) => value.trim().length >= shortestReason,
            `says little: it is shorter than ${shortestReason} characters`,
            "write why the rule cannot be kept here, and what protects instead",
        ),
        owner: text(filled, "is nobody", "write who answers for it"),
        expires: text(isDay, "is no day", "write a day of the calendar as YYYY-MM-DD"),
    }),
);

type Entry = z.output<typeof schema>[number];

const described: Described = z.toJSONSchema(schema, { io: "input" });

/**
 * The exceptions of a file: a list, or nothing. Either all of them are right, or every problem is reported at once.
 * Exceptions that have expired are right: whether they still except something is another question.
 */
export function parseExceptions(source: string, context: ExceptionsContext): LoadedExceptions {
    let content: unknown;
    try {
        // Texts without a document are an error to the parser; a file of comments is a list of none to people.
        content = /^\s*[^\s#]/m.test(source) ? (load(source, { schema: CORE_SCHEMA, filename: context.file }) ?? []) : [];
    } catch (error) {
        const line = error instanceof YAMLException && error.mark ? `:${error.mark.line + 1}` : "";
        const message = error instanceof YAMLException ? error.reason : String(error);
        return {
            ok: false,
            problems: [{ path: `${context.file}${line}`, message: `is no YAML: ${message}`, fix: "mend the syntax" }],
        };
    }
    if (!Array.isArray(content)) {
        const problem = {
            path: context.file,
            message: "is no list",
            fix: "write one entry an exception, each beginning with a dash",
        };
        return { ok: false, problems: [problem] };
    }
    const lines = entryLines(source);
    const place = (index: number): Place => ({ file: context.file, line: lines[index] ?? 1 });
    const parsed = schema.safeParse(content);
    const problems = content.flatMap((entry: unknown, index) => [
        ...(parsed.error?.issues ?? [])
            .filter(({ path }) => path[0] === index)
            .flatMap((issue) => problemsOf(issue, content, described, new Set()))
            .map((problem) => ({ ...problem, path: pathOf(index, problem.path, place(index)) })),
        // Asked also beside other problems, so that nobody has to come back a second time.
        ...ruleProblems(entry, place(index), context),
    ]);
    return parsed.success && problems.length === 0
        ? { ok: true, exceptions: parsed.data.map((entry, index) => exceptionOf(entry, place(index))) }
        : { ok: false, problems };
}

function exceptionOf({ rule, where, stack, ...entry }: Entry, place: Place): Exception {
    return {
        ...entry,
        // Known to be one: checked against the rules.
        rule: rule as RuleId,
        ...(where !== undefined && { where }),
        ...(stack !== undefined && { stack }),
        place,
    };
}

/** The file and line of an entry, and the field in it: `policies/exceptions.yaml:14 expires`. */
function pathOf(index: number, problemPath: string, { file, line }: Place): string {
    const field = problemPath.slice(`fjord:[${index}]`.length).replace(/^\./, "");
    return `${file}:${line}${field === "" ? "" : ` ${field}`}`;
}

/** What only the rules can tell: whether there is such a rule, and for how long it can be excepted from. */
function ruleProblems(entry: unknown, { file, line }: Place, { rules, today }: ExceptionsContext): Problem[] {
    const { rule: id, expires } = Object(entry) as { readonly rule?: unknown; readonly expires?: unknown };
    if (typeof id !== "string") {
        return [];
    }
    const rule = rules.find((one) => one.id === id);
    if (!rule) {
        const meant = suggest(
            id,
            rules.map((one) => one.id),
        );
        const fix = meant ? `did you mean ${meant}?` : "write the id of a rule; `npm run rules` lists them";
        return [{ path: `${file}:${line} rule`, message: `"${id}" is no rule`, fix }];
    }
    const critical = rule.severity === "critical";
    const days = critical ? longest.critical : longest.other;
    const last = dayAfter(today, days);
    if (typeof expires !== "string" || !isDay(expires) || expires <= last) {
        return [];
    }
    return [
        {
            path: `${file}:${line} expires`,
            message: `${expires} is more than ${days} days ahead${critical ? ", and the rule is critical" : ""}`,
            fix: `write ${last} or an earlier day`,
        },
    ];
}

/** The line on which every entry of the list begins, from 1. */
function entryLines(source: string): readonly number[] {
    const lines: number[] = [];
    // A document and the list in it are open where an entry begins.
    const outside = 2;
    let open = 0;
    for (const event of parseEvents(source, {})) {
        if (event.type === EVENT_ID.POP) {
            open -= 1;
            continue;
        }
        if (open === outside && event.type !== EVENT_ID.DOCUMENT) {
            const start = "start" in event ? event.start : "valueStart" in event ? event.valueStart : event.anchorStart;
            lines.push(source.slice(0, Math.max(0, start)).split("\n").length);
        }
        if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) {
            open += 1;
        }
    }
    return lines;
}

/** A finding as far as exceptions look at it. */
export interface Excusable {
    readonly rule: Pick<Rule, "id">;
    readonly subject: { readonly id: string };
    readonly outcome: "fail" | "cannot-tell";
    readonly at: Path;
    /** The stack that it was found in; without one, no exception that names stacks fits. */
    readonly stack?: string;
    /** The folder of manifests that it was found in. */
    readonly folder?: string;
}

export interface Applied<F extends Excusable> {
    /** What no exception covers. */
    readonly open: readonly F[];
    readonly excepted: readonly { readonly finding: F; readonly exception: Exception }[];
    /** They except nothing any more, and have to be renewed or removed. */
    readonly expired: readonly Exception[];
    /** They fit nothing that was found, and have to be removed. */
    readonly unused: readonly Exception[];
}

/** Whether an exception is about a finding, be it expired or not. */
export function covers(exception: Exception, finding: Excusable): boolean {
    const { rule, outcome, resource, where, stack } = exception;
    return (
        rule === finding.rule.id &&
        outcome === finding.outcome &&
        idGlob(resource).matches(finding.subject.id) &&
        (where === undefined || pathGlob(where).matches(formatPath(finding.at))) &&
        (stack === undefined || (finding.stack !== undefined && idGlob(stack).matches(finding.stack))) &&
        (exception.folder === undefined || exception.folder === finding.folder)
    );
}

/** What every reader was asked about: without it no exception is called unused, for what was not read may still need it. */
export interface Complete {
    readonly stacks: readonly string[];
    /** Folders of manifests; they need no stack beside them, for their own exceptions are about nothing else. */
    readonly folders: readonly string[];
}

/**
 * Parts findings into those that exceptions cover and those that stay open, and names the exceptions that except nothing any more.
 */
export function applyExceptions<F extends Excusable>(
    findings: readonly F[],
    exceptions: readonly Exception[],
    today: string,
    complete: Complete = { stacks: [], folders: [] },
): Applied<F> {
    const expired = exceptions.filter(({ expires }) => expires < today);
    const valid = exceptions.filter(({ expires }) => expires >= today);
    const open: F[] = [];
    const excepted: { readonly finding: F; readonly exception: Exception }[] = [];
    const used = new Set<Exception>();
    for (const finding of findings) {
        const fitting = valid.filter((exception) => covers(exception, finding));
        // Each that fits is in use: which of two is the one too many is for people to say.
        fitting.forEach((exception) => used.add(exception));
        const [exception] = fitting;
        if (exception) {
            excepted.push({ finding, exception });
        } else {
            open.push(finding);
        }
    }
    const read = ({ stack, folder }: Exception): boolean => {
        if (folder !== undefined) {
            return complete.folders.includes(folder);
        }
        return stack === undefined ? complete.stacks.length > 0 : complete.stacks.some((name) => idGlob(stack).matches(name));
    };
    return { open, excepted, expired, unused: valid.filter((exception) => !used.has(exception) && read(exception)) };
}
