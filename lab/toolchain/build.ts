import execa from "execa";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { explainGoFailure, goEnvironment, goVersion, ToolchainError } from "./go";
import { groupKey } from "./key";
import { cacheRoot, Toolchain, toolchainAt } from "./paths";
import { Group, groups, ModuleFile, Program } from "./table";

const modulesDir = path.join(__dirname, "modules");

/** Disk that a build from nothing needs at its peak: modules and compiled packages. Measured; see README, limits. */
const diskNeeded = 20 * 2 ** 30;

/** How the build tells what it is doing. */
export interface BuildProgress {
    /** `compiled` of `packages` are done in this group; `estimate` is the rest of the whole build in seconds. */
    (event: { readonly group: string; readonly doing: string; readonly done: number; readonly of: number; readonly remaining: number }): void;
}

interface Job {
    readonly group: Group;
    readonly key: string;
    /** Finished result; made by one rename, so it is whole or not there. */
    readonly result: string;
    /** Copy of the module, with embedded files beside our mains. */
    readonly work: string;
    readonly log: string;
}

/** Finds a finished toolchain, or builds what is missing of it. A second run, or another clone of the same state, builds nothing. */
export async function buildToolchain(progress: BuildProgress = () => undefined, root: string = cacheRoot()): Promise<Toolchain> {
    const jobs = plan(root, await goVersion());
    const missing = jobs.filter((job) => !fs.existsSync(job.result));
    if (missing.length > 0) {
        checkDisk(root);
        let remaining = missing.reduce((sum, job) => sum + job.group.estimate, 0);
        for (const job of missing) {
            await buildGroup(job, root, (event) => progress({ ...event, remaining: Math.round(remaining - job.group.estimate * (event.done / Math.max(event.of, 1))) }));
            remaining -= job.group.estimate;
        }
    }
    return assemble(root, jobs);
}

function plan(root: string, go: string): Job[] {
    return groups.map((group) => {
        const key = groupKey(group, path.join(modulesDir, group.name), go);
        const name = `${group.name}-${key}`;
        return {
            group,
            key,
            result: path.join(root, "toolchain", name),
            work: path.join(root, "toolchain", "work", name),
            log: path.join(root, "toolchain", "work", `${name}.log`),
        };
    });
}

function checkDisk(root: string): void {
    fs.mkdirSync(root, { recursive: true });
    const { bavail, bsize } = fs.statfsSync(root);
    const free = bavail * bsize;
    if (free < diskNeeded) {
        throw new ToolchainError(
            `${Math.floor(free / 2 ** 30)} GiB are free at ${root}, a build from nothing needs ${diskNeeded / 2 ** 30}`,
            "free disk, or set FJORD_CACHE to a folder on a larger one",
        );
    }
}

type GroupProgress = (event: { group: string; doing: string; done: number; of: number }) => void;

async function buildGroup(job: Job, root: string, progress: GroupProgress): Promise<void> {
    const { group, work } = job;
    const source = path.join(modulesDir, group.name);
    fs.mkdirSync(path.join(work, "out", "bin"), { recursive: true });
    fs.cpSync(source, path.join(work, "module"), { recursive: true });
    const module = path.join(work, "module");
    const env = goEnvironment(root, group.cgo);

    const packages = group.programs.map((program) => program.package);
    progress({ group: group.name, doing: "fetching modules", done: 0, of: 1 });
    await takeFiles(job, module, env, group.embedded, module);
    await takeFiles(job, module, env, group.files, path.join(work, "out", "files"));
    // Not `go mod download`: that fetches modules of the graph, too, of which no package is used.
    const listed = await go(job, module, env, ["list", "-deps", "-f", "{{.ImportPath}}", ...packages], "");
    const of = listed.split("\n").length;
    // First compile all packages in one go (both cores busy, shared ones once, nothing linked: `go build` of several
    // mains would link each and throw it away), then link program by program, because their linker flags differ.
    let done = 0;
    await go(job, module, env, ["list", "-export", "-deps", "-v", "-trimpath", "-f", "", ...packages], "compiling", (line) => {
        if (/^[\w./-]+$/.test(line)) {
            done += 1;
            progress({ group: group.name, doing: line, done, of });
        }
    });
    await inPairs(group.programs, async (program) => {
        const output = path.join(work, "out", "bin", program.output);
        progress({ group: group.name, doing: `linking ${program.output}`, done: of, of });
        await go(job, module, env, ["build", "-trimpath", "-ldflags", linkerFlags(program), "-o", output, program.package], "linking");
    });
    fs.renameSync(path.join(work, "out"), job.result);
    fs.rmSync(work, { recursive: true, force: true });
}

function linkerFlags(program: Program): string {
    const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
    return ["-s", "-w", ...variables].join(" ");
}

/** Linking is one core's work, so two at a time. */
async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const queue = [...items];
    const worker = async (): Promise<void> => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
            await work(item);
        }
    };
    await Promise.all([worker(), worker()]);
}

async function takeFiles(job: Job, module: string, env: Record<string, string>, files: readonly ModuleFile[], target: string): Promise<void> {
    for (const file of files) {
        // On a new machine the module is not in the cache yet, and `go list -m` would answer with no folder.
        await go(job, module, env, ["mod", "download", file.module], "fetching");
        const dir = (await go(job, module, env, ["list", "-m", "-f", "{{if .Replace}}{{.Replace.Dir}}{{else}}{{.Dir}}{{end}}", file.module], "")).trim();
        const output = path.join(target, file.output);
        fs.mkdirSync(path.dirname(output), { recursive: true });
        fs.copyFileSync(path.join(dir, file.path), output);
        fs.chmodSync(output, 0o644);
    }
}

async function go(job: Job, cwd: string, env: Record<string, string>, args: readonly string[], doing: string, onLine?: (line: string) => void): Promise<string> {
    const log = fs.createWriteStream(job.log, { flags: "a" });
    log.write(`== ${doing} go ${args.slice(0, 6).join(" ")}\n`);
    const child = execa("go", args, { cwd, env, reject: false, maxBuffer: 256 * 2 ** 20 });
    let tail: string[] = [];
    if (child.stderr) {
        createInterface({ input: child.stderr }).on("line", (line) => {
            log.write(`${line}\n`);
            tail = [...tail.slice(-50), line];
            onLine?.(line);
        });
    }
    const result = await child;
    log.end();
    if (result.exitCode !== 0) {
        throw explainGoFailure(job.group.name, tail.join("\n"), job.log);
    }
    return result.stdout;
}

/** One folder with links to the programs of all groups, named after all their keys. */
function assemble(root: string, jobs: readonly Job[]): Toolchain {
    const key = createHash("sha256").update(jobs.map((job) => job.key).join()).digest("hex").slice(0, 12);
    const dir = path.join(root, "toolchain", `all-${key}`);
    if (!fs.existsSync(dir)) {
        const unfinished = `${dir}.${process.pid}`;
        for (const job of jobs) {
            for (const program of job.group.programs) {
                link(path.join(job.result, "bin", program.output), path.join(unfinished, "bin", program.output));
            }
            for (const file of job.group.files) {
                link(path.join(job.result, "files", file.output), path.join(unfinished, "files", file.output));
            }
        }
        fs.renameSync(unfinished, dir);
    }
    return toolchainAt(dir, key);
}

function link(from: string, to: string): void {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.linkSync(from, to);
}
