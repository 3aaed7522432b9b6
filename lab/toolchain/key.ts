import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Group } from "./table";

/** Files of a group's module that decide what is built: sources, go.mod, go.sum; in a stable order. */
export function moduleFiles(moduleDir: string): string[] {
    return fs
        .readdirSync(moduleDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(go|mod|sum)$/.test(entry.name) && !entry.name.endsWith("_test.go"))
        .map((entry) => path.relative(moduleDir, path.join(entry.parentPath, entry.name)))
        .sort();
}

/** A hash over all inputs of a group: table entry, its module's files, the compiler. Twelve hex digits are its folder's name. */
export function groupKey(group: Group, moduleDir: string, goVersion: string): string {
    const { estimate: _estimate, why: _why, ...inputs } = group;
    const hash = createHash("sha256").update(JSON.stringify(inputs)).update(goVersion);
    for (const file of moduleFiles(moduleDir)) {
        hash.update(`\0${file}\0`).update(fs.readFileSync(path.join(moduleDir, file)));
    }
    return hash.digest("hex").slice(0, 12);
}
