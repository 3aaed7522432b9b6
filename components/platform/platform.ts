import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Lock } from "../../infra/config/lock";
import { RegionConfig } from "../../infra/config/types";
import { Network } from "../cluster/network";
import { application } from "./application";
import { argocdObjects, redisSecret } from "./argocd";
import { ingressNamespace, ingressObjects } from "./ingress";
import { kubernetesObject, secretData } from "./kubernetes-object";
import { KubernetesObject, parseManifest } from "./manifest";
import { namespace, platformNamespaces } from "./namespaces";
import { applicationProjects, lockedDefaultProject } from "./projects";
import { repositories, repositoryName, repositorySecret } from "./repository";
import {
    SealingKey,
    sealedSecretsNamespace,
    sealedSecretsObjects,
    sealingKeysDigest,
    sealingKeySecret,
} from "./sealed-secrets";

/** Keys of the trust stack and of the region that the platform hands to its controllers. */
export interface PlatformTrust {
    /** All of them, retired ones too. */
    readonly sealingKeys: readonly SealingKey[];
    /** Private half of the read-only deploy key, OpenSSH form; a secret. */
    readonly deployKey: pulumi.Input<string>;
    /** Password between Argo CD and its Redis; a secret of the region. */
    readonly redisPassword: pulumi.Input<string>;
}

/** Arguments of the platform. */
export interface PlatformArgs {
    readonly config: RegionConfig;
    readonly lock: Lock;
    /** Text of Argo CD's `install.yaml`, its sha256 verified (`loadUpstreamFile`). */
    readonly argocdManifest: string;
    readonly trust: PlatformTrust;
    /** Provider of the region's cluster, with `enableConfigMapMutable` and `enableSecretMutable`. */
    readonly provider: k8s.Provider;
    /** The pods' network, which goes first. */
    readonly network: Pick<Network, "needed">;
    /** The step that applies the CRDs (`applyCrds`). */
    readonly crdsApplied: pulumi.Resource;
    /** What lets each worker leave: pods come after it, and are gone before. */
    readonly workers: readonly pulumi.Resource[];
}

/**
 * The controllers of a region: Sealed Secrets, NGINX ingress, Argo CD with its projects, and the stack's applications.
 * From then on only Argo CD writes to the cluster.
 */
export class Platform extends pulumi.ComponentResource {
    /** Names of the applications that Argo CD keeps. */
    readonly applications: readonly string[];
    /** Their objects, by name. */
    readonly objects: ReadonlyMap<string, pulumi.Resource>;

    constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("fjord:platform:Platform", name, {}, opts);

        const put = (object: KubernetesObject, dependsOn: readonly pulumi.Resource[], label?: string) =>
            kubernetesObject(`${name}-${label ?? resourceLabel(object)}`, object, {
                parent: this,
                provider: args.provider,
                dependsOn: [...args.network.needed, ...dependsOn, ...(workloads.includes(object.kind) ? args.workers : [])],
            });

        sealedSecrets(args, put);
        ingress(args, put);
        const argocd = argocdControllers(args, put);
        this.objects = applications(args, put, argocd);
        this.applications = args.config.applications.map((config) => config.name);
        this.registerOutputs({ applications: this.applications });
    }
}

/** Kinds that run pods. */
const workloads = ["DaemonSet", "Deployment", "StatefulSet"];

type Put = (object: KubernetesObject, dependsOn: readonly pulumi.Resource[], label?: string) => pulumi.CustomResource;

/** `argocd-server-deployment`: the kind last, since one name is used by many kinds. */
function resourceLabel({ kind, metadata }: KubernetesObject): string {
    const kebab = kind.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
    return metadata.name.startsWith(kebab) ? metadata.name : `${metadata.name}-${kebab}`;
}

/** Keys before the controller: it reads them once, and without any it would make one that no other region has. */
function sealedSecrets({ trust, lock, crdsApplied }: PlatformArgs, put: Put): void {
    const home = put(sealedSecretsNamespace, []);
    const keys = trust.sealingKeys.map((key) => put(sealingKeySecret(key), [home]));
    for (const object of sealedSecretsObjects(lock, sealingKeysDigest(trust.sealingKeys))) {
        put(object, object.kind === "Deployment" ? [home, crdsApplied, ...keys] : [home]);
    }
}

/** Waits for nothing but its namespace: NGINX serves what it finds, when it finds it. */
function ingress({ config, lock }: PlatformArgs, put: Put): void {
    const home = put(ingressNamespace, []);
    for (const object of ingressObjects(config.platform.ingress, config.machines, lock)) {
        put(object, [home]);
    }
}

/** What an application needs of Argo CD. */
interface Argocd {
    readonly home: pulumi.Resource;
    /** Without these the first look at a repository fails, and the next is minutes away. */
    readonly needed: readonly pulumi.Resource[];
}

const neededByApplications = ["argocd-application-controller", "argocd-redis", "argocd-repo-server"];

/** Settings, Secrets and rights first, then the pods, so that none starts with less than it needs. */
function argocdControllers({ config, lock, argocdManifest, trust, crdsApplied }: PlatformArgs, put: Put): Argocd {
    const home = put(namespace(platformNamespaces.argocd, "restricted"), []);
    const upstream = parseManifest(argocdManifest, "argocd-manifest");
    const objects = argocdObjects(upstream, config.platform, lock);
    const settings = [
        ...objects.filter(({ kind }) => !workloads.includes(kind)).map((object) => put(object, [home])),
        put(redisPassword(trust.redisPassword), [home]),
        // Before the server, which would make an open one.
        put(lockedDefaultProject, [home, crdsApplied], "default-project"),
    ];
    const pods = objects
        .filter(({ kind }) => workloads.includes(kind))
        .map((object) => ({ object, resource: put(object, [home, crdsApplied, ...settings]) }));
    const needed = pods.filter(({ object }) => neededByApplications.includes(object.metadata.name));
    return { home, needed: needed.map(({ resource }) => resource) };
}

/** The Secret that Argo CD and its Redis read their password from. */
export function redisPassword(password: pulumi.Input<string>): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: redisSecret.name, namespace: platformNamespaces.argocd },
        type: "Opaque",
        data: secretData({ [redisSecret.key]: password }),
    };
}

/** Each after its project and its repository's credentials. */
function applications(
    { config, trust, crdsApplied }: PlatformArgs,
    put: Put,
    { home, needed }: Argocd,
): ReadonlyMap<string, pulumi.Resource> {
    const projects = new Map(
        applicationProjects(config.applications).map((project) => [
            project.metadata.name,
            put(project, [home, crdsApplied], `${project.metadata.name}-project`),
        ]),
    );
    const credentials = repositories(config.applications).map((repository) =>
        put(repositorySecret(repository, trust.deployKey), [home], repositoryName(repository)),
    );
    return new Map(
        config.applications.map((one) => {
            const project = projects.get(one.project);
            return [one.name, put(application(one), [home, ...needed, ...credentials, ...(project ? [project] : [])])];
        }),
    );
}
