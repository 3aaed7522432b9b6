import * as fs from "node:fs";
import * as path from "node:path";
import { labsDir, planLab, type Lab } from "./plan";

/** How a command names a lab. */
export interface LabName {
    readonly name: string;
    readonly range?: string;
}

const rangeFile = (dir: string): string => path.join(dir, "range");

/** Keeps a lab's range, so that later commands need only its name. */
export const keepRange = (lab: Lab): void => fs.writeFileSync(rangeFile(lab.dir), `${lab.range}\n`);

/** Names of the labs that this machine has, running or not. */
export function knownLabs(dir: string = labsDir()): string[] {
    return fs.existsSync(dir)
        ? fs
              .readdirSync(dir)
              .filter((name) => fs.existsSync(rangeFile(path.join(dir, name))))
              .sort()
        : [];
}

/**
 * The lab with this name, in the range that it was made in.
 *
 * @throws if it has another range than the one given
 */
export function findLab({ name, range }: LabName, dir: string = labsDir()): Lab {
    const file = rangeFile(path.join(dir, name));
    const kept = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim() : undefined;
    if (range !== undefined && kept !== undefined && range !== kept) {
        throw new Error(
            `lab "${name}" has range ${kept}, not ${range}\n` +
                "  what to do: leave out --range, choose another --name, or remove it first (npm run lab:down)",
        );
    }
    return planLab({ name, ...((range ?? kept) ? { range: range ?? kept } : {}), labsDir: dir });
}

/** The error of a command that needs a lab which is not there. */
export function noSuchLab(name: string, dir: string = labsDir()): Error {
    const others = knownLabs(dir).filter((known) => known !== name);
    const make = name === "lab" ? "npm run lab" : `npm run lab -- --name ${name}`;
    return new Error(
        `there is no lab "${name}"${others.length > 0 ? `; there are: ${others.join(", ")}` : ""}\n  what to do: ${make}`,
    );
}
