import { imageReference, ImageName, Lock } from "../../infra/config/lock";
import { PlatformConfig } from "../../infra/config/types";
import { argocdConfig } from "./argocd-config";
import { KubernetesObject, objectKey } from "./manifest";
import { platformNamespaces } from "./namespaces";
import { containerResources, ContainerResources, goMemoryLimit, resourceRequirements } from "./resources";

/** The Secret that Redis and its clients read their password from, and its key. */
export const redisSecret = { name: "argocd-redis", key: "auth" } as const;

/**
 * What of upstream's manifest the platform does without: single sign-on (dex) and notifications, because no stack
 * configures them, and the pieces by which Redis makes its own password, because the stack makes it: then no
 * pod has to wait for another, and none may create Secrets.
 */
function isLeftOut(object: KubernetesObject): boolean {
    const { name } = object.metadata;
    return (
        object.kind === "CustomResourceDefinition" ||
        name.startsWith("argocd-dex-server") ||
        name.startsWith("argocd-notifications-") ||
        ["Role/argocd-redis", "RoleBinding/argocd-redis"].includes(objectKey(object))
    );
}

/** Init containers that only serve what is left out. */
const leftOutInitContainers = ["secret-init"];

/** Upstream's image names, without tag, and what the lock calls them. */
const images: Readonly<Record<string, ImageName>> = {
    "quay.io/argoproj/argocd": "argocd",
    "public.ecr.aws/docker/library/redis": "redis",
};

/** Figures by container. Upstream sets none, and a pod without requests is the first to go when memory is short. */
const resources: Readonly<Record<string, ContainerResources>> = {
    "argocd-application-controller": containerResources(200, 256, 1024),
    "argocd-applicationset-controller": containerResources(20, 64, 256),
    "argocd-repo-server": containerResources(50, 128, 768),
    "argocd-server": containerResources(20, 96, 384),
    copyutil: containerResources(10, 32, 512),
    redis: containerResources(20, 32, 256),
};

/**
 * Of containers that a Service sends requests to and that upstream asks nothing: whether their port takes connections. For
 * ApplicationSets that of its metrics: where it starts before the server has made its key, it never opens the other one
 * (7000, for webhooks), and works all the same.
 */
const missingProbes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "argocd-applicationset-controller": { tcpSocket: { port: 8080 } },
    redis: { tcpSocket: { port: 6379 } },
};

/**
 * How Redis is started. Upstream gives it the password as an argument, where everybody on the node can read it until Redis
 * has written its own title over it; here it reads its settings from a pipe, and stays the first process of its container.
 */
const redisCommand = [
    "sh",
    "-c",
    ["exec redis-server - <<SETTINGS", 'save ""', "appendonly no", 'requirepass "$REDIS_PASSWORD"', "SETTINGS", ""].join("\n"),
];

/** Accounts of pods that never ask the API; redis lost its only reason with the init container that made its password. */
const withoutApi = ["argocd-redis"];

/** Containers that run no Go program. */
const notGo = ["redis"];

interface EnvironmentVariable {
    readonly name: string;
    readonly [field: string]: unknown;
}

interface Container {
    readonly name: string;
    readonly image: string;
    readonly args?: readonly string[];
    readonly env?: readonly EnvironmentVariable[];
    readonly readinessProbe?: Readonly<Record<string, unknown>>;
    readonly [field: string]: unknown;
}

interface PodSpec {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly [field: string]: unknown;
}

/** Half of a Deployment or StatefulSet: as much as is rewritten. */
interface WorkloadSpec {
    readonly template: { readonly spec: PodSpec; readonly [field: string]: unknown };
    readonly [field: string]: unknown;
}

function lockedImage(image: string, lock: Lock): string {
    const name = images[image.replace(/(:[^/:@]+)?(@.+)?$/, "")];
    if (!name) {
        throw new Error(
            `Argo CD's manifest holds the image "${image}", which the platform does not know: ` +
                "leave its component out in components/platform/argocd.ts, or name the image there and in the lock",
        );
    }
    return imageReference(lock.images[name]);
}

