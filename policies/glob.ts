/**
 * Patterns of exceptions: `*` stands for anything within a segment, `**` for anything at all, everything else for itself.
 */
export interface Glob {
    readonly matches: (text: string) => boolean;
}

/** What `*` stands for in ids (`Deployment.apps/payment-prod/web`, `fjord:nodes:Node::no-oslo-1-nodes-cp-01`). */
const withinId = "[^/:]*";

/** And in paths (`spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`): a word, a number or a quoted key. */
const withinPath = '(?:"(?:[^"\\\\]|\\\\.)*"|[^.\\[\\]"]*)';

function compile(pattern: string, within: string): Glob {
    const source = pattern
        .split(/(\*+)/)
        .map((part, index) => (index % 2 === 0 ? part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&") : part === "*" ? within : ".*"))
        .join("");
    const expression = new RegExp(`^${source}$`, "s");
    return { matches: (text) => expression.test(text) };
}

/** A pattern of ids of subjects, or of names of stacks. */
export const idGlob = (pattern: string): Glob => compile(pattern, withinId);

/** A pattern of paths, as `formatPath` writes them. */
export const pathGlob = (pattern: string): Glob => compile(pattern, withinPath);

/** Whether a pattern names nothing at all: `*`, `**`, `*` + `/` + `*`. */
export const matchesAll = (pattern: string): boolean => !/[\p{L}\p{N}]/u.test(pattern);
