import * as path from "node:path";
import { z } from "zod";
import * as applications from "./checks/applications";
import * as guests from "./checks/guests";
import * as hypervisors from "./checks/hypervisors";
import * as images from "./checks/images";
import * as keys from "./checks/keys";
import * as kubernetes from "./checks/kubernetes";
import * as machines from "./checks/machines";
import * as mirrors from "./checks/mirrors";
import * as network from "./checks/network";
import * as plans from "./checks/plans";
import * as servers from "./checks/servers";
import { Draft, draftOf } from "./draft";
import { Described, problemsOf, shown } from "./problems";
import { resolveRegion, resolveTrust } from "./resolve";
import { issuesWithoutKind } from "./schema/machine";
import { RegionInput, regionSchema } from "./schema/region";
import { TrustInput, trustSchema } from "./schema/trust";
import { Problem, StackConfig } from "./types";

export { formatProblems } from "./problems";

/** Where a configuration is read. */
export interface LoadContext {
    /** Name of the stack: `no-oslo-1`. */
    readonly stack: string;
    /** The project's directory, for `file:` texts and the lock. Default: the one that this file is part of. */
    readonly directory?: string;
    /** Keys (`fjord:sealingKeys`) whose value must not be quoted, as Pulumi tells which are secret. */
    readonly secretKeys?: readonly string[];
    /** Default: now. Certificates are compared with it. */
    readonly now?: Date;
}

export type Loaded =
    { readonly ok: true; readonly config: StackConfig } | { readonly ok: false; readonly problems: readonly Problem[] };

const prefix = "fjord:";
const projectDirectory = path.resolve(__dirname, "../..");

/** Fields that are plain text in Pulumi's map; all others are JSON. */
const textFields = new Set(["kind", "name", "domain", "trustStack", "lock", "organization"]);

/** The fields below `fjord:` as values, and the names of those whose text is no JSON. */
function fieldsOf(raw: Readonly<Record<string, string>>): {
    readonly input: Record<string, unknown>;
    readonly unreadable: readonly string[];
} {
    const input: Record<string, unknown> = {};
    const unreadable: string[] = [];
    for (const [key, text] of Object.entries(raw).filter(([name]) => name.startsWith(prefix))) {
        const field = key.slice(prefix.length);
        try {
            input[field] = textFields.has(field) ? text : JSON.parse(text);
        } catch {
            input[field] = text;
            unreadable.push(field);
        }
    }
    return { input, unreadable };
}

function regionChecks(region: Draft<RegionInput>, stack: string, directory: string): Problem[] {
    const checks = [
        machines.controlPlaneCount,
        machines.somewhereToRun,
        machines.uniqueMachines,
        machines.nodeAddressGiven,
        machines.nodeNameLength,
        servers.uniqueServers,
        servers.hostKeys,
        plans.ownPlans,
        plans.knownPlans,
        hypervisors.uniqueHypervisors,
        hypervisors.hypervisorsGiven,
        hypervisors.pins,
        hypervisors.roomForEach,
        guests.guestNetworkGiven,
        guests.operatorKeysGiven,
        guests.gatewayInNetwork,
        guests.addressesInNetwork,
        images.ownImages,
        images.knownImages,
        network.clusterRanges,
        network.addressesOutsideCluster,
        network.sshSources,
        network.ports,
        network.preflightBounds,
        kubernetes.supportedVersion,
        kubernetes.apiName,
        mirrors.uniqueRegistries,
        applications.uniqueApplications,
        applications.projects,
        applications.destinations,
        applications.podSecurityAgrees,
        applications.knownHosts,
        applications.repositoriesAreKnown,
    ];
    return [
        ...checks.flatMap((check) => check(region)),
        ...guests.domainNameLength(region, stack),
        ...kubernetes.lockFits(region, directory),
        ...images.imagesAreLocked(region, directory),
        ...keys.driftKeys(region),
        ...keys.publicTexts(region, directory),
    ];
}

/** What users write, with descriptions and examples for messages. */
const described: Readonly<Record<StackConfig["kind"], Described>> = {
    region: z.toJSONSchema(regionSchema, { io: "input" }),
    trust: z.toJSONSchema(trustSchema, { io: "input" }),
};

/**
 * The configuration of a stack from Pulumi's map (`fjord:x` to text, objects as JSON), validated as a whole: either
 * everything is right and every default filled in, or every problem is reported at once.
 */
export function loadStackConfig(raw: Readonly<Record<string, string>>, context: LoadContext): Loaded {
    const { directory = projectDirectory, now = new Date(), secretKeys = [] } = context;
    const hidden = new Set(secretKeys.map((key) => key.slice(prefix.length)));
    const { input, unreadable } = fieldsOf(raw);
    // Without a usable kind the rest is still checked, as the kind that it looks like.
    const kind =
        input["kind"] === "trust" || (input["kind"] !== "region" && "sealingKeys" in input) ? "trust" : "region";
    const parsed = kind === "trust" ? trustSchema.safeParse(input) : regionSchema.safeParse(input);
    const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => issuesWithoutKind(issue, input));
    const problems = [
        ...issues.flatMap((issue) => problemsOf(issue, input, described[kind], hidden)),
        ...(kind === "trust"
            ? keys.sealingKeys(draftOf<TrustInput>(input, issues), now)
            : regionChecks(draftOf<RegionInput>(input, issues), context.stack, directory)),
    ];
    if (!parsed.success || problems.length > 0) {
        const plain = new Set(
            unreadable.filter((field) => field in (described[kind].properties ?? {})).map((field) => prefix + field),
        );
        return { ok: false, problems: problems.map((problem) => reworded(problem, input["kind"], plain)) };
    }
    const config =
        parsed.data.kind === "trust"
            ? resolveTrust(parsed.data, context.stack)
            : resolveRegion(parsed.data, context.stack, directory);
    return { ok: true, config };
}

/** Two problems that the schema cannot put well. `plain` are the paths of texts where a mapping or list belongs. */
function reworded(problem: Problem, kind: unknown, plain: ReadonlySet<string>): Problem {
    if (problem.path === "fjord:kind") {
        return {
            ...problem,
            message: kind === undefined ? "is missing" : `is ${shown(kind)}`,
            fix: "write region (a place with a cluster) or trust (the keys that outlive regions)",
        };
    }
    return plain.has(problem.path)
        ? {
              ...problem,
              message: "is a plain text where a mapping or list belongs",
              fix: `write it as YAML below ${problem.path}; on the command line use pulumi config set --path`,
          }
        : problem;
}
