import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { Cluster } from "../components/cluster/cluster";
import { Machine } from "../components/machines/machine";
import { PlannedGuest } from "../components/machines/libvirt/plan";
import { Turns } from "../components/machines/libvirt/turns";
import { makeMachines } from "../components/machines/machines";
import { Nodes } from "../components/nodes/nodes";
import { awaitApplication } from "../components/platform/application-step";
import { applyCrds } from "../components/platform/crds";
import { ControlPlane } from "../components/platform/kubectl";
import { Platform } from "../components/platform/platform";
import { RegionTrust } from "../components/trust/outputs";
import { RegionKeys } from "../components/trust/region-keys";
import { Lock } from "./config/lock";
import { RegionConfig } from "./config/types";
import { publishedRegion } from "./published";

/** What a region is made from. */
export interface RegionArgs {
    readonly config: RegionConfig;
    readonly lock: Lock;
    /** Text of Argo CD's install manifest, verified. */
    readonly argocdManifest: string;
    readonly trust: RegionTrust;
    /** The region's guests, each with its place; none where all machines exist. */
    readonly guests: readonly PlannedGuest[];
}

/** One place, one cluster, with its platform. */
export class Region extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:index:Region";

    /** For operators and for the Kubernetes provider alike; holds no credential. */
    readonly kubeconfig: pulumi.Output<string>;
    readonly applications: readonly string[];
    /** The preflight figures of all machines, as a table; before it those of the hypervisors, where there are guests. */
    readonly preflight: pulumi.Output<string>;

    constructor(name: string, args: RegionArgs, opts?: pulumi.ComponentResourceOptions) {
        super(Region.__pulumiType, name, { ...publishedRegion(args.config, args.lock, args.guests) }, { ...opts, providers: hostProviders(name) });
        const { config, lock, trust } = args;
        const parent = { parent: this };

        const keys = new RegionKeys(`${name}-keys`, parent);
        const turns = new Turns(inTurn(args.guests));
        const stackKey = { privateKey: keys.sshPrivateKey, publicKey: keys.sshPublicKey };
        const { machines, report } = makeMachines(name, { region: config, lock, guests: args.guests, stackKey, turns }, parent);
        const nodes = new Nodes(`${name}-nodes`, { region: config, lock, machines, publicKey: keys.sshPublicKey }, parent);
        const cluster = new Cluster(
            `${name}-cluster`,
            { config, lock, machines, nodes: nodes.byName, stackKey: keys.sshPrivateKey, encryptionKey: keys.encryptionKey },
            parent,
        );
        turns.settle(cluster.members);
        const controlPlanes = controlPlanesOf(machines);
        const provider = this.kubernetesProvider(name, cluster, keys);
        const network = cluster.network(provider);
        const platform = new Platform(
            `${name}-platform`,
            {
                config,
                lock,
                argocdManifest: args.argocdManifest,
                trust: { ...trust, redisPassword: keys.redisPassword },
                provider,
                network,
                crdsApplied: this.crds(name, args, controlPlanes, cluster, keys),
                workers: cluster.workersLeave,
            },
            parent,
        );
        for (const application of config.applications) {
            awaitApplication(
                `${name}-${application.name}-healthy`,
                { application, controlPlanes, privateKey: keys.sshPrivateKey },
                { ...parent, dependsOn: platform.objects.get(application.name) ?? platform },
            );
        }

        this.kubeconfig = cluster.kubeconfig;
        this.applications = platform.applications;
        this.preflight = report ? pulumi.interpolate`${report}\n\n${nodes.report}` : nodes.report;
        this.registerOutputs({});
    }

    private kubernetesProvider(name: string, cluster: Cluster, keys: RegionKeys): k8s.Provider {
        return new k8s.Provider(
            `${name}-kubernetes`,
            {
                kubeconfig: cluster.kubeconfig,
                // Without it any change of the kubeconfig, or one not known at preview, would replace every object.
                clusterIdentifier: keys.clusterId,
                enableConfigMapMutable: true,
                enableSecretMutable: true,
            },
            { parent: this, dependsOn: cluster.firstLeaves },
        );
    }

    private crds(name: string, args: RegionArgs, controlPlanes: pulumi.Input<ControlPlane[]>, cluster: Cluster, keys: RegionKeys): pulumi.Resource {
        const { config, lock } = args;
        return applyCrds(
            `${name}-crds`,
            {
                controlPlanes,
                manifests: [lock.files["argocd-manifest"], lock.files["sealed-secrets-crd"]],
                ...(config.mirrors.files && { mirror: config.mirrors.files.url }),
                ...(config.mirrors.ca && { ca: config.mirrors.ca }),
                privateKey: keys.sshPrivateKey,
            },
            { parent: this, dependsOn: cluster.begun },
        );
    }
}

/** Names of the guests that are made anew one after the other, first turn first. */
function inTurn(guests: readonly PlannedGuest[]): readonly string[] {
    return guests
        .filter(({ turn }) => turn !== undefined)
        .sort((a, b) => (a.turn ?? 0) - (b.turn ?? 0))
        .map(({ machine }) => machine.name);
}

/** The control planes as the platform's steps reach them. */
function controlPlanesOf(machines: readonly Machine[]): pulumi.Output<ControlPlane[]> {
    return pulumi.output(machines.filter(({ role }) => role === "control-plane").map(({ fqdn, ssh }) => ({ name: fqdn, ssh })));
}

/** Explicit providers: a default one would take its settings from whoever runs the stack. */
function hostProviders(name: string): pulumi.ProviderResource[] {
    return [new command.Provider(`${name}-command`), new random.Provider(`${name}-random`), new tls.Provider(`${name}-tls`)];
}
