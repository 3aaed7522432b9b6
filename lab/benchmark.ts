import { Command, InvalidArgumentError } from "commander";
import * as fs from "node:fs";
import { comparisons, formatComparisons, type Measured, type Way } from "./benchmark/figures";
import { measure } from "./benchmark/runs";
import { cgroupSetup } from "./cgroup";
import { planLab } from "./plan";
import { formatSeconds } from "./progress";
import { removeLab } from "./remains";

interface BenchmarkOptions {
    readonly runs: number;
    readonly name: string;
    readonly range: string;
    readonly way?: Way;
    readonly output?: string;
}

const ways: readonly Way[] = ["pulumi up", "by hand"];

/**
 * Runs the ways in turn, so that what else happens on the machine falls on both alike. A run that fails ends it, and its
 * lab is left for a look.
 */
async function benchmark({ runs, name, range, way, output }: BenchmarkOptions): Promise<void> {
    const lab = planLab({ name, range });
    const measured: Measured[] = [];
    const save = (): void => {
        if (output !== undefined) {
            fs.writeFileSync(output, `${JSON.stringify({ runs: measured, ...comparisons(measured) }, null, 2)}\n`);
        }
    };
    for (let run = 1; run <= runs; run++) {
        for (const one of way ? [way] : ways) {
            console.error(`== run ${run} of ${runs}: ${one}`);
            const result = await measure(lab, one);
            measured.push(result);
            save();
            console.error(`== ${one}: ${formatSeconds(result.seconds)}`);
        }
    }
    await removeLab(lab, cgroupSetup(), "files", () => undefined);
    console.log(formatComparisons(measured));
}

function count(text: string): number {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) {
        throw new InvalidArgumentError("give a whole number, 1 or more");
    }
    return value;
}

function known(text: string): Way {
    const found = ways.find((candidate) => candidate === text);
    if (!found) {
        throw new InvalidArgumentError(`there are ${ways.map((one) => `"${one}"`).join(" and ")}`);
    }
    return found;
}

new Command("benchmark")
    .description("Times `pulumi up` of a region against the same region put up by hand, each time in a new lab.")
    .option("--runs <count>", "runs of each way", count, 5)
    .option("--way <way>", 'only "pulumi up" or "by hand"', known)
    .option("--name <name>", "name of the lab, which is removed at first and at the end", "bench")
    .option("--range <cidr>", "address range of the lab, a /24", "10.80.0.0/24")
    .option("--output <file>", "JSON of all runs and of the comparison, written after each run")
    .action(benchmark)
    .parseAsync()
    .catch((error: Error) => {
        console.error(process.env["FJORD_DEBUG"] ? error : `fjord: ${error.message}`);
        process.exitCode = 1;
    });
