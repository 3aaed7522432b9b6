import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";

const root = path.join(__dirname, "..", "..");
const skipped = new Set(["node_modules", ".git"]);

function scripts(folder: string): string[] {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        if (entry.isDirectory()) {
            return skipped.has(entry.name) ? [] : scripts(file);
        }
        return entry.isFile() && entry.name.endsWith(".sh") ? [file] : [];
    });
}

test("every shell script is shellcheck clean", () => {
    try {
        execFileSync("shellcheck", ["--version"], { stdio: "ignore" });
    } catch {
        assert.fail("install shellcheck: apt-get install shellcheck");
    }
    const files = scripts(root);
    assert.ok(files.length > 0, "no shell script was found");
    // SC2153 takes a parameter of a script for a misspelt variable: script.ts declares them, shellcheck cannot see it.
    // What a script takes in with `. measure.sh` is read as script.ts would put it there.
    const taken = ["--external-sources", `--source-path=${path.join(root, "components", "remote")}`];
    const result = spawnSync("shellcheck", ["--shell=bash", "--exclude=SC2153", ...taken, ...files], { encoding: "utf8" });
    assert.equal(result.status, 0, result.stdout);
});
