import { z } from "zod";

/**
 * Figures that were measured on servers, held against bounds, as one readable table. Which figures there are is known to
 * those who measure: the preflight of nodes, and that of hypervisors.
 */

/** How a figure is held against a bound. */
export type Operator = "at-most" | "at-least" | "one-of" | "none-of";

/** One line of the report: a figure, what it should be, and what to do where it is not. */
export interface Check<Figure extends string = string> {
    readonly figure: Figure;
    readonly title: string;
    readonly unit: string;
    readonly operator: Operator;
    /** Bound that stops the run; absent where the figure is only worth a warning. Lists are separated by commas. */
    readonly fail?: string;
    /** Bound that warns. */
    readonly warn?: string;
    /** Verdict where the figure could not be measured; absent where it is not measured on this machine. */
    readonly unmeasured?: "warn";
    readonly fix: string;
}

export type Verdict = "pass" | "warn" | "fail";

/** The verdict on one figure of one machine. */
export interface Finding<Figure extends string = string> {
    readonly figure: Figure;
    readonly title: string;
    /** With unit: `0.84 ms`; `not measured` where it is unknown. */
    readonly value: string;
    /** `at most 10 ms` */
    readonly bound: string;
    readonly verdict: Verdict;
    readonly fix: string;
}

/** A pair of bounds as a check takes them. */
export const limits = ({ fail, warn }: { readonly fail: number; readonly warn: number }): Required<Pick<Check, "fail" | "warn">> => ({
    fail: String(fail),
    warn: String(warn),
});

/**
 * What a script that measures printed, as figures.
 * @throws where it is not its JSON; the message names the server
 */
export function parseFigures<Figures>(schema: z.ZodType<Figures>, server: string, step: string, stdout: string): Figures {
    try {
        return schema.parse(JSON.parse(stdout));
    } catch {
        throw new Error(`${server}: step ${step} printed no report: look at /var/log/fjord/${step}.log on ${server}, and run again`);
    }
}

/** The bounds that stop the run, as the scripts that measure take them. */
export function boundParams(checks: readonly Check[]): readonly string[] {
    return checks.flatMap((check) =>
        check.fail === undefined ? [] : [[check.figure, check.operator, check.fail, check.unit, check.fix].join("|")],
    );
}

/** Whether version-like numbers (`6.12`, `4`) are in order: part by part, as `sort -V` has it. */
function atLeast(value: string, bound: string): boolean {
    const [a, b] = [value, bound].map((text) => text.split(".").map(Number)) as [number[], number[]];
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
        const difference = (a[index] ?? 0) - (b[index] ?? 0);
        if (difference !== 0) {
            return difference > 0;
        }
    }
    return true;
}

function holds(operator: Operator, value: string, bound: string): boolean {
    switch (operator) {
        case "at-most":
            return Number(value) <= Number(bound);
        case "at-least":
            return atLeast(value, bound);
        case "one-of":
            return bound.split(",").includes(value);
        case "none-of":
            return !bound.split(",").includes(value);
    }
}

function verdict(check: Check, value: string): Verdict {
    if (value === "") {
        return check.unmeasured ?? "pass";
    }
    if (check.fail !== undefined && !holds(check.operator, value, check.fail)) {
        return "fail";
    }
    return check.warn !== undefined && !holds(check.operator, value, check.warn) ? "warn" : "pass";
}

/** Holds the figures of one machine against its checks. */
export function judge<Figure extends string>(
    report: Readonly<Record<Figure, string>>,
    checks: readonly Check<Figure>[],
): readonly Finding<Figure>[] {
    return checks.map((check) => {
        const value = report[check.figure];
        const result = verdict(check, value);
        const bound = (result === "warn" ? check.warn : check.fail) ?? check.warn ?? "";
        const unit = check.unit && ` ${check.unit}`;
        return {
            figure: check.figure,
            title: check.title,
            value: value === "" ? "not measured" : `${value}${unit}`,
            bound: `${check.operator.replace("-", " ")} ${bound.replaceAll(",", ", ")}${unit}`,
            verdict: result,
            fix: check.fix,
        };
    });
}

/** The report over all servers: a line a figure, a column a server, and below it what is to be done. */
export function formatReport(machines: Readonly<Record<string, readonly Finding[]>>, title = "preflight"): string {
    const names = Object.keys(machines);
    const rows = [...new Set(names.flatMap((name) => (machines[name] ?? []).map((finding) => finding.title)))];
    const marks: Record<Verdict, string> = { pass: "", warn: " (!)", fail: " (X)" };
    const cell = (name: string, title: string): string => {
        const finding = machines[name]?.find((candidate) => candidate.title === title);
        return finding ? finding.value + marks[finding.verdict] : "-";
    };
    const table = [[title, ...names], ...rows.map((title) => [title, ...names.map((name) => cell(name, title))])];
    const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
    const lines = table.map((row) =>
        row
            .map((text, column) => text.padEnd(widths[column]!))
            .join("  ")
            .trimEnd(),
    );
    const advice = names.flatMap((name) =>
        (machines[name] ?? [])
            .filter((finding) => finding.verdict !== "pass")
            .map(
                (finding) =>
                    `${finding.verdict} ${name}: ${finding.title} is ${finding.value}, should be ${finding.bound}: ${finding.fix}`,
            ),
    );
    return [...lines, ...advice].join("\n");
}
