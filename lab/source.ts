import type { Probe } from "./probe";

/**
 * Where a lab's bytes come from. `upstream`: the public download sites and registries, as a region without mirrors has
 * them. `lab`: built on this machine from pinned Go modules, served by the lab's own mirrors.
 */
export type Source = "upstream" | "lab";

/** What a person may ask for; `auto` takes upstream where all of it can be reached. */
export const askedSources = ["auto", "upstream", "lab"] as const;
export type AskedSource = (typeof askedSources)[number];

/** Environment variable that says what is asked for where the option is not given. */
export const sourceVariable = "FJORD_LAB_SOURCE";

/**
 * What is asked for: the option, else the environment, else `auto`. Pure.
 *
 * @throws for any other word
 */
export function askedSource(option: string | undefined, env: NodeJS.ProcessEnv): AskedSource {
    const word = option ?? env[sourceVariable] ?? "auto";
    const asked = askedSources.find((candidate) => candidate === word);
    if (asked === undefined) {
        throw new Error(`"${word}" is not a source of a lab: use ${askedSources.join(", ")}`);
    }
    return asked;
}

/** What was decided, and why. */
export interface Decision {
    readonly source: Source;
    readonly why: string;
}

/** Facts that the decision rests on. */
export interface SourceFacts {
    readonly asked: AskedSource;
    /** The source that this lab was made from; undefined where it is not there yet. */
    readonly made: Source | undefined;
    /** How the hosts of the upstream source answered; none where they were not asked. */
    readonly probes: readonly Probe[];
}

/** True where the decision needs the hosts to be asked. */
export const needsProbes = ({ asked, made }: Omit<SourceFacts, "probes">): boolean =>
    asked === "auto" && made === undefined;

/** How many silent hosts are named: the first few tell what is wrong with a network. */
const shownHosts = 3;

/**
 * Decides the source of a lab. A lab that is there keeps its own, because its servers and its lock follow from it; else
 * what was asked for is taken as it is; else upstream, if every one of its hosts answered. Pure.
 *
 * @throws if another source is asked for than the lab was made from
 */
export function decideSource({ asked, made, probes }: SourceFacts): Decision {
    if (made !== undefined) {
        if (asked !== "auto" && asked !== made) {
            throw new Error(
                `the lab was made from source ${made}, and cannot be changed to ${asked}\n` +
                    "  what to do: leave out --source, choose another --name, or remove it first (npm run lab:down)",
            );
        }
        return { source: made, why: "the lab was made from it" };
    }
    if (asked !== "auto") {
        return { source: asked, why: "as asked" };
    }
    const silent = probes.filter(({ answers }) => !answers);
    const some = silent.slice(0, shownHosts).map(({ host, problem }) => `${host} (${problem})`);
    const rest = silent.length - some.length;
    return probes.length > 0 && silent.length === 0
        ? { source: "upstream", why: `all ${probes.length} of upstream's hosts answer` }
        : {
              source: "lab",
              why: `${silent.length} of upstream's ${probes.length} hosts do not answer: ${some.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
          };
}
