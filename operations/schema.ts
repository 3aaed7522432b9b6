import * as fs from "node:fs";
import { Command } from "commander";
import { stackFileSchemaText } from "../infra/config/json-schema";

/** The committed schema, relative to the project. */
const standardFile = "stacks/fjord.schema.json";

function write({ out, check }: { readonly out: string; readonly check?: boolean }): void {
    const text = stackFileSchemaText();
    const current = fs.existsSync(out) && fs.readFileSync(out, "utf8") === text;
    if (check && !current) {
        process.stderr.write(
            `schema: ${out} is not what the program's schema says; run \`npm run schema\` and commit it\n`,
        );
        process.exitCode = 1;
    } else if (!current) {
        fs.writeFileSync(out, text);
    }
    if (current || !check) {
        process.stdout.write(`${out}: ${current ? "is current" : "written"}\n`);
    }
}

new Command("schema")
    .description("Writes the JSON Schema of stack files, which gives editors completion, documentation and errors.")
    .option("--out <file>", "the schema's file", standardFile)
    .option("--check", "write nothing; fail where the file is not current")
    .action(write)
    .parse();
