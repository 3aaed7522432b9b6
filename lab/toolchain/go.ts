import execa from "execa";
import * as path from "node:path";

/** Lowest Go that builds everything in the table (sealed-secrets 0.40 and containerd 2.3.7 ask for 1.26.8). */
export const minimumGo = "1.26.8";

/**
 * Modules that the public checksum database cannot be asked for, because their versions are pseudo-versions it has not
 * seen; their sums are pinned by the committed go.sum all the same.
 */
const noSumDatabase = "github.com/pulumi/*,github.com/argoproj/argo-cd/*";

/** A problem with Go or with what it needs: what is missing and what to do. Ends the build. */
export class ToolchainError extends Error {
    constructor(what: string, fix: string, log?: string) {
        super(`toolchain: ${what}\n  what to do: ${fix}${log ? `\n  log: ${log}` : ""}`);
        this.name = "ToolchainError";
    }
}

/** Environment of every Go command: no other compiler than the one installed, no edits of go.mod, caches of our own. */
export function goEnvironment(cache: string, cgo: boolean): Record<string, string> {
    return {
        GOTOOLCHAIN: "local",
        GOFLAGS: "-mod=readonly -buildvcs=false",
        GONOSUMDB: noSumDatabase,
        GOCACHE: path.join(cache, "go-build"),
        CGO_ENABLED: cgo ? "1" : "0",
        GOWORK: "off",
    };
}

/** Compares `1.26.8` with `1.27`: negative if a is older. */
export function compareVersions(a: string, b: string): number {
    const [left, right] = [a, b].map((version) => version.split(".").map(Number));
    for (let i = 0; i < 3; i++) {
        const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
        if (difference !== 0) {
            return difference;
        }
    }
    return 0;
}

/** The installed Go's version, or an error that says what is wrong with it. */
export async function goVersion(): Promise<string> {
    const result = await execa("go", ["env", "GOVERSION"], { reject: false, env: { GOTOOLCHAIN: "local" } });
    const version = /^go(\d+\.\d+(?:\.\d+)?)/.exec(result.stdout ?? "")?.[1];
    if (result.exitCode !== 0 || !version) {
        throw new ToolchainError("Go is not installed (`go env GOVERSION` did not answer)", `install Go ${minimumGo} or newer and put it on PATH`);
    }
    if (compareVersions(version, minimumGo) < 0) {
        throw new ToolchainError(`Go ${version} is too old`, `install Go ${minimumGo} or newer: modules of the table ask for it, and other compilers are not downloaded`);
    }
    return version;
}

/** Puts a failed Go command into words; the full output is in the log. */
export function explainGoFailure(group: string, output: string, log: string): ToolchainError {
    if (/no space left on device/i.test(output)) {
        return new ToolchainError(`the disk filled up while ${group} was built`, "free about 15 GB (`npm run toolchain -- drop-caches`), then run again: what is built is kept", log);
    }
    if (/dial tcp|i\/o timeout|no such host|connection refused|TLS handshake|proxyconnect|unexpected EOF|50[234] /i.test(output)) {
        return new ToolchainError(`the Go module registry could not be reached for ${group}`, "check `go env GOPROXY` and the network, then run again: what was fetched is kept", log);
    }
    if (/verifying .*: checksum mismatch|missing go\.sum entry/i.test(output)) {
        return new ToolchainError(`a module of ${group} is not the one that go.sum pins`, "do not go on with it: find out why the registry serves other bytes", log);
    }
    const last = output.trim().split("\n").slice(-3).join("\n    ");
    return new ToolchainError(`building ${group} failed:\n    ${last}`, "read the log", log);
}
