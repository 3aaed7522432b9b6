/** A pattern of texts. It matches a whole text or nothing of it. */
export interface Glob {
    readonly matches: (text: string) => boolean;
}

/** What the wildcards of a pattern stand for, each a part of a regular expression. Two stars always stand for anything at all. */
interface Wildcards {
    /** What `*` stands for. */
    readonly star: string;
    /** What `?` stands for. Default: for itself. */
    readonly mark?: string;
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** Patterns with those wildcards; everything else in them stands for itself. */
const globOf =
    ({ star, mark }: Wildcards) =>
    (pattern: string): Glob => {
        const source = pattern
            .split(/(\*+|\?)/)
            .map((part, index) => {
                if (index % 2 === 0) {
                    return escaped(part);
                }
                return part === "?" ? (mark ?? escaped(part)) : part === "*" ? star : ".*";
            })
            .join("");
        const expression = new RegExp(`^${source}$`, "s");
        return { matches: (text) => expression.test(text) };
    };

/** A pattern of ids of subjects (`Deployment.apps/payment-prod/web`), or of names of stacks: `*` stops at `/` and `:`. */
export const idGlob = globOf({ star: "[^/:]*" });

/**
 * A pattern of paths, as `formatPath` writes them (`spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`):
 * `*` stands for one word, number or quoted key.
 */
export const pathGlob = globOf({ star: '(?:"(?:[^"\\\\]|\\\\.)*"|[^.\\[\\]"]*)' });

/** Argo CD's pattern of names, of namespaces and kinds among them: `*` and `?` stop at nothing. */
export const nameGlob = globOf({ star: ".*", mark: "." });

/** Argo CD's pattern of addresses of repositories: `*` and `?` stop at `/`. */
export const addressGlob = globOf({ star: "[^/]*", mark: "[^/]" });

/** Whether a pattern names nothing at all: `*`, `**`, `*` + `/` + `*`. */
export const matchesAll = (pattern: string): boolean => !/[\p{L}\p{N}]/u.test(pattern);
