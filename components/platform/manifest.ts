import * as yaml from "js-yaml";

/** The part of an object's metadata that fjord reads or writes. */
export interface ObjectMetadata {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
}

/** A Kubernetes object as a manifest has it. */
export interface KubernetesObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: ObjectMetadata;
    readonly [field: string]: unknown;
}

/** `Deployment/argocd-server`: unique within one upstream manifest. */
export function objectKey(object: KubernetesObject): string {
    return `${object.kind}/${object.metadata.name}`;
}

function isObject(value: unknown): value is KubernetesObject {
    const candidate = value as Partial<KubernetesObject> | null;
    return (
        typeof candidate === "object" &&
        typeof candidate?.apiVersion === "string" &&
        typeof candidate.kind === "string" &&
        typeof candidate.metadata?.name === "string"
    );
}

/**
 * The objects of a multi-document manifest, in its order; empty documents are left out.
 *
 * @param source what the text is, for messages: a file name or a URL.
 * @throws if the text is no YAML, or a document is no Kubernetes object.
 */
export function parseManifest(text: string, source: string): readonly KubernetesObject[] {
    const documents = yaml.loadAll(text, { filename: source });
    return documents
        .filter((document) => document !== null && document !== undefined)
        .map((document, index) => {
            if (!isObject(document)) {
                throw new Error(
                    `${source}: document ${index + 1} is no Kubernetes object, which has apiVersion, kind and ` +
                        "metadata.name. Check that the lock names the right file",
                );
            }
            return document;
        });
}
