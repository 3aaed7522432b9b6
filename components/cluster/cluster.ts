import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Lock, LockedImage } from "../../infra/config/lock";
import { RegionConfig } from "../../infra/config/types";
import { Machine } from "../machines/machine";
import { Node } from "../nodes/node";
import { writeAccess } from "./access";
import { kubeconfig } from "./kubeconfig";
import { Network } from "./network";
import { publishedCluster } from "./published";
import { settingsHash } from "./settings";
import { ClusterSpec, ImagePin, InitInput, Member, MemberInput, NodeFacts } from "./spec";

/** What a cluster is made of. */
export interface ClusterArgs {
    readonly config: RegionConfig;
    readonly lock: Lock;
    readonly machines: readonly Machine[];
    /** By short name: what makes a machine able to begin a cluster, and to join one (`Nodes.byName`). */
    readonly nodes: ReadonlyMap<string, Pick<Node, "prepared" | "ready">>;
    /** Private half of the stack's SSH key; secret. */
    readonly stackKey: pulumi.Input<string>;
    /** 32 bytes in base64; secret. Read when the cluster begins; later members get it from a member. */
    readonly encryptionKey: pulumi.Input<string>;
}

function pin(image: LockedImage): ImagePin {
    return { repository: image.name.slice(0, image.name.lastIndexOf("/")), tag: image.tag };
}

/** What all nodes share, from the configuration and the lock. */
export function clusterSpec(config: RegionConfig, lock: Lock): ClusterSpec {
    return {
        region: config.name,
        kubernetes: config.kubernetes,
        images: { etcd: pin(lock.images.etcd), coredns: pin(lock.images.coredns) },
        packages: lock.packages,
    };
}

/** What Kubernetes is told of a machine. */
export function nodeFacts({ name, fqdn, role, nodeAddress, labels, taints }: Machine): NodeFacts {
    return { name, fqdn, role, nodeAddress, labels, taints };
}

/** A machine with its two steps. */
interface Joined {
    readonly machine: Machine;
    readonly leaves: pulumi.Resource;
    readonly joins: pulumi.Resource;
}

/** A machine without what only Pulumi understands. */
function memberOf(machine: Machine): pulumi.Output<Member> {
    return pulumi.output(machine.ssh).apply((ssh) => ({ ...nodeFacts(machine), ssh }));
}

/** Pulumi runs local commands in the folder of the program's main file; the project is the one above. */
const project = "..";
const step = (verb: string): string => `node --require tsx/cjs components/cluster/steps.ts ${verb}`;

/**
 * The kubeadm cluster of a region. It begins once; every machine, the first included, then is made a member by a step
 * of its own. Control planes wait for one another by themselves, because etcd takes in one member at a time; workers join
 * side by side, and where nodes roll they wait for the control planes.
 *
 * A machine's leaving is a resource beside its joining, and made before it: what has to be gone before a machine leaves
 * depends on the leaving, and need not wait for the joining.
 */
