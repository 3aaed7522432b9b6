import execa from "execa";
import * as fs from "node:fs";
import * as path from "node:path";

/** A program that makes manifests of files. */
export type Tool = "kustomize" | "helm";

/** What a program printed, or why it did not. */
export type Printed = { readonly output: string } | { readonly failure: string };

const timeLimit = 120_000;
const outputLimit = 128 * 2 ** 20;

/** A port on which nothing listens: programs that try to fetch something over HTTP fail at once. */
const nowhere = "http://127.0.0.1:9";

/** The first that is there of `$FJORD_TOOLCHAIN/bin` and PATH. */
export function findTool(tool: Tool, env: NodeJS.ProcessEnv = process.env): string | undefined {
    const toolchain = env["FJORD_TOOLCHAIN"];
    const folders = [...(toolchain ? [path.join(toolchain, "bin")] : []), ...(env["PATH"] ?? "").split(path.delimiter)];
    return folders
        .filter((folder) => path.isAbsolute(folder))
        .map((folder) => path.join(folder, tool))
        .find(isExecutable);
}

function isExecutable(file: string): boolean {
    try {
        fs.accessSync(file, fs.constants.X_OK);
        return fs.statSync(file).isFile();
    } catch {
        return false;
    }
}

/**
 * Runs one of them in an empty folder, which is its home, with nothing of this program's environment: no plugins are
 * found, no programs (git) to start, no credentials, and no way to the network.
 */
export async function runTool(binary: string, args: readonly string[], scratch: string): Promise<Printed> {
    const result = await execa(binary, args, {
        cwd: scratch,
        env: {
            HOME: scratch,
            TMPDIR: scratch,
            PATH: path.join(scratch, "no-programs"),
            HTTP_PROXY: nowhere,
            HTTPS_PROXY: nowhere,
        },
        extendEnv: false,
        stdin: "ignore",
        timeout: timeLimit,
        maxBuffer: outputLimit,
        reject: false,
    });
    if (!result.failed) {
        return { output: result.stdout };
    }
    if (result.timedOut) {
        return { failure: `took longer than ${timeLimit / 1000} s` };
    }
    return { failure: result.stderr.trim() || "failed without a word" };
}

/** What a program says, on one line, without the paths of this machine. */
export function withoutPaths(failure: string, root: string, scratch: string): string {
    const line = failure
        .split("\n")
        .map((part) => part.trim())
        .filter((part) => part !== "")
        .join(" ")
        .replaceAll(`${root}/`, "")
        .replaceAll(root, ".")
        .replaceAll(scratch, ".");
    return line.length > 400 ? `${line.slice(0, 400)}...` : line;
}
