import * as fs from "node:fs";
import * as path from "node:path";
import { load } from "js-yaml";

const project = path.resolve(__dirname, "../../..");

export const files = [".gitlab-ci.yml", "policies/gitlab/config-repository.gitlab-ci.yml"] as const;

export interface Rule {
    readonly if?: string;
    readonly when?: string;
    readonly allow_failure?: boolean;
}

/** A job, with what it takes from others. */
export interface Job {
    readonly name: string;
    readonly keywords: Readonly<Record<string, unknown>>;
    readonly rules: readonly Rule[];
    /** Everything in it as text, as written: whatever it names is in here. */
    readonly text: string;
    /** The lines that its shell runs. */
    readonly script: string;
}

export interface Pipeline {
    readonly keywords: Readonly<Record<string, unknown>>;
    readonly jobs: readonly Job[];
}

/** Keywords of a pipeline that are no jobs. */
export const globalKeywords: ReadonlySet<string> = new Set(["default", "include", "spec", "stages", "variables", "workflow"]);

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping => typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads a pipeline, with `extends` resolved as GitLab does: mappings are merged, everything else is replaced. */
export function readPipeline(file: string): Pipeline {
    const content = load(fs.readFileSync(path.join(project, file), "utf8"));
    if (!isMapping(content)) {
        throw new Error(`${file} is no mapping`);
    }
    const resolved = (name: string): Mapping => {
        const { extends: base, ...own } = isMapping(content[name]) ? content[name] : {};
        return typeof base === "string" ? merged(resolved(base), own) : own;
    };
    const names = Object.keys(content).filter((name) => !globalKeywords.has(name) && !name.startsWith("."));
    return {
        keywords: Object.fromEntries(Object.entries(content).filter(([name]) => globalKeywords.has(name))),
        jobs: names.map((name) => {
            const keywords = resolved(name);
            const rules = Array.isArray(keywords["rules"]) ? (keywords["rules"] as readonly Rule[]) : [];
            const lines = [keywords["before_script"], keywords["script"], keywords["after_script"]].flat();
            const script = lines.filter((line) => typeof line === "string").join("\n");
            return { name, keywords, rules, text: JSON.stringify(keywords), script };
        }),
    };
}

function merged(base: Mapping, own: Mapping): Mapping {
    const both = Object.entries(own).map(([key, value]) => {
        const before = base[key];
        return [key, isMapping(before) && isMapping(value) ? merged(before, value) : value] as const;
    });
    return { ...base, ...Object.fromEntries(both) };
}

/** What GitLab says of a pipeline that is about to start. */
export type Situation = Readonly<Record<string, string>>;

/**
 * How a job takes part in a pipeline: `on_success`, `manual`, `always`, or not at all. Knows comparisons joined by `&&`, and
 * variables that have to be set; anything else is an error, so that no rule is taken for one that does not hold.
 */
export function takesPart({ rules }: Pick<Job, "rules">, situation: Situation): string | undefined {
    const value = (term: string): string => (term.startsWith("$") ? (situation[term.slice(1)] ?? "") : term.slice(1, -1));
    const holds = (term: string): boolean => {
        const [, left, operator, right] = /^(\$\w+)(?: (==|!=) (\$\w+|"[^"]*"))?$/.exec(term) ?? [];
        if (left === undefined) {
            throw new Error(`a rule that this test cannot read: ${term}`);
        }
        if (right === undefined) {
            return value(left) !== "";
        }
        return (value(left) === value(right)) === (operator === "==");
    };
    const rule = rules.find((one) => one.if === undefined || one.if.split(" && ").every(holds));
    return rule && (rule.when ?? "on_success");
}
