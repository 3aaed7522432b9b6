import { relationRule } from "../core/define";
import { at, Pods, podsOf } from "../core/pods";
import { Answer, notApplicable, Rule, RuleText } from "../core/rule";
import { KubernetesObject } from "../core/subject";
import { Surroundings } from "../core/surroundings";

/** A rule about the pods of an object, and how they stand to what else was seen. */
export function podRelationRule(
    kinds: readonly string[],
    text: RuleText,
    check: (pod: Pods, surroundings: Surroundings, object: KubernetesObject) => Answer,
): Rule {
    return relationRule(kinds, text, (object, surroundings) => {
        const pod = podsOf(object);
        return pod ? check(pod, surroundings, object) : notApplicable("has no pod template");
    });
}

/** The spec of an object as far as a rule reads it. */
export function specOf<Spec extends object>(object: KubernetesObject): Partial<Spec> {
    const { spec } = object;
    // Nobody has checked what is written: the type says which fields a rule looks for, and any of them may be missing.
    return typeof spec === "object" && spec !== null ? (spec as Partial<Spec>) : {};
}

/** All objects of some kinds that are in the namespace of another. */
export function neighbours(
    object: KubernetesObject,
    surroundings: Surroundings,
    ...kinds: readonly string[]
): readonly KubernetesObject[] {
    return surroundings.objectsIn(object.metadata.namespace, ...kinds);
}

type Labels = Readonly<Record<string, string>>;

/** A LabelSelector of Kubernetes. An empty one takes everything. */
export interface LabelSelector {
    readonly matchLabels?: Labels;
    readonly matchExpressions?: readonly {
        readonly key?: string;
        readonly operator?: string;
        readonly values?: readonly string[];
    }[];
}

/** Whether a selector takes something with these labels. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
    const all = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
    return (
        all &&
        (selector.matchExpressions ?? []).every(({ key = "", operator, values }) => {
            const value = labels[key];
            const named = value !== undefined && (values ?? []).includes(value);
            switch (operator) {
                case "In":
                    return named;
                case "NotIn":
                    return !named;
                case "Exists":
                    return value !== undefined;
                case "DoesNotExist":
                    return value === undefined;
                default:
                    return false;
            }
        })
    );
}

/** What rules read of a Service. */
export interface ServiceSpec {
    readonly type?: string;
    readonly selector?: Labels;
    readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly targetPort?: number | string }[];
    readonly externalIPs?: readonly string[];
    readonly publishNotReadyAddresses?: boolean;
}

/** The Services that send requests to the pods of an object. One that only collects metrics is none. */
export function servicesOf(object: KubernetesObject, pod: Pods, surroundings: Surroundings): readonly KubernetesObject[] {
    return neighbours(object, surroundings, "/Service").filter((service) => {
        const { selector, ports } = specOf<ServiceSpec>(service);
        const metricsOnly = (ports ?? []).length > 0 && (ports ?? []).every(({ name }) => /(^|-)metrics$/.test(name ?? ""));
        // A Service without selector has its addresses from elsewhere.
        const taken =
            Object.keys(selector ?? {}).length > 0 && selects({ matchLabels: selector ?? {} }, pod.metadata.labels ?? {});
        return taken && !metricsOnly;
    });
}

/** The least number of pods that an object of a kind with replicas runs, where it is not scaled by hand. */
export function leastReplicas(object: KubernetesObject, surroundings: Surroundings): number {
    const scaler = neighbours(object, surroundings, "autoscaling/HorizontalPodAutoscaler").find((one) => {
        const target = at(one, ["spec", "scaleTargetRef"]);
        return at(target, ["kind"]) === object.kind && at(target, ["name"]) === object.metadata.name;
    });
    return (scaler ? specOf<{ minReplicas: number }>(scaler).minReplicas : specOf<{ replicas: number }>(object).replicas) ?? 1;
}

/** A number, or a share of a whole: `"25%"`. */
export type Share = number | string;

/** How many of a whole it is; undefined where it is neither a number nor a share. */
export function partOf(share: Share, whole: number, round: (value: number) => number): number | undefined {
    if (typeof share === "number") {
        return share;
    }
    const percent = /^(\d+)%$/.exec(share)?.[1];
    return percent === undefined ? undefined : round((Number(percent) * whole) / 100);
}

/** Argo CD runs what carries one of these once, at a sync, and does not compare it with Git afterwards. */
export const isHook = ({ metadata }: KubernetesObject): boolean =>
    ["argocd.argoproj.io/hook", "helm.sh/hook"].some((key) => metadata.annotations?.[key] !== undefined);
