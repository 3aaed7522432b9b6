import * as pulumi from "@pulumi/pulumi";
import { SealingKey } from "./sealing-key";
import { Trust } from "./trust";

/** What a trust stack publishes. Private halves are secrets; a region reads them through a StackReference. */
export function trustOutputs(trust: Trust): Record<string, unknown> {
    return {
        deployKeyPublic: trust.deployKeyPublic,
        sealingCertificate: trust.sealingCertificate,
        caCertificate: trust.caCertificate,
        deployKey: trust.deployKey,
        sealingKeys: trust.sealingKeys.map(({ name, state, certificate, privateKey }) => ({ name, state, certificate, privateKey })),
    };
}

/** The part of a trust stack that a region needs. */
export interface RegionTrust {
    readonly sealingKeys: readonly SealingKey[];
    readonly deployKey: pulumi.Output<string>;
}

/** A sealing key as it stands in the trust stack's outputs. */
interface PublishedKey {
    readonly name: string;
    readonly state: SealingKey["state"];
    readonly certificate: string;
    readonly privateKey: string;
}

/**
 * Reads a trust stack. Which sealing keys there are decides which resources the region has, so their names are read
 * before any resource is made; a trust stack that is not up yet is an error that says what to run.
 */
export async function readTrust(stack: string): Promise<RegionTrust> {
    const reference = new pulumi.StackReference(stack);
    const details = await reference.getOutputDetails("sealingKeys");
    const published = (details.secretValue ?? details.value) as readonly PublishedKey[] | undefined;
    if (!published) {
        throw new pulumi.ResourceError(
            `the trust stack ${stack} has no sealing keys: bring it up first (\`pulumi up --stack trust\`), or correct fjord:trustStack`,
            reference,
        );
    }
    return {
        sealingKeys: published.map(({ name, state, certificate, privateKey }) => ({
            name,
            state,
            certificate: pulumi.output(certificate),
            privateKey: pulumi.secret(privateKey),
        })),
        deployKey: pulumi.secret(reference.requireOutput("deployKey") as pulumi.Output<string>),
    };
}
