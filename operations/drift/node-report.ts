import { z } from "zod";

/** What a machine says of one step. `unknown`: its check could not be run to its end. */
export interface StepReport {
    readonly step: string;
    readonly state: "in-sync" | "drift" | "unknown";
    /** sha256 of the check that ran. */
    readonly script: string;
    readonly findings: readonly string[];
}

/** How an application fares, in Argo CD's words. */
export interface ApplicationReport {
    readonly name: string;
    readonly sync: string;
    readonly health: string;
}

/** What a machine says of itself. */
export interface NodeReport {
    readonly node: string;
    readonly steps: readonly StepReport[];
    /** Absent on a worker. */
    readonly applications?: { readonly list: readonly ApplicationReport[] } | { readonly problem: string };
    /** Another script that held the machine, so that no check ran. */
    readonly busy?: string;
}

/** A machine's answer is not trusted: what is in it goes to terminals and reports. */
const line = z.string().transform((text) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ").slice(0, 300));
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/);

const lineSchema = z.union([
    z.strictObject({ node: name, format: z.literal(1) }),
    z.strictObject({
        step: name,
        state: z.enum(["in-sync", "drift", "unknown"]),
        script: z.string().regex(/^[0-9a-f]{64}$/),
        findings: z.array(line).max(20),
    }),
    z.strictObject({ applications: z.array(z.strictObject({ name, sync: line, health: line })).max(500) }),
    z.strictObject({ applications: z.null(), problem: line }),
    z.strictObject({ busy: line }),
    z.strictObject({ lines: z.number().int() }),
]);

/** An answer that is no report: cut short, or of something else. */
export class ReportError extends Error {
    override readonly name = "ReportError";
}

function parseLine(text: string): z.output<typeof lineSchema> {
    try {
        return lineSchema.parse(JSON.parse(text));
    } catch {
        throw new ReportError("its answer is not a report of the drift check");
    }
}

/**
 * Reads what drift-check.sh printed.
 * @throws ReportError where any of it is missing or odd: half a report would look like a machine in order
 */
export function parseNodeReport(text: string): NodeReport {
    const lines = text.split("\n").filter((each) => each !== "").map(parseLine);
    const [first, ...rest] = lines;
    const last = rest.pop();
    const whole = last !== undefined && "lines" in last && last.lines === lines.length - 1;
    const one = !rest.some((each) => "node" in each || "lines" in each);
    if (first === undefined || !("node" in first) || !whole || !one) {
        throw new ReportError("its answer is not complete");
    }
    const steps = rest.filter((each) => "step" in each);
    const applications = rest.find((each) => "applications" in each);
    const busy = rest.find((each) => "busy" in each);
    return {
        node: first.node,
        steps,
        ...(applications && {
            applications:
                applications.applications === null ? { problem: applications.problem } : { list: applications.applications },
        }),
        ...(busy && { busy: busy.busy }),
    };
}
