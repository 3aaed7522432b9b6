import { Lock } from "../../infra/config/lock";
import { KubernetesConfig, Role, SshTarget, Taint } from "../../infra/config/types";
import { SshServer } from "../remote/ssh";

/** A machine as kubeadm and Kubernetes see it: plain values, no Pulumi. */
export interface NodeFacts {
    /** `cp-01` */
    readonly name: string;
    /** Name of the node: `cp-01.osl.node`. */
    readonly fqdn: string;
    readonly role: Role;
    /** IPv4 address in the region's network. */
    readonly nodeAddress: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[];
}

/** A machine as the cluster steps see it. */
export interface Member extends NodeFacts {
    readonly ssh: SshTarget;
}

/** An image that kubeadm must take by another name or tag than its own default. */
export interface ImagePin {
    /** `registry.k8s.io` */
    readonly repository: string;
    readonly tag: string;
}

/** What is the same for every node of a cluster. */
export interface ClusterSpec {
    /** `no-oslo-1` */
    readonly region: string;
    readonly kubernetes: KubernetesConfig;
    readonly images: { readonly etcd: ImagePin; readonly coredns: ImagePin };
    /** Exact apt versions. */
    readonly packages: Lock["packages"];
}

/** What `init` gets on stdin. */
export interface InitInput {
    readonly spec: ClusterSpec;
    /** In the order of the stack; the first is where a new cluster begins. */
    readonly controlPlanes: readonly Member[];
    /** The stack's SSH key. */
    readonly privateKey: string;
    /** 32 random bytes, base64: encrypts Secrets in etcd. */
    readonly encryptionKey: string;
}

/** What `member` and `leave` get on stdin. */
export interface MemberInput extends InitInput {
    readonly member: Member;
    /**
     * Hash of the settings that the program rendered. It is part of the input so that a change of a renderer reaches
     * running nodes; the step works with what it renders itself.
     */
    readonly settings: string;
}

/** How the machine is reached, under the name that messages use. */
export function serverOf(member: Member): SshServer {
    return { ...member.ssh, name: member.fqdn };
}
