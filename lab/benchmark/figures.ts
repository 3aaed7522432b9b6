/** The way a region is put up. */
export type Way = "pulumi up" | "by hand";

/** One run of one way, in a lab of its own. */
export interface Measured {
    readonly way: Way;
    /** Seconds from the start of the region until all of it is healthy: nodes, pods, application, its page. */
    readonly seconds: number;
    /** Seconds since the start of the region by which something had been reached. */
    readonly milestones: Readonly<Record<string, number>>;
    /** Seconds of each phase of a whole lab, the region's among them. */
    readonly phases: Readonly<Record<string, number>>;
    /** MiB by which the machine's available memory fell at most. What else runs on the machine counts too. */
    readonly peakMemory: number;
    /** MiB that the lab's folder held at the end. */
    readonly disk: number;
}

/** Least, middle and greatest of some figures. */
export interface Spread {
    readonly min: number;
    readonly median: number;
    readonly max: number;
}

/** @throws if there are no figures. */
export function spread(figures: readonly number[]): Spread {
    const sorted = [...figures].sort((a, b) => a - b);
    const at = (index: number): number => {
        const value = sorted[index];
        if (value === undefined) {
            throw new Error("there are no figures to compare: run the benchmark with at least one run");
        }
        return value;
    };
    const half = sorted.length / 2;
    return { min: at(0), median: (at(Math.ceil(half) - 1) + at(Math.floor(half))) / 2, max: at(sorted.length - 1) };
}

/** A named figure of both ways. A way that has no such figure is left out. */
export interface Comparison {
    readonly name: string;
    readonly unit: "s" | "MiB";
    readonly ways: Readonly<Partial<Record<Way, Spread>>>;
    /** Median of `pulumi up` over median of by hand. */
    readonly ratio?: number;
}

function compare(runs: readonly Measured[], name: string, unit: Comparison["unit"], figure: (run: Measured) => number | undefined): Comparison {
    const of = (way: Way): Spread | undefined => {
        const figures = runs.filter((run) => run.way === way).flatMap((run) => figure(run) ?? []);
        return figures.length > 0 ? spread(figures) : undefined;
    };
    const [pulumi, hand] = [of("pulumi up"), of("by hand")];
    return {
        name,
        unit,
        ways: { ...(pulumi && { "pulumi up": pulumi }), ...(hand && { "by hand": hand }) },
        ...(pulumi && hand && hand.median > 0 ? { ratio: pulumi.median / hand.median } : {}),
    };
}

/** Names of a record of all runs, in the order in which they first appear. */
const names = (runs: readonly Measured[], record: (run: Measured) => object): readonly string[] => [...new Set(runs.flatMap((run) => Object.keys(record(run))))];

/** Everything that was measured, side by side: milestones, the whole region, phases of the lab, memory, disk. */
export function comparisons(runs: readonly Measured[]): {
    readonly milestones: readonly Comparison[];
    readonly region: Comparison;
    readonly phases: readonly Comparison[];
    readonly costs: readonly Comparison[];
} {
    return {
        milestones: names(runs, (run) => run.milestones).map((name) => compare(runs, name, "s", (run) => run.milestones[name])),
        region: compare(runs, "region in all", "s", (run) => run.seconds),
        phases: names(runs, (run) => run.phases).map((name) => compare(runs, name, "s", (run) => run.phases[name])),
        costs: [compare(runs, "memory, peak", "MiB", (run) => run.peakMemory), compare(runs, "disk, at the end", "MiB", (run) => run.disk)],
    };
}

function row({ name, unit, ways, ratio }: Comparison): string {
    const digits = unit === "s" ? 1 : 0;
    const cell = (figures: Spread | undefined): string =>
        (figures ? [figures.min, figures.median, figures.max].map((figure) => figure.toFixed(digits).padStart(7)).join(" ") : "").padEnd(26);
    return `  ${`${name} [${unit}]`.padEnd(30)}${cell(ways["pulumi up"])}${cell(ways["by hand"])}${ratio?.toFixed(2) ?? ""}`.trimEnd();
}

/** The comparison as a table: least, median and greatest of each way, and the ratio of the medians. */
export function formatComparisons(runs: readonly Measured[]): string {
    const { milestones, region, phases, costs } = comparisons(runs);
    const counted = (way: Way): string => `${way} (${runs.filter((run) => run.way === way).length} runs)`.padEnd(26);
    return [
        `  ${"".padEnd(30)}${counted("pulumi up")}${counted("by hand")}ratio`,
        `  ${"".padEnd(30)}${"    min     med     max".padEnd(26)}    min     med     max`,
        "time since the start of the region",
        ...milestones.map(row),
        row(region),
        "phases of a whole lab",
        ...phases.map(row),
        "costs",
        ...costs.map(row),
    ].join("\n");
}
