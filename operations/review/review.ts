import { Stack } from "@pulumi/pulumi/automation";
import * as fs from "node:fs";
import { Exception } from "../../policies/exceptions";
import { ManifestOptions, readManifests } from "../../policies/manifests";
import { Problem } from "../../policies/problem";
import { Change, Phase, ReaderProblem } from "../../policies/reports/result";
import { Review, SeenFinding } from "../../policies/reports/summarize";
import { judge, Judgement } from "../../policies/rules/core/judge";
import { Rule } from "../../policies/rules/core/rule";
import { Source, Subject } from "../../policies/rules/core/subject";
import { readCheckpoint } from "../../policies/state/checkpoint";
import { preview } from "./preview";

/** What is to be reviewed. At least one of them. */
export interface ReviewInput {
    /** Previewed with the policy pack; their checkpoints are searched for what only a checkpoint can show. */
    readonly stacks: readonly { readonly stack: Stack; readonly configFile?: string }[];
    /** Folders of manifests. */
    readonly folders: readonly string[];
    readonly manifests: ManifestOptions;
    /** Files: checkpoints, or what `pulumi stack export` prints. Judged by every rule. */
    readonly checkpoints: readonly string[];
    readonly rules: readonly Rule[];
    readonly exceptions: readonly Exception[];
    /** In UTC: `2026-11-23`. */
    readonly today: string;
}

/** Says what is being done. */
export type Progress = (what: string) => void;

/** One reader's part of a review. */
interface Part {
    readonly findings: readonly SeenFinding[];
    readonly tallies: readonly Judgement["tallies"][];
    readonly problems: readonly ReaderProblem[];
    readonly changes: readonly Change[];
    readonly phases: readonly Phase[];
}

/** Reviews: every reader in turn, with the same rules. What a reader cannot read is part of what comes out. */
export async function review(input: ReviewInput, progress: Progress = () => undefined): Promise<Review> {
    const parts: Part[] = [];
    for (const { stack, configFile } of input.stacks) {
        progress(`stack ${stack.name}: preview with the rules`);
        parts.push(await previewed(stack, input.rules, configFile));
        progress(`stack ${stack.name}: checkpoint`);
        parts.push(await exported(stack, input));
    }
    for (const folder of input.folders) {
        progress(`manifests in ${folder}`);
        parts.push(await manifests(folder, input));
    }
    for (const file of input.checkpoints) {
        progress(`checkpoint ${file}`);
        parts.push(await timed("checkpoint", () => checkpoint(fs.readFileSync(file, "utf8"), file, input)));
    }
    return {
        reviewed: {
            stacks: input.stacks.map(({ stack }) => stack.name),
            folders: input.folders,
            ...(input.checkpoints.length > 0 && { checkpoint: input.checkpoints.join(", ") }),
        },
        rules: input.rules,
        exceptions: input.exceptions,
        today: input.today,
        findings: parts.flatMap(({ findings }) => findings),
        tallies: parts.flatMap(({ tallies }) => tallies),
        problems: parts.flatMap(({ problems }) => problems),
        changes: parts.flatMap(({ changes }) => changes),
        phases: parts.flatMap(({ phases }) => phases),
        complete: { stacks: input.folders.length > 0 ? input.stacks.map(({ stack }) => stack.name) : [], folders: input.folders },
    };
}

/** What is asked, and on which day. */
type Asking = Pick<ReviewInput, "rules" | "today">;

const nothing: Omit<Part, "phases"> = { findings: [], tallies: [], problems: [], changes: [] };

async function timed(name: string, work: () => Omit<Part, "phases"> | Promise<Omit<Part, "phases">>): Promise<Part> {
    const started = performance.now();
    const part = await work();
    return { ...part, phases: [{ name, seconds: (performance.now() - started) / 1000 }] };
}

function previewed(stack: Stack, rules: readonly Rule[], configFile?: string): Promise<Part> {
    return timed(`preview of ${stack.name}`, async () => ({ ...nothing, ...(await preview(stack, rules, configFile)) }));
}

/** Only rules that a preview cannot be asked: the rest of a checkpoint is what the change is about to replace. */
function exported(stack: Stack, { rules, today }: Asking): Promise<Part> {
    const only = rules.filter(({ sources }) => sources.includes("state") && !sources.includes("stack"));
    return timed(`checkpoint of ${stack.name}`, async () => {
        const deployment = await stack.exportStack();
        return checkpoint(JSON.stringify(deployment), `the checkpoint of ${stack.name}`, { rules: only, today }, stack.name);
    });
}

function checkpoint(text: string, file: string, asking: Asking, stack?: string): Omit<Part, "phases"> {
    const { subjects, problems } = readCheckpoint(text, file);
    return { ...nothing, ...judged(asking, subjects, { ...(stack !== undefined && { stack }) }), problems: problems.map((problem) => readerProblem(problem, "state", stack)) };
}

async function manifests(folder: string, { manifests: options, ...asking }: ReviewInput): Promise<Part> {
    let subjects: readonly Subject[] = [];
    const read = await timed(`manifests of ${folder}`, async () => {
        const reading = await readManifests(folder, options);
        subjects = reading.subjects;
        return { ...nothing, problems: reading.problems.map((problem) => readerProblem(problem, "git")) };
    });
    const asked = await timed(`rules on ${subjects.length} objects of ${folder}`, () => ({ ...nothing, ...judged(asking, subjects, { folder }) }));
    return { ...read, ...asked, problems: read.problems, phases: [...read.phases, ...asked.phases] };
}

function judged({ rules, today }: Asking, subjects: readonly Subject[], where: Pick<SeenFinding, "stack" | "folder">): Pick<Part, "findings" | "tallies"> {
    const { findings, tallies } = judge(rules, subjects, today);
    return { findings: findings.map((finding) => ({ ...finding, ...where })), tallies: [tallies] };
}

/** What a reader could not read, as reports show it: they print the place themselves. */
function readerProblem({ file, line = 1, what, mend }: Problem, reader: Source, stack?: string): ReaderProblem {
    const message = `${what.charAt(0).toUpperCase()}${what.slice(1)}. ${mend}`;
    return { reader, ...(stack !== undefined && { stack }), message, place: { file, line } };
}
