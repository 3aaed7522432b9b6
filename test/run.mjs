// Runs the tests by level, cheapest first: `node test/run.mjs [types unit graph engine lab kills day-two guest]`.
// Default: all but the last three. types, unit and graph need nothing but Node; the others need root, and build or find the
// toolchain first. kills makes a region for each moment at which a run is killed, and the very next run makes it whole
// (lab kills the runs of one region one after the other). day-two rolls settings and a release through a region of its own,
// node by node; guest boots an emulated guest and lets it join. Each takes as long as all the rest together. Without them
// rolls are tested by their decisions (unit), and guests with a real libvirt and firmware that boots no system (engine).
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const standard = ["types", "unit", "graph", "engine", "lab"];
const levels = [...standard, "kills", "day-two", "guest"];
const chosen = process.argv.slice(2);
const unknown = chosen.find((level) => !levels.includes(level));
if (unknown) {
    console.error(`test: "${unknown}" is not a level: use ${levels.join(", ")}`);
    process.exit(2);
}

function run(title, command, args, env = {}, capture = false) {
    console.error(`== ${title}`);
    const result = spawnSync(command, args, {
        cwd: project,
        env: { ...process.env, ...env },
        stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
        encoding: "utf8",
    });
    if (result.status !== 0) {
        console.error(`== ${title}: failed (${result.status ?? result.signal})`);
        process.exit(1);
    }
    return result.stdout?.trim() ?? "";
}

const typescript = (file, ...args) => ["--import", "tsx", file, ...args];

function testFiles(level) {
    return fs
        .readdirSync(path.join(project, "test", level), { recursive: true })
        .filter((file) => file.endsWith(".test.ts"))
        .map((file) => path.join("test", level, file))
        .sort();
}

let toolchain;
/** The machine's packages and the toolchain, once, for the levels that need them. */
function prepare() {
    if (!toolchain) {
        run("packages of the machine", process.execPath, typescript("lab/index.ts", "prepare"));
        const dir = run("toolchain", process.execPath, typescript("lab/toolchain/index.ts", "build"), {}, true);
        toolchain = { FJORD_TOOLCHAIN: dir, FJORD_PLUGINS: path.join(dir, "bin") };
    }
    return toolchain;
}

for (const level of chosen.length === 0 ? standard : levels.filter((one) => chosen.includes(one))) {
    if (level === "types") {
        run("types", process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "."]);
        continue;
    }
    const needsToolchain = !["unit", "graph"].includes(level);
    const env = needsToolchain ? prepare() : {};
    // Labs share the machine's memory and cores, and their tests build on one another. Elsewhere a file at a time on every
    // core; Node's own default leaves one of them free, which is half of a machine with two.
    const concurrency = needsToolchain && level !== "engine" ? 1 : os.availableParallelism();
    run(level, process.execPath, ["--import", "tsx", "--test", `--test-concurrency=${concurrency}`, ...testFiles(level)], env);
}
