import { X509Certificate } from "node:crypto";
import { SealingKeyConfig, TrustConfig } from "../../infra/config/types";

/** Size of the sealing keys that the stack makes: as the controller makes its own. */
export const sealingKeyBits = 4096;

/** What the trust stack publishes of itself, for policies and people: no key, not even a public one. */
export interface PublishedTrust {
    readonly organization: string;
    readonly sealingKeys: readonly {
        readonly name: string;
        readonly state: SealingKeyConfig["state"];
        /** `stack`: made by it and protected in its state. `supplied`: made elsewhere. */
        readonly origin: "stack" | "supplied";
        /** Size of the RSA key. */
        readonly rsaBits: number;
    }[];
}

/** What policies see of the trust stack. */
export function publishedTrust({ organization, sealingKeys }: TrustConfig): PublishedTrust {
    return {
        organization,
        sealingKeys: sealingKeys.map(({ name, state, supplied }) => ({
            name,
            state,
            origin: supplied ? "supplied" : "stack",
            rsaBits: supplied ? bitsOf(supplied.certificate) : sealingKeyBits,
        })),
    };
}

/** Size of the key that a certificate is for; the configuration has been validated, so it is one of RSA. */
function bitsOf(certificate: string): number {
    return new X509Certificate(certificate).publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
}
