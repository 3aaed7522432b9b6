import { fault, must, relationRule } from "../core/define";
import { podsOf } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { Surroundings } from "../core/surroundings";
import { KubernetesObject } from "../core/subject";
import { upstream } from "./references";
import { LabelSelector, leastReplicas, neighbours, partOf, podRelationRule, selects, Share, specOf } from "./relations";

interface DisruptionBudget {
    readonly selector?: LabelSelector;
    readonly minAvailable?: Share;
    readonly maxUnavailable?: Share;
}

const budgetKind = "policy/PodDisruptionBudget";
const counted = ["apps/Deployment", "apps/StatefulSet"];
const documentation = upstream("https://kubernetes.io/docs/tasks/run-application/configure-pdb/");

/** Whether a budget is about the pods of an object. One without a selector is about none. */
function covers(budget: KubernetesObject, object: KubernetesObject): boolean {
    const { selector } = specOf<DisruptionBudget>(budget);
    return selector !== undefined && selector !== null && selects(selector, podsOf(object)?.metadata.labels ?? {});
}

/** How many pods are kept that a budget is about, or undefined where what makes them was not seen. */
function guardedPods(budget: KubernetesObject, surroundings: Surroundings): number | undefined {
    const owners = neighbours(budget, surroundings, ...counted).filter((object) => covers(budget, object));
    return owners.length === 0 ? undefined : owners.reduce((sum, object) => sum + leastReplicas(object, surroundings), 0);
}

const isNone = (share: Share | undefined): boolean => share === 0 || share === "0" || share === "0%";

/** What drains and evictions may take away. */
export const disruptionRules: readonly Rule[] = [
    podRelationRule(
        counted,
        {
            id: "FJ-WRK-038",
            title: "What runs more than once keeps some of its pods through a drain",
            severity: "medium",
            why: "When nodes are drained one after the other, all pods may be away at the same time.",
            mend: "Write a PodDisruptionBudget with maxUnavailable: 1 whose selector takes the pods.",
            references: [documentation],
        },
        (_, surroundings, object) => {
            const replicas = leastReplicas(object, surroundings);
            if (replicas < 2) {
                return notApplicable("runs once");
            }
            const budgets = neighbours(object, surroundings, budgetKind);
            return must(
                budgets.some((budget) => covers(budget, object)),
                ["spec", "replicas"],
                `is ${replicas}, and no PodDisruptionBudget takes these pods`,
            );
        },
    ),
    relationRule(
        [budgetKind],
        {
            id: "FJ-WRK-039",
            title: "A disruption budget lets a drain go on",
            severity: "medium",
            why: "Where no pod may go, a node cannot be drained: upgrades and replacements stop there until somebody steps in.",
            mend: "Write maxUnavailable: 1, or minAvailable below the number of replicas.",
            references: [documentation],
        },
        (object, surroundings) => {
            const { minAvailable, maxUnavailable } = specOf<DisruptionBudget>(object);
            if (isNone(maxUnavailable)) {
                return [fault(["spec", "maxUnavailable"], `is ${maxUnavailable}`)];
            }
            if (minAvailable === "100%") {
                return [fault(["spec", "minAvailable"], "is 100%")];
            }
            const pods = guardedPods(object, surroundings);
            // Nobody can say how many pods there are where what makes them lies elsewhere.
            if (minAvailable === undefined || pods === undefined || pods === 0) {
                return [];
            }
            const kept = partOf(minAvailable, pods, Math.ceil) ?? 0;
            return must(kept < pods, ["spec", "minAvailable"], `is ${minAvailable}, and there may be only ${pods} of its pods`);
        },
    ),
];
