import * as path from "node:path";
import type { Toolchain } from "./toolchain/paths";

/** The stand-in language host: a script of this project, used where the official one cannot be had. */
const languageHost = path.join(__dirname, "toolchain", "language-host");

/** Folders that come first on PATH when Pulumi is built here: engine and providers, and the language host. */
export const programFolders = (toolchain: Toolchain): readonly string[] => [toolchain.bin, languageHost];

/** What is used in place of an official program, and why; printed by every command that uses them. */
export const standIns: readonly string[] = [
    "Pulumi language host for Node.js: a script of this project",
    "Pulumi providers command, random and tls: written for this project, held against the official ones by test/engine/conformance",
    "image flannel-cni-plugin: delegates to the bridge plugin as upstream's does",
    "image nginx-ingress: Debian's nginx behind a small controller, in place of F5's",
];
