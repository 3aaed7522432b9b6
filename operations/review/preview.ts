import { EngineEvent, LocalWorkspace, OpType, Stack } from "@pulumi/pulumi/automation";
import * as path from "node:path";
import { coverageName, parseCoverage, reviewConfig } from "../../policies/pack/coverage";
import { parseViolation } from "../../policies/pack/message";
import { packName } from "../../policies/pack/policy";
import { Change, Operation, ReaderProblem } from "../../policies/reports/result";
import { SeenFinding } from "../../policies/reports/summarize";
import { Judgement } from "../../policies/rules/core/judge";
import { Rule } from "../../policies/rules/core/rule";

const projectDirectory = path.resolve(__dirname, "../..");
const pack = path.join(projectDirectory, "policies");

/** What a preview with the pack shows. */
export interface Previewed {
    readonly changes: readonly Change[];
    readonly findings: readonly SeenFinding[];
    readonly tallies: readonly Judgement["tallies"][];
    readonly problems: readonly ReaderProblem[];
}

/** The stack as Pulumi's state backend (PULUMI_BACKEND_URL) has it. @throws where there is none of this name. */
export const selectStack = (name: string): Promise<Stack> => LocalWorkspace.selectStack({ stackName: name, workDir: projectDirectory });

/** Previews a stack with the rules as a policy pack. What goes wrong in it is a problem of the result, never a pass. */
export async function preview(stack: Stack, rules: readonly Rule[], configFile?: string): Promise<Previewed> {
    const events: EngineEvent[] = [];
    let failure: string | undefined;
    try {
        await stack.preview({
            policyPacks: [pack],
            policyPackConfigs: [path.join(pack, reviewConfig)],
            color: "never",
            ...(configFile !== undefined && { configFile }),
            onEvent: (event) => events.push(event),
        });
    } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
    }
    return readEvents(events, { stack: stack.name, rules, failed: failure !== undefined });
}

/** What is known of the run beside its events. */
export interface RunFacts {
    readonly stack: string;
    readonly rules: readonly Rule[];
    readonly failed: boolean;
}

/** Reads what the engine said. Pure. */
export function readEvents(events: readonly EngineEvent[], facts: RunFacts): Previewed {
    const { stack } = facts;
    const violations = events.flatMap(({ policyEvent }) => (policyEvent ? [policyEvent] : []));
    const said = violations.filter(({ policyPackName }) => policyPackName === packName);
    const ours = said.filter(({ policyName }) => policyName !== coverageName);
    const read = ours.map(({ message, resourceUrn }) => finding(message, resourceUrn, facts));
    const findings = read.flatMap((one) => ("rule" in one ? [one] : []));
    const problem = (message: string): ReaderProblem => ({ reader: "stack", stack, message });
    return {
        changes: events.flatMap(({ resourcePreEvent }) => (resourcePreEvent ? change(resourcePreEvent.metadata, stack) : [])),
        findings,
        tallies: said.flatMap(({ policyName, message }) => (policyName === coverageName ? (parseCoverage(message, facts.rules) ?? []) : [])),
        problems: [
            ...read.flatMap((one) => ("rule" in one ? [] : [one])),
            ...errors(events).map(problem),
            ...unasked(events).map(problem),
            ...(facts.failed && ours.length === 0 && errors(events).length === 0 ? [problem("the preview failed without saying why")] : []),
        ],
    };
}

/** A finding as the pack wrote it; a problem where it cannot be read, such as a policy that broke. */
function finding(message: string, urn: string | undefined, { stack, rules }: RunFacts): SeenFinding | ReaderProblem {
    const said = parseViolation(message);
    const rule = said && rules.find(({ id }) => id === said.rule);
    if (!said || !rule) {
        return { reader: "stack", stack, message: `a policy said what is no finding${urn === undefined ? "" : ` about ${urn}`}: ${message.trim()}` };
    }
    return {
        rule,
        outcome: said.outcome,
        at: said.at,
        message: said.message,
        subject: { id: said.id, source: "stack" },
        stack,
    };
}

/** The engine's errors, but what it says about violations: they are findings. */
function errors(events: readonly EngineEvent[]): readonly string[] {
    return events
        .flatMap(({ diagnosticEvent }) => (diagnosticEvent?.severity === "error" ? [diagnosticEvent.message.trim()] : []))
        .filter((message) => message !== "" && !/^(preview failed|policy violation)/i.test(message));
}

/**
 * What the engine says of a pack when it has asked it, about one resource or about all of them (`resourceUrn` is missing).
 * The CLI that is tested with has these events; the types of the SDK do not.
 */
interface AskedEvent {
    readonly policyAnalyzeSummaryEvent?: { readonly policyPackName: string; readonly resourceUrn: string };
    readonly policyAnalyzeStackSummaryEvent?: { readonly policyPackName: string };
}

/** Steps after which a resource is not there any more, or is only looked at. */
const leaving: readonly OpType[] = ["delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace", "refresh", "read", "read-replacement"];

/**
 * Resources that the rules were not asked about. A run without them finds nothing, and that is not the same as nothing
 * being wrong.
 */
function unasked(events: readonly (EngineEvent & AskedEvent)[]): readonly string[] {
    const asked = new Set(
        events.flatMap(({ policyAnalyzeSummaryEvent: one }) => (one?.policyPackName === packName ? [one.resourceUrn] : [])),
    );
    const steps = events.flatMap(({ resourcePreEvent }) => (resourcePreEvent ? [resourcePreEvent.metadata] : []));
    const missed = [...new Set(steps.filter(({ op, urn }) => !leaving.includes(op) && !asked.has(urn)).map(({ urn }) => urn))];
    const together = events.some(({ policyAnalyzeStackSummaryEvent: one }) => one?.policyPackName === packName);
    return [
        ...missed.map((urn) => `the rules were not asked about ${urn}`),
        ...(together ? [] : ["the rules were not asked about all resources together: the preview ended before its end"]),
    ];
}

/** What the engine's words for a step come to; `undefined` where nothing changes, or another step says it. */
const operations: Readonly<Partial<Record<OpType, Operation>>> = {
    create: "create",
    update: "update",
    delete: "delete",
    replace: "replace",
    import: "import",
    "import-replacement": "import",
    read: "read",
    "read-replacement": "read",
    discard: "discard",
};

function change({ op, urn, type, diffs, detailedDiff }: NonNullable<EngineEvent["resourcePreEvent"]>["metadata"], stack: string): readonly Change[] {
    const operation = operations[op];
    if (operation === undefined) {
        return [];
    }
    const keys = [...new Set([...Object.keys(detailedDiff ?? {}), ...(detailedDiff ? [] : (diffs ?? []))])].sort();
    return [{ operation, stack, urn, type, name: urn.split("::").at(-1) ?? urn, ...(keys.length > 0 && { keys }) }];
}
