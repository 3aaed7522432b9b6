/**
 * Cuts an error's stack where Pulumi's own frames begin; gives back the same error.
 *
 * Pulumi prints an unhandled error with `util.inspect` in colours. Its source maps name files such as
 * `node_modules/@pulumi/resource.ts`, and for a path with nothing behind the scope Node 20 loops until its memory is
 * full (markNodeModules in lib/internal/util/inspect.js): a plain configuration error took 20 s to be shown.
 */
export function cutStack<T>(error: T): T {
    if (error instanceof Error && error.stack !== undefined) {
        const [own = ""] = error.stack.split(/\n +at [^\n]*node_modules\/@pulumi\//, 1);
        error.stack = own;
    }
    return error;
}
