import { Path } from "./opaque";
import { groupOf, KubernetesObject } from "./subject";

/** A container as far as rules look at it. Whatever is written in a manifest may lack any of it. */
export interface ContainerSpec {
    readonly name?: string;
    readonly image?: string;
    readonly imagePullPolicy?: string;
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    readonly env?: readonly { readonly name?: string; readonly value?: string; readonly valueFrom?: Readonly<Record<string, unknown>> }[];
    readonly envFrom?: readonly Readonly<Record<string, unknown>>[];
    readonly ports?: readonly { readonly containerPort?: number; readonly hostPort?: number }[];
    readonly resources?: {
        readonly requests?: Readonly<Record<string, string | number>>;
        readonly limits?: Readonly<Record<string, string | number>>;
    };
    readonly livenessProbe?: object;
    readonly readinessProbe?: object;
    readonly startupProbe?: object;
    readonly securityContext?: {
        readonly privileged?: boolean;
        readonly allowPrivilegeEscalation?: boolean;
        readonly readOnlyRootFilesystem?: boolean;
        readonly runAsNonRoot?: boolean;
        readonly runAsUser?: number;
        readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
        readonly seccompProfile?: { readonly type?: string };
        readonly procMount?: string;
    };
    readonly volumeMounts?: readonly { readonly name?: string; readonly mountPath?: string; readonly readOnly?: boolean }[];
    /** `Always` makes an init container a sidecar. */
    readonly restartPolicy?: string;
}

/** The spec of a pod as far as rules look at it. */
export interface PodSpec {
    readonly containers?: readonly ContainerSpec[];
    readonly initContainers?: readonly ContainerSpec[];
    readonly ephemeralContainers?: readonly ContainerSpec[];
    readonly hostNetwork?: boolean;
    readonly hostPID?: boolean;
    readonly hostIPC?: boolean;
    readonly serviceAccountName?: string;
    readonly automountServiceAccountToken?: boolean;
    readonly securityContext?: {
        readonly runAsNonRoot?: boolean;
        readonly runAsUser?: number;
        readonly seccompProfile?: { readonly type?: string };
        readonly sysctls?: readonly { readonly name?: string; readonly value?: string }[];
    };
    readonly volumes?: readonly Readonly<Record<string, unknown>>[];
    readonly affinity?: { readonly podAntiAffinity?: object };
    readonly topologySpreadConstraints?: readonly object[];
    readonly tolerations?: readonly { readonly key?: string; readonly operator?: string; readonly effect?: string }[];
    readonly priorityClassName?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly nodeName?: string;
}

/** The pods that an object makes. */
export interface Pods {
    /** Where the spec is in the object. */
    readonly at: Path;
    readonly spec: PodSpec;
    readonly metadata: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
}

/** A container with its place. */
export interface Container {
    readonly at: Path;
    readonly role: "main" | "init" | "sidecar" | "ephemeral";
    readonly spec: ContainerSpec;
    readonly pod: Pods;
}

/** Where each kind that runs pods has its template; a Pod is one itself. */
const templates: Readonly<Record<string, Path>> = {
    "/Pod": [],
    "/ReplicationController": ["spec", "template"],
    "/PodTemplate": ["template"],
    "apps/Deployment": ["spec", "template"],
    "apps/StatefulSet": ["spec", "template"],
    "apps/DaemonSet": ["spec", "template"],
    "apps/ReplicaSet": ["spec", "template"],
    "batch/Job": ["spec", "template"],
    "batch/CronJob": ["spec", "jobTemplate", "spec", "template"],
};

/** Everything that runs pods. */
export const podKinds: readonly string[] = Object.keys(templates);

/** `apps/Deployment`: what kinds are looked up by; versions of a group do not matter to rules. */
export const groupKind = ({ apiVersion, kind }: Pick<KubernetesObject, "apiVersion" | "kind">): string =>
    `${groupOf(apiVersion)}/${kind}`;

export const runsPods = (object: Pick<KubernetesObject, "apiVersion" | "kind">): boolean => groupKind(object) in templates;

/** A mapping or a list: paths lead into both. */
const hasParts = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** What lies at a path; undefined where the path ends early. */
export function at(value: unknown, path: Path): unknown {
    return path.reduce<unknown>((part, step) => (hasParts(part) ? (part as Record<string | number, unknown>)[step] : undefined), value);
}

/** The pods that an object makes, or undefined where it makes none. */
export function podsOf(object: KubernetesObject): Pods | undefined {
    const path = templates[groupKind(object)];
    const template = path && at(object, path);
    if (path === undefined || !hasParts(template) || !hasParts(template["spec"])) {
        return undefined;
    }
    return {
        at: [...path, "spec"],
        spec: template["spec"],
        metadata: hasParts(template["metadata"]) ? template["metadata"] : {},
    };
}

/** All containers of a pod, each with its place in the object. */
export function containersOf(pod: Pods): readonly Container[] {
    const list = (field: "containers" | "initContainers" | "ephemeralContainers", role: Container["role"]): readonly Container[] =>
        (pod.spec[field] ?? []).map((spec, index) => ({
            at: [...pod.at, field, index],
            role: role === "init" && spec.restartPolicy === "Always" ? "sidecar" : role,
            spec,
            pod,
        }));
    return [...list("containers", "main"), ...list("initContainers", "init"), ...list("ephemeralContainers", "ephemeral")];
}
