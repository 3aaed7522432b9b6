import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

/** The keys that belong to one region and go with it. */
export class RegionKeys extends pulumi.ComponentResource {
    /** Private half (OpenSSH) of the key with which the stack logs in to its machines; secret. */
    readonly sshPrivateKey: pulumi.Output<string>;
    readonly sshPublicKey: pulumi.Output<string>;
    /** 32 bytes, base64, derived from 64 random characters, that encrypt Secrets in etcd (secretbox); secret. Losing it makes every etcd snapshot useless. */
    readonly encryptionKey: pulumi.Output<string>;
    /** Tells a cluster that was built anew from the one before it, for providers that keep what they know of a cluster. */
    readonly clusterId: pulumi.Output<string>;
    /** Password between Argo CD and its Redis; secret. */
    readonly redisPassword: pulumi.Output<string>;

    constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
        super("fjord:trust:RegionKeys", name, {}, opts);
        const ssh = new tls.PrivateKey(`${name}-ssh`, { algorithm: "ED25519" }, { parent: this });
        this.sshPrivateKey = pulumi.secret(ssh.privateKeyOpenssh);
        this.sshPublicKey = ssh.publicKeyOpenssh.apply((key) => key.trim());
        // Not RandomBytes: the provider takes the bytes themselves as the resource's id, and an id is never a secret.
        const seed = new random.RandomPassword(`${name}-etcd`, { length: 64, special: false }, { parent: this });
        this.encryptionKey = pulumi.secret(seed.result.apply((text) => createHash("sha256").update(text).digest("base64")));
        this.clusterId = new random.RandomUuid(`${name}-cluster`, {}, { parent: this }).result;
        this.redisPassword = pulumi.secret(
            new random.RandomPassword(`${name}-redis`, { length: 32, special: false }, { parent: this }).result,
        );
        this.registerOutputs({});
    }
}
