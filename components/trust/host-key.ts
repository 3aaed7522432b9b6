import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** The SSH host key of a machine that the stack makes: known before the machine is, so that nothing is trusted on first use. */
export interface HostKey {
    /** OpenSSH's PEM; secret. */
    readonly privateKey: pulumi.Output<string>;
    /** `ssh-ed25519 AAAA...` */
    readonly publicKey: pulumi.Output<string>;
}

/** Makes the host key of one machine. It outlives the machine: one that is made anew under the same name has it again. */
export function hostKey(name: string, opts: pulumi.CustomResourceOptions): HostKey {
    const key = new tls.PrivateKey(name, { algorithm: "ED25519" }, opts);
    return {
        privateKey: pulumi.secret(key.privateKeyOpenssh),
        publicKey: key.publicKeyOpenssh.apply((text) => text.trim()),
    };
}
