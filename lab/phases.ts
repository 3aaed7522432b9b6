import * as fs from "node:fs";
import * as path from "node:path";
import type { Lab } from "./plan";
import type { Progress } from "./process";
import { formatSeconds, progressLine } from "./progress";

/** One phase of a run: what was done and how long it took. */
export interface Phase {
    readonly name: string;
    readonly seconds: number;
}

/** Measures the phases of a run and shows where it is. */
export class Phases {
    readonly done: Phase[] = [];

    /** Runs one phase; its progress is shown until it ends. */
    async run<T>(name: string, work: (progress: Progress) => Promise<T>): Promise<T> {
        const start = Date.now();
        const line = progressLine(name);
        try {
            const result = await work((text) => line.update(text));
            line.done("done");
            return result;
        } catch (error) {
            line.done("failed");
            throw error;
        } finally {
            this.done.push({ name, seconds: (Date.now() - start) / 1000 });
        }
    }

    /** A table of all phases, with their sum. */
    format(): string {
        const total = this.done.reduce((sum, phase) => sum + phase.seconds, 0);
        return [...this.done, { name: "in all", seconds: total }].map((phase) => `  ${phase.name.padEnd(26)}${formatSeconds(phase.seconds)}`).join("\n");
    }

    /** Keeps the figures beside the lab, for benchmarks. */
    save(lab: Lab): void {
        fs.writeFileSync(path.join(lab.dir, "phases.json"), `${JSON.stringify(this.done, null, 2)}\n`);
    }
}
