import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { flannelObjects, FlannelSettings } from "./flannel";

export interface NetworkArgs extends FlannelSettings {
    readonly provider: k8s.Provider;
}

/**
 * Objects are written under one fixed name and with force: a run that was ended between the API and the checkpoint
 * would otherwise come back as somebody else and meet a conflict.
 */
const annotations = { "pulumi.com/patchFieldManager": "fjord", "pulumi.com/patchForce": "true" };

const owned = <T extends { metadata: object }>(object: T) => ({
    ...object,
    metadata: { ...object.metadata, annotations },
});

/** The pods' network: flannel. */
export class Network extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:cluster:Network";

    /**
     * All but what runs it. Whatever else the cluster gets depends on these, so that the network is first in line where
     * everything is made at once: no pod starts before it.
     */
    readonly needed: readonly pulumi.Resource[];
    /** Nodes become Ready with it. */
    readonly daemonSet: k8s.apps.v1.DaemonSet;

    constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super(Network.__pulumiType, name, { podCidr: args.podCidr, backend: "vxlan" }, opts);
        const objects = flannelObjects(args);
        const own = { parent: this, provider: args.provider };

        const namespace = new k8s.core.v1.Namespace(`${name}-namespace`, owned(objects.namespace), own);
        const inside = { ...own, dependsOn: [namespace] };
        const account = new k8s.core.v1.ServiceAccount(`${name}-account`, owned(objects.serviceAccount), inside);
        const role = new k8s.rbac.v1.ClusterRole(`${name}-role`, owned(objects.clusterRole), own);
        const binding = new k8s.rbac.v1.ClusterRoleBinding(`${name}-binding`, owned(objects.clusterRoleBinding), own);
        const config = new k8s.core.v1.ConfigMap(`${name}-config`, owned(objects.config), inside);
        this.needed = [account, role, binding, config];
        this.daemonSet = new k8s.apps.v1.DaemonSet(`${name}-daemonset`, owned(objects.daemonSet), {
            ...own,
            dependsOn: [...this.needed],
            customTimeouts: { create: "5m", update: "10m" },
        });

        this.registerOutputs({});
    }
}
