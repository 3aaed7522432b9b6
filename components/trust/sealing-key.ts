import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { SealingKeyConfig } from "../../infra/config/types";
import { sealingKeyBits } from "./published";

/** Ten years: a sealed value must open for as long as it lies in Git. */
const validityHours = 10 * 365 * 24;

/** A key pair that opens sealed secrets. */
export interface SealingKey {
    /** Name of its Secret in every region. */
    readonly name: string;
    readonly state: SealingKeyConfig["state"];
    readonly certificate: pulumi.Output<string>;
    /** PEM, secret. */
    readonly privateKey: pulumi.Output<string>;
}

/**
 * Makes a sealing key, or takes the one supplied. A generated key is protected: what was sealed with it is lost with it.
 */
export function sealingKey(parent: pulumi.Resource, prefix: string, config: SealingKeyConfig): SealingKey {
    if (config.supplied) {
        return {
            name: config.name,
            state: config.state,
            certificate: pulumi.output(config.supplied.certificate),
            privateKey: pulumi.secret(config.supplied.privateKey),
        };
    }
    const opts = { parent, protect: true };
    const key = new tls.PrivateKey(`${prefix}-${config.name}`, { algorithm: "RSA", rsaBits: sealingKeyBits }, opts);
    const certificate = new tls.SelfSignedCert(
        `${prefix}-${config.name}`,
        {
            privateKeyPem: key.privateKeyPem,
            validityPeriodHours: validityHours,
            allowedUses: ["encipher_only"],
            subject: { commonName: config.name },
        },
        opts,
    );
    return { name: config.name, state: config.state, certificate: certificate.certPem, privateKey: pulumi.secret(key.privateKeyPem) };
}
