import { Path } from "./opaque";
import { Container, containersOf, groupKind, Pods, podsOf, runsPods } from "./pods";
import { Published, PublishedType } from "./published";
import { Answer, Fault, notApplicable, Rule, RuleText } from "./rule";
import { KubernetesObject, ObjectSubject, ResourceSubject, Source } from "./subject";
import { Surroundings } from "./surroundings";

/** All readers: most rules hold for what is planned, what lies in Git and what is. */
const everywhere: readonly Source[] = ["stack", "git", "state"];

/** What a rule may say beside its text. */
interface Options {
    /** Default: all. */
    readonly sources?: readonly Source[];
}

/** One fault. */
export const fault = (at: Path, message: string): Fault => ({ at, message });

/** No fault where the condition holds, else this one. */
export const must = (holds: boolean, at: Path, message: string): readonly Fault[] => (holds ? [] : [fault(at, message)]);

/** A rule about what a component of fjord publishes of itself. */
export function publishedRule<T extends PublishedType>(
    type: T,
    text: RuleText & Options,
    check: (spec: Published[T], subject: ResourceSubject, surroundings: Surroundings) => Answer,
): Rule {
    return {
        sources: everywhere,
        ...text,
        appliesTo: type,
        needsSurroundings: false,
        applies: (subject) => subject.kind === "resource" && subject.type === type,
        // What is published has this type by construction (components/*/published.ts).
        check: (subject, surroundings) =>
            check((subject as ResourceSubject).inputs as unknown as Published[T], subject as ResourceSubject, surroundings),
    };
}

/** A rule about resources of Pulumi, by the type token or a pattern of it. */
export function resourceRule(type: string | RegExp, text: RuleText & Options, check: (subject: ResourceSubject) => Answer): Rule {
    const matches = (token: string): boolean => (typeof type === "string" ? token === type : type.test(token));
    return {
        sources: everywhere,
        ...text,
        appliesTo: typeof type === "string" ? type : `resources of type ${type.source}`,
        needsSurroundings: false,
        applies: (subject) => subject.kind === "resource" && matches(subject.type),
        check: (subject) => check(subject as ResourceSubject),
    };
}

/** A rule about Kubernetes objects of some kinds, written `group/Kind`, with an empty group for the core: `/Secret`. */
export function objectRule(
    kinds: readonly string[],
    text: RuleText & Options,
    check: (object: KubernetesObject, subject: ObjectSubject) => Answer,
): Rule {
    return {
        sources: everywhere,
        ...text,
        appliesTo: kinds.map((kind) => kind.replace(/^\//, "")).join(", "),
        needsSurroundings: false,
        applies: (subject) => subject.kind === "object" && kinds.includes(groupKind(subject.object)),
        check: (subject) => check((subject as ObjectSubject).object, subject as ObjectSubject),
    };
}

/** A rule about every Kubernetes object, of whatever kind. */
export function anyObjectRule(text: RuleText & Options, check: (object: KubernetesObject) => Answer): Rule {
    return { ...objectRule([], text, check), appliesTo: "every object", applies: (subject) => subject.kind === "object" };
}

/** A rule about objects of some kinds, and how they stand to all others that the same reader saw. */
export function relationRule(
    kinds: readonly string[],
    text: RuleText & Options,
    check: (object: KubernetesObject, surroundings: Surroundings, subject: ObjectSubject) => Answer,
): Rule {
    return {
        ...objectRule(kinds, text, () => []),
        needsSurroundings: true,
        check: (subject, surroundings) => check((subject as ObjectSubject).object, surroundings, subject as ObjectSubject),
    };
}

/** A rule about the pods of whatever makes pods. */
export function podRule(text: RuleText & Options, check: (pod: Pods, object: KubernetesObject) => Answer): Rule {
    return {
        sources: everywhere,
        ...text,
        appliesTo: "everything that runs pods",
        needsSurroundings: false,
        applies: (subject) => subject.kind === "object" && runsPods(subject.object),
        check: (subject) => {
            const { object } = subject as ObjectSubject;
            const pod = podsOf(object);
            return pod ? check(pod, object) : notApplicable("has no pod template");
        },
    };
}

/** A rule about every container of whatever makes pods; one that is not meant for a container has no fault in it. */
export function containerRule(text: RuleText & Options, check: (container: Container) => readonly Fault[]): Rule {
    return { ...podRule(text, (pod) => containersOf(pod).flatMap(check)), appliesTo: "every container" };
}
