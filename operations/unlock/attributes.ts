import * as fs from "node:fs";
import * as path from "node:path";
import { stateFolder } from "./unlock";

/**
 * Beside each file of a `file://` state lies one with its attributes, which Pulumi's storage library writes in place
 * (gocloud.dev `fileblob`, `setAttrs`): a run that is killed in that moment leaves half of it, and from then on every
 * command ends with "failed to load checkpoint: EOF". Nothing in it is needed, and without it the state is read.
 */
const extension = ".attrs";

function isWhole(file: string): boolean {
    try {
        JSON.parse(fs.readFileSync(file, "utf8"));
        return true;
    } catch {
        return false;
    }
}

/**
 * Removes what is left half written of the attributes of a stack's files, and gives their names. To be called while nobody
 * writes there; a stack whose name begins alike loses nothing either, since only what is half written goes.
 */
export function clearHalfWritten(backend: string, project: string, stack: string): readonly string[] {
    const state = stateFolder(backend);
    const folders = ["stacks", "history", "backups"].map((kind) => path.join(state, kind, project));
    const half = folders
        .filter((folder) => fs.existsSync(folder))
        .flatMap((folder) => fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => path.join(folder, name)))
        .filter((file) => file.endsWith(extension) && path.basename(file).startsWith(stack) && !isWhole(file));
    half.forEach((file) => fs.rmSync(file, { force: true }));
    return half;
}
