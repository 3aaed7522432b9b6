import { Command } from "commander";
import * as fs from "node:fs";
import * as path from "node:path";
import { catalogue } from "../../policies/rules/catalogue";
import { exitCodes } from "../../policies/reports/result";
import { explanation } from "./explain";
import { Filter, filtered, listing, listingJson, ruleOf } from "./list";
import { page, pageFile } from "./page";

interface Options extends Filter {
    readonly json?: boolean;
    readonly page?: boolean;
}

/** Writes the page where it is not what the rules say. */
function writePage(): string {
    const file = path.resolve(__dirname, "../..", pageFile);
    const text = page(catalogue);
    const current = fs.existsSync(file) && fs.readFileSync(file, "utf8") === text;
    if (!current) {
        fs.writeFileSync(file, text);
    }
    return `${pageFile}: ${current ? "is current" : "written"}\n`;
}

function answer(id: string | undefined, options: Options): string {
    if (options.page) {
        return writePage();
    }
    const rules = id === undefined ? filtered(catalogue, options) : [ruleOf(id, catalogue)];
    if (options.json) {
        return listingJson(rules);
    }
    const [rule] = rules;
    return id !== undefined && rule ? explanation(rule) : listing(rules);
}

/** Exit codes: 0 answered, 3 wrong use. */
new Command("rules")
    .description("Lists the rules that changes are reviewed by, and explains one.")
    .argument("[id]", "the rule to explain: FJ-NET-004")
    .option("--area <area>", "only this area: NET, or its name")
    .option("--severity <severity>", "only this severity")
    .option("--json", "for programs")
    .option("--page", `write ${pageFile}`)
    .exitOverride((error) => {
        process.exit(error.exitCode === 0 ? 0 : exitCodes.wrongUse);
    })
    .action((id: string | undefined, options: Options) => {
        process.stdout.write(answer(id, options));
    })
    .parseAsync()
    .catch((error: Error) => {
        process.stderr.write(`rules: ${error.message}\n`);
        process.exitCode = exitCodes.wrongUse;
    });
