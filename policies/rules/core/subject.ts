import { Path } from "./opaque";

/**
 * Which reader saw it. `stack`: what a program wants to be, at preview or during an update. `git`: what Argo CD would
 * apply. `state`: what a checkpoint says that is.
 */
export type Source = "stack" | "git" | "state";

/** A place in a file that people can open. */
export interface Place {
    /** Relative to the root of its repository, with `/`. */
    readonly file: string;
    /** From 1. */
    readonly line: number;
}

/** What every subject has. */
interface SubjectBase {
    readonly source: Source;
    /**
     * What reports and exceptions call it. The same from every source: `Deployment.apps/payment-prod/web` for an object,
     * `fjord:nodes:Node::no-oslo-1-nodes-cp-01` for another resource of Pulumi.
     */
    readonly id: string;
    /** Where a part of it is written; absent where nothing tells. Asked only for what is reported. */
    readonly locate?: (path: Path) => Place | undefined;
    /** What Pulumi knows of it beside its properties; absent for what only lies in Git. */
    readonly resource?: ResourceFacts;
}

/** What Pulumi knows of a resource beside its properties. */
export interface ResourceFacts {
    readonly urn: string;
    readonly protect: boolean;
    readonly ignoreChanges: readonly string[];
    readonly additionalSecretOutputs: readonly string[];
}

/** A Kubernetes object as written; only what is checked here is certain. */
export interface KubernetesObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: {
        readonly name: string;
        readonly namespace?: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly [field: string]: unknown;
}

/**
 * A Kubernetes object, whoever brings it: the stack, or Git. Files of Kustomize and Helm that are shaped like objects
 * (`Kustomization`, `Chart`) are objects too, so that rules can look at what they fetch.
 */
export interface ObjectSubject extends SubjectBase {
    readonly kind: "object";
    readonly object: KubernetesObject;
}

/** A resource of Pulumi that is no Kubernetes object. The inputs of fjord's components are what they publish. */
export interface ResourceSubject extends SubjectBase {
    readonly kind: "resource";
    readonly resource: ResourceFacts;
    /** `fjord:nodes:Node`, `tls:index/privateKey:PrivateKey` */
    readonly type: string;
    /** The last part of the URN. */
    readonly name: string;
    readonly inputs: Readonly<Record<string, unknown>>;
    /** Only a checkpoint has them. */
    readonly outputs?: Readonly<Record<string, unknown>>;
}

export type Subject = ObjectSubject | ResourceSubject;

/** `apps` of `apps/v1`; empty for the core group. */
export const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "");

/** The name of an object for reports and exceptions. */
export function objectId({ apiVersion, kind, metadata }: KubernetesObject): string {
    const group = groupOf(apiVersion);
    return `${kind}${group === "" ? "" : `.${group}`}/${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
}
