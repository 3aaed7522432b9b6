import * as os from "node:os";
import * as path from "node:path";
import type { Source } from "../source";
import { versions } from "./table";

/** Root of everything that is kept between runs and clones: `$FJORD_CACHE`, else `$XDG_CACHE_HOME/fjord`, else `~/.cache/fjord`. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
    return env["FJORD_CACHE"] ?? path.join(env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"), "fjord");
}

/** Where a finished toolchain lies. */
export interface Toolchain {
    /** `bin/` with every program of the table, and `files/` with every file. */
    readonly dir: string;
    readonly bin: string;
    readonly files: string;
    /** Hash of everything that went into it; changes whenever a program could. */
    readonly key: string;
    /** `lab` where it was built here, `upstream` where the official programs were fetched. */
    readonly source: Source;
    /** Version of Kubernetes' programs among them: `1.36.4`. */
    readonly kubernetes: string;
}

export function toolchainAt(
    dir: string,
    key: string,
    { source = "lab", kubernetes = versions.kubernetes }: Partial<Pick<Toolchain, "source" | "kubernetes">> = {},
): Toolchain {
    return { dir, key, bin: path.join(dir, "bin"), files: path.join(dir, "files"), source, kubernetes };
}