function rewriteContainer(container: Container, lock: Lock): Container {
    const figures = resources[container.name];
    if (!figures) {
        throw new Error(
            `Argo CD's manifest holds a container "${container.name}" without resource figures: ` +
                "measure it and add it to components/platform/argocd.ts",
        );
    }
    const readinessProbe = container.readinessProbe ?? missingProbes[container.name];
    const memoryLimit = notGo.includes(container.name)
        ? []
        : [{ name: "GOMEMLIMIT", value: goMemoryLimit(figures.memoryLimit) }];
    const { args, ...rest } = container;
    return {
        ...rest,
        ...(container.name === "redis" ? { command: redisCommand } : args !== undefined && { args }),
        image: lockedImage(container.image, lock),
        imagePullPolicy: "IfNotPresent",
        resources: resourceRequirements(figures),
        env: [...(container.env ?? []), ...memoryLimit],
        // Upstream asks after 3 to 5 s, then every 10 to 30 s: one early miss would cost a first start half a minute.
        ...(readinessProbe && { readinessProbe: { ...readinessProbe, initialDelaySeconds: 1, periodSeconds: 3 } }),
    };
}

function rewritePod(pod: PodSpec, lock: Lock): PodSpec {
    const initContainers = (pod.initContainers ?? [])
        .filter(({ name }) => !leftOutInitContainers.includes(name))
        .map((container) => rewriteContainer(container, lock));
    const { initContainers: _, ...rest } = pod;
    return {
        ...rest,
        ...(withoutApi.includes(String(pod["serviceAccountName"])) && { automountServiceAccountToken: false }),
        containers: pod.containers.map((container) => rewriteContainer(container, lock)),
        ...(initContainers.length > 0 && { initContainers }),
    };
}

function rewriteWorkload(object: KubernetesObject, lock: Lock): KubernetesObject {
    const spec = object["spec"] as WorkloadSpec;
    const template = { ...spec.template, spec: rewritePod(spec.template.spec, lock) };
    return { ...object, spec: { ...spec, replicas: 1, template } };
}

const clusterWide = ["ClusterRole", "ClusterRoleBinding"];

function placed(object: KubernetesObject): KubernetesObject {
    return clusterWide.includes(object.kind)
        ? object
        : { ...object, metadata: { ...object.metadata, namespace: platformNamespaces.argocd } };
}

/**
 * Argo CD's objects as the platform applies them, from upstream's `install.yaml`: without dex and notifications, images
 * by digest from the lock, figures on every container, and the stack's settings. CRDs are left to `crds.ts`.
 *
 * @throws where the manifest holds an image or a container that the platform does not know, or lacks a ConfigMap that
 * the stack sets: a new version of Argo CD is looked at before it is applied.
 */
export function argocdObjects(
    upstream: readonly KubernetesObject[],
    platform: PlatformConfig,
    lock: Lock,
): readonly KubernetesObject[] {
    const settings = argocdConfig(platform);
    const missing = Object.keys(settings).filter(
        (name) => !upstream.some((object) => objectKey(object) === `ConfigMap/${name}`),
    );
    if (missing.length > 0) {
        throw new Error(
            `Argo CD's manifest has no ConfigMap ${missing.join(", ")}, which the stack's settings belong to: ` +
                "check that the lock names install.yaml of a version that the platform knows",
        );
    }
    return upstream
        .filter((object) => !isLeftOut(object))
        .map((object) => {
            switch (object.kind) {
                case "Deployment":
                case "StatefulSet":
                    return rewriteWorkload(object, lock);
                case "ConfigMap": {
                    const data = { ...(object["data"] as object | undefined), ...settings[object.metadata.name] };
                    return Object.keys(data).length > 0 ? { ...object, data } : object;
                }
                default:
                    return object;
            }
        })
        .map(placed);
}
