import { Tally } from "../rules/core/judge";
import { Rule } from "../rules/core/rule";

/** The policy that says how often each rule was asked. It is off unless a configuration of the pack switches it on. */
export const coverageName = "coverage";

/** Configuration of the pack for a review, relative to the pack's folder. */
export const reviewConfig = "pack/review.json";

const counts = ["pass", "fail", "cannotTell", "notApplicable"] as const satisfies readonly (keyof Tally)[];

/** Tallies as a text that `parseCoverage` reads: by rule, in the order above. */
export const formatCoverage = (tallies: ReadonlyMap<Rule, Tally>): string =>
    JSON.stringify(Object.fromEntries([...tallies].map(([{ id }, tally]) => [id, counts.map((count) => tally[count])])));

/** The tallies in a text, wherever they stand in it; undefined where there are none. */
export function parseCoverage(text: string, rules: readonly Rule[]): ReadonlyMap<Rule, Tally> | undefined {
    const written = /^\{.*\}$/m.exec(text)?.[0];
    if (written === undefined) {
        return undefined;
    }
    const found = JSON.parse(written) as Readonly<Record<string, readonly number[]>>;
    return new Map(
        rules.flatMap((rule) => {
            const numbers = found[rule.id];
            const [pass = 0, fail = 0, cannotTell = 0, notApplicable = 0] = numbers ?? [];
            return numbers ? [[rule, { pass, fail, cannotTell, notApplicable }] as const] : [];
        }),
    );
}
