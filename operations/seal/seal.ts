import { KeyObject } from "node:crypto";
import { encryptionLabel, openValue, Scope, sealValue } from "./crypto";
import { isMapping, ManifestError, Mapping } from "./manifest";

const annotationOf = {
    "namespace-wide": "sealedsecrets.bitnami.com/namespace-wide",
    "cluster-wide": "sealedsecrets.bitnami.com/cluster-wide",
} as const;

/** Copies of the whole Secret, values included, that tools leave in annotations. */
const copiesOfTheSecret = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubecfg.ksonnet.io/last-applied-configuration",
];

/**
 * Fields of metadata that go into the template, in the order of the Kubernetes API. The others belong to a live
 * object.
 */
const templateFields = ["name", "generateName", "namespace", "labels", "annotations", "finalizers", "managedFields"];

/** The metadata that sealing looks at. */
export interface Metadata extends Mapping {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
}

/** A SealedSecret as kubeseal writes it. */
export interface SealedSecret {
    readonly kind: "SealedSecret";
    readonly apiVersion: "bitnami.com/v1alpha1";
    readonly metadata: Metadata;
    readonly spec: {
        readonly template: { readonly metadata: Metadata; readonly type?: string; readonly immutable?: boolean };
        readonly encryptedData: Readonly<Record<string, string>>;
    };
}

/** The scope that a manifest's annotations ask for, as the controller reads them. */
export function scopeOf(annotations: Readonly<Record<string, string>> = {}): Scope {
    const wide = (["cluster-wide", "namespace-wide"] as const).find(
        (scope) => annotations[annotationOf[scope]] === "true",
    );
    return wide ?? "strict";
}

function texts(value: unknown, field: string): Record<string, string> {
    if (value === undefined || value === null) {
        return {};
    }
    if (!isMapping(value)) {
        throw new ManifestError(`${field} is not a mapping`);
    }
    return Object.fromEntries(
        Object.entries(value).map(([key, item]) => {
            if (typeof item !== "string") {
                throw new ManifestError(`${field}["${key}"] is not a text; put it in quotes`);
            }
            return [key, item];
        }),
    );
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The values of a Secret by key; `stringData` goes over `data`, as in the API server. */
function valuesOf(secret: Mapping): ReadonlyMap<string, Buffer> {
    const data = Object.entries(texts(secret["data"], "data")).map(([key, text]): [string, Buffer] => {
        const joined = text.replaceAll(/[\r\n]/g, "");
        if (!base64.test(joined)) {
            throw new ManifestError(`data["${key}"] is not base64; write plain values under stringData`);
        }
        return [key, Buffer.from(joined, "base64")];
    });
    const plain = Object.entries(texts(secret["stringData"], "stringData")).map(([key, text]): [string, Buffer] => [
        key,
        Buffer.from(text),
    ]);
    return new Map([...data, ...plain]);
}

function byKey<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
    return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The annotations with those of a scope, and no other scope's. `strict` keeps what the manifest says, as in kubeseal.
 */
function annotated(annotations: Readonly<Record<string, string>>, scope: Scope): Record<string, string> {
    if (scope === "strict") {
        return { ...annotations };
    }
    const others = Object.entries(annotations).filter(([key]) => !Object.values<string>(annotationOf).includes(key));
    return Object.fromEntries([...others, [annotationOf[scope], "true"]]);
}

function templateMetadata(metadata: Mapping, annotations: Readonly<Record<string, string>>): Metadata {
    const kept = Object.entries(annotations).filter(([key]) => !copiesOfTheSecret.includes(key));
    const all: Mapping = {
        ...metadata,
        annotations: byKey(kept),
        labels: byKey(Object.entries(texts(metadata["labels"], "metadata.labels"))),
    };
    const present = (value: unknown) =>
        value !== undefined &&
        value !== null &&
        value !== "" &&
        (typeof value !== "object" || Object.keys(value).length > 0);
    return Object.fromEntries(
        templateFields.filter((field) => present(all[field])).map((field) => [field, all[field]]),
    ) as Metadata;
}

/**
 * Seals a Secret's manifest. The result is what kubeseal 0.40 writes for the same input. `scope` other than `strict`
 * goes over the manifest's annotations. Throws `ManifestError` for what is not a Secret, has no name, has no namespace
 * where the scope needs one, has no values, or has `data` that is not base64.
 */
export function sealSecret(secret: Mapping, publicKey: KeyObject, scope: Scope = "strict"): SealedSecret {
    const { kind, metadata, type, immutable } = secret;
    if (kind !== "Secret") {
        throw new ManifestError(
            `the manifest is of kind ${typeof kind === "string" ? kind : "(none)"}; only a Secret can be sealed`,
        );
    }
    const name = isMapping(metadata) ? metadata["name"] : undefined;
    if (!isMapping(metadata) || typeof name !== "string" || name === "") {
        throw new ManifestError("the Secret has no metadata.name");
    }
    const annotations = annotated(texts(metadata["annotations"], "metadata.annotations"), scope);
    const effective = scopeOf(annotations);
    const namespace = typeof metadata["namespace"] === "string" ? metadata["namespace"] : "";
    if (namespace === "" && effective !== "cluster-wide") {
        throw new ManifestError(
            `the Secret ${name} has no metadata.namespace, which the scope ${effective} binds it to`,
        );
    }
    const values = valuesOf(secret);
    if (values.size === 0) {
        throw new ManifestError(`the Secret ${name} has neither data nor stringData`);
    }
    const label = encryptionLabel(effective, namespace, name);
    return {
        kind: "SealedSecret",
        apiVersion: "bitnami.com/v1alpha1",
        metadata: {
            name,
            ...(namespace !== "" && { namespace }),
            ...(effective !== "strict" && { annotations: { [annotationOf[effective]]: "true" } }),
        },
        spec: {
            template: {
                metadata: templateMetadata(metadata, annotations),
                ...(typeof type === "string" && type !== "" && { type }),
                ...(typeof immutable === "boolean" && { immutable }),
            },
            encryptedData: byKey([...values].map(([key, value]) => [key, sealValue(publicKey, label, value)])),
        },
    };
}

/** A Secret that was opened. */
export interface OpenedSecret {
    readonly metadata: Metadata;
    readonly type?: string;
    /** The values by key, in clear. */
    readonly values: ReadonlyMap<string, Buffer>;
}

/**
 * Opens a SealedSecret with private keys (PEM), as the controller does: the scope is that of its own annotations. For
 * disaster recovery and tests. Throws, naming the key, where a value cannot be opened.
 */
export function openSecret(sealed: SealedSecret, privateKeys: readonly string[]): OpenedSecret {
    const { metadata, spec } = sealed;
    const label = encryptionLabel(scopeOf(metadata.annotations), metadata.namespace ?? "", metadata.name);
    const values = Object.entries(spec.encryptedData).map(([key, value]): [string, Buffer] => {
        try {
            return [key, openValue(privateKeys, label, value)];
        } catch (error) {
            throw new Error(`${metadata.namespace ?? ""}/${metadata.name}, ${key}: ${(error as Error).message}`);
        }
    });
    return {
        metadata: spec.template.metadata,
        ...(spec.template.type !== undefined && { type: spec.template.type }),
        values: new Map(values),
    };
}
