import { Command } from "commander";
import * as fs from "node:fs";
import * as path from "node:path";
import { buildToolchain } from "./build";
import { ToolchainError } from "./go";
import { cacheRoot } from "./paths";
import { groups } from "./table";
import { progressLine } from "../progress";

const program = new Command("toolchain").description("Builds and keeps the programs that the lab needs where upstream's downloads cannot be reached.");

program
    .command("build", { isDefault: true })
    .description("build what is missing, and print where it is")
    .action(async () => {
        const line = progressLine("toolchain");
        const toolchain = await buildToolchain(({ group, doing, done, of, remaining }) =>
            line.update(`${group} ${Math.floor((100 * done) / Math.max(of, 1))} %, about ${Math.ceil(remaining / 60)} min left in all: ${doing}`),
        );
        line.done("ready");
        console.log(toolchain.dir);
    });

program
    .command("list")
    .description("print the table: program, source")
    .option("--json", "as JSON")
    .action(({ json }: { json?: boolean }) => {
        const rows = groups.flatMap((group) => group.programs.map(({ output, from }) => ({ group: group.name, output, from })));
        console.log(json ? JSON.stringify(rows, null, 2) : rows.map((row) => `${row.group.padEnd(10)}${row.output.padEnd(30)}${row.from}`).join("\n"));
    });

program
    .command("drop-caches")
    .description("remove compiled packages (not the finished programs)")
    .action(() => fs.rmSync(path.join(cacheRoot(), "go-build"), { recursive: true, force: true }));

program.parseAsync().catch((error: unknown) => {
    console.error(error instanceof ToolchainError ? error.message : error);
    process.exitCode = 1;
});
