import { groupKind } from "./pods";
import { Published, PublishedType } from "./published";
import { seen } from "./seen";
import { KubernetesObject, Subject } from "./subject";

type Objects = readonly KubernetesObject[];

const none: Objects = [];

function grouped<K>(objects: Objects, keyOf: (object: KubernetesObject) => K): ReadonlyMap<K, Objects> {
    const groups = new Map<K, KubernetesObject[]>();
    for (const object of objects) {
        const key = keyOf(object);
        const group = groups.get(key);
        if (group) {
            group.push(object);
        } else {
            groups.set(key, [object]);
        }
    }
    return groups;
}

/**
 * Everything that one reader saw, for rules about how things stand to each other. What is asked often is looked up and not
 * searched: a rule asks for every object.
 */
export class Surroundings {
    private readonly specs = new Map<PublishedType, unknown>();
    private readonly byNamespace = new Map<string, ReadonlyMap<string | undefined, Objects>>();
    private byKind?: ReadonlyMap<string, Objects>;

    /** Their opaque parts throw when they are touched. */
    readonly subjects: readonly Subject[];

    constructor(
        subjects: readonly Subject[],
        /** The day on which it was seen, in UTC: `2026-11-23`. Rules have no other clock. */
        readonly today: string,
    ) {
        this.subjects = subjects.map(seen);
    }

    /** The objects of some kinds, each written `group/Kind`. */
    objects(...kinds: readonly string[]): Objects {
        this.byKind ??= grouped(
            this.subjects.flatMap((subject) => (subject.kind === "object" ? [subject.object] : [])),
            groupKind,
        );
        const found = kinds.map((kind) => this.byKind?.get(kind) ?? none);
        return found.length === 1 ? (found[0] ?? none) : found.flat();
    }

    /** Those of them in one namespace; cluster-wide ones, and those that name none, where it is undefined. */
    objectsIn(namespace: string | undefined, ...kinds: readonly string[]): Objects {
        return kinds.flatMap((kind) => {
            const groups = this.byNamespace.get(kind) ?? grouped(this.objects(kind), ({ metadata }) => metadata.namespace);
            this.byNamespace.set(kind, groups);
            return groups.get(namespace) ?? none;
        });
    }

    /** What the first component of a type publishes; absent where there is none. */
    published<T extends PublishedType>(type: T): Published[T] | undefined {
        if (!this.specs.has(type)) {
            const found = this.subjects.find((subject) => subject.kind === "resource" && subject.type === type);
            this.specs.set(type, found?.kind === "resource" ? found.inputs : undefined);
        }
        // What is published has this type by construction (components/*/published.ts).
        return this.specs.get(type) as Published[T] | undefined;
    }
}
