import { spawnSync } from "node:child_process";
import { Finding } from "./judge";

/** How `pulumi refresh` ended. */
export interface RefreshRun {
    /** Null where it could not be started, or was ended. */
    readonly code: number | null;
    readonly output: string;
}

/** Reading every object of a region's platform takes seconds; a provider waits long for an API that is away. */
const limit = 600_000;

/**
 * Has Pulumi read what its providers can read. It writes neither state nor resources, but to read it needs what can
 * write: the passphrase of the stack and the operator's way to the API.
 */
export function previewRefresh(stack: string, project: string): RefreshRun {
    const args = ["refresh", "--preview-only", "--expect-no-changes", "--non-interactive", "--color", "never", "--stack", stack];
    const { status, stdout, stderr, error } = spawnSync("pulumi", args, { cwd: project, encoding: "utf8", timeout: limit });
    return { code: status, output: `${stdout}\n${error ? `error: ${error.message}` : stderr}` };
}

/** A line of Pulumi's progress about a resource that is not as the state says: ` ~  type name update [diff: ~data]`. */
const change = /^ [~+-]{1,2} +(\S+) (\S+) (update|delete|create|replace)(?: .*?(\[diff: .*\]))?\s*$/;

/** What such a run found. Resources that Pulumi's commands made have nothing to read, and always look unchanged. */
export function judgeRefresh(stack: string, { code, output }: RefreshRun): Finding[] {
    if (code === 0) {
        return [];
    }
    const at = { machine: "cluster", step: "refresh" };
    const lines = output.split("\n");
    if (/no changes were expected/.test(output)) {
        const what = lines.flatMap((line) => {
            const [, type, name, operation, diff] = change.exec(line) ?? [];
            return type === undefined ? [] : [[type, `${name}:`, operation, diff].filter(Boolean).join(" ")];
        });
        const todo = `find out who changed it; then pulumi up --stack ${stack} --refresh`;
        return [{ ...at, state: "drift", what: [...new Set(what)], todo }];
    }
    const why = lines.findLast((line) => line.trimStart().startsWith("error:")) ?? "pulumi refresh did not end";
    const todo = `pulumi refresh --preview-only --stack ${stack}, and see what it says`;
    return [{ ...at, state: "unknown", what: [why.trim().slice(0, 300)], todo }];
}
