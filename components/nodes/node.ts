import * as pulumi from "@pulumi/pulumi";
import { incarnationOf } from "../machines/machine";
import { RemoteConnection, RemoteScript, remoteStep } from "../remote/step";
import { driftStep, endDrift } from "./drift-step";
import { giveBack } from "./give-back-step";
import { publishedNode } from "./published";
import {
    adoptStep,
    containerdStep,
    firewallStep,
    imagesStep,
    kernelStep,
    keyStep,
    loadBalancerStep,
    NodePlan,
    packagesStep,
} from "./steps";

/** What a node is made of. */
export interface NodeArgs extends NodePlan {
    /** The stack's public key, type and key without comment: `ssh-ed25519 AAAA...`. */
    readonly publicKey: pulumi.Input<string>;
    /** What must have succeeded before this machine is changed: the preflights of all machines. */
    readonly after: readonly pulumi.Resource[];
}

/**
 * A machine that can run Kubernetes: adopted, with kernel settings, packages, containerd, firewall and API load
 * balancer, and its images pulled. Its steps follow one another, since only one script runs on a machine at a time;
 * machines are prepared side by side. Taking it out of the stack gives the machine back as it was.
 */
export class Node extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:nodes:Node";

    /** All but the images: a cluster can begin on it, and pulls the few that it needs for that by itself. */
    public readonly prepared: pulumi.Resource;
    /** The last step: what joins this machine to a cluster depends on it. */
    public readonly ready: pulumi.Resource;
    public readonly fqdn: pulumi.Output<string>;

    constructor(name: string, args: NodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super(Node.__pulumiType, name, { ...publishedNode(args) }, opts);
        const { machine } = args;

        const run = (
            step: string,
            connection: RemoteConnection,
            text: RemoteScript,
            after: readonly pulumi.Resource[],
            extra: pulumi.CustomResourceOptions = {},
        ) => {
            return remoteStep(
                `${name}-${step}`,
                { node: machine.fqdn, step, connection, ...incarnationOf(machine), ...text },
                { parent: this, dependsOn: [...after], ...extra },
            );
        };

        // The operator's way in may differ from person to person and day to day; once the stack's key is there it
        // matters no more.
        const key = run("key", machine.operator, keyOf(args), args.after, { ignoreChanges: ["connection"] });
        const leaving = giveBack(`${name}-give-back`, args, {
            parent: this,
            dependsOn: [key],
            // All that clean.sh undoes is on the machine's own disk.
            ...(machine.resource && { deletedWith: machine.resource }),
        });
        const adopt = run("adopt", machine.connection, adoptStep(args), [leaving]);
        const kernel = run("kernel", machine.connection, kernelStep(args), [adopt]);
        const packages = run("packages", machine.connection, packagesStep(args), [kernel]);
        const containerd = run("containerd", machine.connection, containerdStep(args), [packages]);
        const firewall = run("firewall", machine.connection, firewallStep(args), [containerd]);
        // A new login: the proof that the firewall still lets the stack in.
        this.prepared = run("loadbalancer", machine.connection, loadBalancerStep(args), [firewall]);
        this.ready = run("images", machine.connection, imagesStep(args), [this.prepared]);
        // Last, because it installs the checks of all others. Nothing waits for it.
        if (args.region.ssh.driftKeys.length > 0) {
            const ending = endDrift(`${name}-drift-end`, args, leaving, { parent: this });
            run("drift", machine.connection, driftStep(args, args.publicKey), [this.ready, ending]);
        }

        this.fqdn = pulumi.output(machine.fqdn);
        this.registerOutputs({ fqdn: this.fqdn });
    }
}

/** The stack's key may be made in this very run. */
function keyOf(args: NodeArgs): RemoteScript {
    const step = keyStep(args, "");
    const line = pulumi.output(args.publicKey).apply((key) => keyStep(args, key).params.PUBLIC_KEY);
    return { ...step, params: { ...step.params, PUBLIC_KEY: line } };
}
