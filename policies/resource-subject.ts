import { Opaque } from "./rules/core/opaque";
import { KubernetesObject, objectId, Place, ResourceFacts, Source, Subject } from "./rules/core/subject";
import { Fields, fieldsOf } from "./rules/values";

/** A resource of Pulumi as a reader sees it; what the reader could not see in it is `Opaque`. */
export interface SeenResource {
    readonly type: string;
    readonly name: string;
    readonly urn: string;
    /** Its inputs. */
    readonly properties: Readonly<Record<string, unknown>>;
    /** Only a checkpoint has them. */
    readonly outputs?: Readonly<Record<string, unknown>>;
    readonly options?: Partial<Omit<ResourceFacts, "urn">>;
    /** Where the program makes it, if that was recorded. */
    readonly place?: Place;
}

/** Modules of the Kubernetes provider whose resources are no single object: what they make are resources of their own. */
const containers = /^(helm\.sh|yaml|kustomize)(\/|$)/;

/**
 * The version and kind in a type token such as `kubernetes:apps/v1:Deployment`, or undefined where a token is of
 * something else. A patch (`DeploymentPatch`) is a part of an object: rules for whole ones do not fit it.
 */
function kindOf(type: string, properties: Fields): { readonly apiVersion: string; readonly kind: string } | undefined {
    const [, module, token] = /^kubernetes:([^:]+\/[^:]+):([^:]+)$/.exec(type) ?? [];
    if (module === undefined || token === undefined || containers.test(module)) {
        return undefined;
    }
    const written = (field: "apiVersion" | "kind"): string | undefined => {
        const value = properties[field];
        return typeof value === "string" ? value : undefined;
    };
    const kind = written("kind") ?? token;
    if (token === `${kind}Patch`) {
        return undefined;
    }
    // The core group has no name in `apiVersion`, and the name "core" in tokens.
    return { apiVersion: written("apiVersion") ?? module.replace(/^core\//, ""), kind };
}

/**
 * What rules see of a resource of Pulumi: an object where it is one of Kubernetes, else a resource. An object whose name
 * nobody can see yet stays an object, so that no rule is evaded by it: reports call it by its name in Pulumi.
 */
export function subjectOf(seen: SeenResource, source: Source): Subject {
    const { type, name, urn, properties, outputs, options = {}, place } = seen;
    const resource: ResourceFacts = {
        urn,
        protect: options.protect ?? false,
        ignoreChanges: options.ignoreChanges ?? [],
        additionalSecretOutputs: options.additionalSecretOutputs ?? [],
    };
    const base = { source, resource, ...(place && { locate: () => place }) };
    const kind = kindOf(type, properties);
    if (kind === undefined) {
        return { ...base, kind: "resource", id: `${type}::${name}`, type, name, inputs: properties, ...(outputs && { outputs }) };
    }
    const written = properties["metadata"];
    const fields = fieldsOf(written);
    const metadata = written instanceof Opaque ? written : { ...fields, name: fields["name"] ?? name };
    // An opaque part throws as soon as a rule touches it, so it stands in for any type.
    const object = { ...properties, ...kind, metadata } as unknown as KubernetesObject;
    const text = (field: "name" | "namespace"): string | undefined => {
        const value = fields[field];
        return typeof value === "string" ? value : undefined;
    };
    const id = objectId({ ...kind, metadata: { name: text("name") ?? name, namespace: text("namespace") } });
    return { ...base, kind: "object", id, object };
}
