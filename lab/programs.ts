import * as path from "node:path";
import type { Toolchain } from "./toolchain/paths";

/** The stand-in language host: a script of this project, used where the official one cannot be had. */
const languageHost = path.join(__dirname, "toolchain", "language-host");

/** Folders that come first on PATH for Pulumi: its programs, and the language host where they were built here. */
export const programFolders = (toolchain: Pick<Toolchain, "bin" | "source">): readonly string[] =>
    toolchain.source === "upstream" ? [toolchain.bin] : [toolchain.bin, languageHost];

/** True where Pulumi may fetch its plugins itself: with the official engine. */
export const fetchesPlugins = (folders: readonly string[]): boolean => !folders.includes(languageHost);