export class Cluster extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:cluster:Cluster";

    /** PEM; public. */
    readonly caCertificate: pulumi.Output<string>;
    /** For the Kubernetes provider and for operators; holds no credential. */
    readonly kubeconfig: pulumi.Output<string>;
    /** The cluster's beginning: its API answers from here on. What can be there without being removed depends on it. */
    readonly begun: pulumi.Resource;
    /** The Kubernetes provider depends on it, so that every object is gone before the first control plane leaves. */
    readonly firstLeaves: pulumi.Resource;
    /**
     * What runs pods depends on them, so that it is gone before the workers leave: objects whose finalizers need a
     * running controller could not be deleted otherwise. Images are on the workers by then.
     */
    readonly workersLeave: readonly pulumi.Resource[];
    /** By short name: the step that makes a machine a member. */
    readonly members: ReadonlyMap<string, pulumi.Resource>;
    private readonly name: string;
    private readonly args: ClusterArgs;

    constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        const { config, lock, machines, nodes } = args;
        const spec = clusterSpec(config, lock);
        super(Cluster.__pulumiType, name, { ...publishedCluster(spec, machines) }, opts);
        this.name = name;
        this.args = args;

        const controlPlanes = machines.filter(({ role }) => role === "control-plane");
        const members = pulumi.all(controlPlanes.map(memberOf));
        members.apply((known) => writeAccess(config, known));
        const nodeOf = (machine: Machine): Pick<Node, "prepared" | "ready"> => {
            const node = nodes.get(machine.name);
            if (!node) {
                throw new pulumi.ResourceError(
                    `machine ${machine.name} has no prepared node: pass every machine of the region to Nodes`,
                    this,
                );
            }
            return node;
        };
        const { stackKey: privateKey, encryptionKey } = args;
        const shared = { spec, controlPlanes: members, privateKey, encryptionKey };
        const text = <T extends InitInput>(task: pulumi.Input<T>): pulumi.Output<string> =>
            pulumi.secret(pulumi.output(task).apply((known) => JSON.stringify(known)));
        const local = { dir: project, addPreviousOutputInEnv: false, logging: command.local.Logging.None };

        // It asks all control planes what they hold, and waits where one is still being prepared. What it was told has
        // done its work once the cluster has begun: run again, it would make the kubeconfig unknown to a preview, and that
        // every object of the platform an update.
        const init = new command.local.Command(
            `${name}-init`,
            { ...local, create: step("init"), stdin: text<InitInput>(pulumi.output(shared)) },
            {
                parent: this,
                dependsOn: controlPlanes.slice(0, 1).map((machine) => nodeOf(machine).prepared),
                ignoreChanges: ["stdin"],
            },
        );
        const input = (machine: Machine): pulumi.Output<string> =>
            text<MemberInput>(pulumi.output({ ...shared, member: memberOf(machine), settings: settingsHash(spec) }));
        const again = ({ incarnation }: Machine) => (incarnation === undefined ? {} : { triggers: [incarnation] });
        const leaving = (machine: Machine, after: readonly pulumi.Resource[]): command.local.Command =>
            new command.local.Command(
                `${name}-${machine.name}-leave`,
                // What it says is for people: that a machine was lost, and what to do if it comes back.
                { ...local, logging: command.local.Logging.Stderr, create: ":", delete: step("leave"), stdin: input(machine), ...again(machine) },
                { parent: this, dependsOn: [...after, nodeOf(machine).ready], deleteBeforeReplace: true },
            );
        const member = (machine: Machine, after: readonly pulumi.Resource[]): command.local.Command =>
            new command.local.Command(
                `${name}-${machine.name}`,
                { ...local, create: step("member"), stdin: input(machine), ...again(machine) },
                { parent: this, dependsOn: [...after] },
            );

        // Each after the one before it: the last that came leaves first, workers before any control plane.
        const chain = controlPlanes.reduce<readonly Joined[]>((before, machine) => {
            const previous = before.at(-1);
            const leaves = leaving(machine, previous ? [previous.leaves] : []);
            return [...before, { machine, leaves, joins: member(machine, [init, leaves]) }];
        }, []);
        const first = chain[0];
        const workers = machines
            .filter(({ role }) => role === "worker")
            .map((machine): Joined => {
                const leaves = leaving(machine, first ? [first.leaves] : []);
                return { machine, leaves, joins: member(machine, [init, leaves]) };
            });
        this.begun = init;
        this.firstLeaves = first?.leaves ?? init;
        this.workersLeave = workers.map(({ leaves }) => leaves);
        this.members = new Map([...chain, ...workers].map(({ machine, joins }) => [machine.name, joins]));

        this.caCertificate = init.stdout;
        this.kubeconfig = pulumi.all([init.stdout, members]).apply(([caCertificate, known]) => {
            writeAccess(config, known, caCertificate);
            const { apiName, accessPort } = config.kubernetes;
            return kubeconfig({ stack: config.name, apiName, accessPort, caCertificate });
        });
        this.registerOutputs({ caCertificate: this.caCertificate, kubeconfig: this.kubeconfig });
    }

    /** The pods' network, through a provider that was made from this cluster's kubeconfig. */
    network(provider: k8s.Provider): Network {
        const { config, lock } = this.args;
        const { flannel, "flannel-cni-plugin": plugin } = lock.images;
        return new Network(
            `${this.name}-network`,
            { podCidr: config.kubernetes.podCidr, images: { flannel, "flannel-cni-plugin": plugin }, provider },
            { parent: this },
        );
    }
}
