import { labPlan, Plan, planNamed, planNames } from "../../../components/machines/plans";
import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr } from "../draft";
import { formatPath } from "../problems";
import { kindOf } from "../schema/machine";
import { RegionInput } from "../schema/region";
import { oneOf } from "../suggestion";
import { mib, Problem } from "../types";
import { repetitions } from "./machines";

type Region = Draft<RegionInput>;

/** Names of the region's own plans; undefined where one of them is unusable, so that nobody knows them all. */
function ownNames(region: Region): readonly string[] | undefined {
    const own = fieldOr(region, "plans", []);
    const names = own?.map((plan) => plan?.name);
    return names === undefined || names.includes(undefined) ? undefined : (names as readonly string[]);
}

/** A plan's figures, as far as they are usable. */
export function planOf(region: Region, name: string): Omit<Plan, "io"> | undefined {
    if (planNames.includes(name)) {
        return planNamed(name);
    }
    const own = entriesOf(region.plans).find(([, plan]) => plan.name === name)?.[1];
    return own?.vcpus === undefined || own.memoryMiB === undefined || own.diskGiB === undefined
        ? undefined
        : { name, vcpus: own.vcpus, memory: mib(own.memoryMiB), diskGiB: own.diskGiB };
}

/** A name means one plan, in every region the same where the catalogue has it. */
export function ownPlans(region: Region): Problem[] {
    const names = entriesOf(region.plans).flatMap(([i, { name }]) =>
        name === undefined ? [] : [{ path: ["plans", i, "name"], key: name }],
    );
    return [
        ...names
            .filter(({ key }) => planNames.includes(key))
            .map(({ path, key }) => ({
                path: formatPath(path),
                message: `"${key}" is a plan of the catalogue`,
                fix: "give the region's own plan another name; a machine may name the catalogue's as it is",
            })),
        ...repetitions(
            names,
            (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
            "give every plan a name of its own",
        ),
    ];
}

export function knownPlans(region: Region): Problem[] {
    const own = ownNames(region);
    return entriesOf(region.machines).flatMap(([i, machine]) => {
        const plan = fieldOr(machine, "plan", defaults.plan);
        const path = formatPath(["machines", i, "plan"]);
        const guest = kindOf(machine) === "libvirt";
        const known = [...planNames.filter((name) => !guest || name !== labPlan), ...(own ?? [])];
        if (plan === undefined || known.includes(plan)) {
            return [];
        }
        const fix = oneOf(plan, known);
        if (plan === labPlan) {
            return [{ path, message: `"${plan}" promises nothing, and a guest is made of its plan`, fix }];
        }
        // An own plan whose name is unusable may be the one that is meant.
        const message = `"${plan}" is not a plan of the catalogue or of fjord:plans`;
        return own === undefined ? [] : [{ path, message, fix }];
    });
}
