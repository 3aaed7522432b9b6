#!/usr/bin/env node
// First step of every `npm run lab...`: what must be there before the project's own TypeScript can run.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
    console.error(`fjord: Node ${process.versions.node} is too old\n  what to do: use Node 20.20 or newer`);
    process.exit(1);
}

// npm writes this file last, so it is newer than the lock file only after a complete install.
const installed = path.join(project, "node_modules", ".package-lock.json");
const wanted = path.join(project, "package-lock.json");
if (!fs.existsSync(installed) || fs.statSync(installed).mtimeMs < fs.statSync(wanted).mtimeMs) {
    if (fs.lstatSync(path.dirname(installed), { throwIfNoEntry: false })?.isSymbolicLink()) {
        console.error("fjord: node_modules is a link to another folder, which npm would empty\n  what to do: remove the link, run again");
        process.exit(1);
    }
    console.error("fjord: installing dependencies");
    const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: project, stdio: "inherit" });
    if (npm.status !== 0) {
        console.error("fjord: npm ci failed\n  what to do: read npm's message above; the npm registry must be reachable");
        process.exit(1);
    }
}

const [entry, ...args] = process.argv.slice(2);
const child = spawnSync(process.execPath, ["--import", "tsx", path.join(project, entry), ...args], { cwd: project, stdio: "inherit" });
process.exit(child.status ?? 1);
