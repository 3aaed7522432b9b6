import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { TrustConfig } from "../../infra/config/types";
import { publishedTrust } from "./published";
import { SealingKey, sealingKey } from "./sealing-key";

/** Ten years, like the sealing keys: the CA outlives every region it signs for. */
const caValidityHours = 10 * 365 * 24;

/** What must outlive a region: sealing keys, the Git deploy key, the platform CA. Tiny, brought up first, escrowed. */
export class Trust extends pulumi.ComponentResource {
    readonly sealingKeys: readonly SealingKey[];
    /** Public half, to register at the Git host as a read-only deploy key. */
    readonly deployKeyPublic: pulumi.Output<string>;
    /** OpenSSH private key, secret. */
    readonly deployKey: pulumi.Output<string>;
    readonly caCertificate: pulumi.Output<string>;

    constructor(name: string, config: TrustConfig, opts?: pulumi.ComponentResourceOptions) {
        super("fjord:trust:Trust", name, { ...publishedTrust(config) }, opts);
        this.sealingKeys = config.sealingKeys.map((key) => sealingKey(this, name, key));
        const deployKey = new tls.PrivateKey(`${name}-deploy-key`, { algorithm: "ED25519" }, { parent: this, protect: true });
        this.deployKey = pulumi.secret(deployKey.privateKeyOpenssh);
        this.deployKeyPublic = deployKey.publicKeyOpenssh;
        this.caCertificate = this.makeCa(name, config.organization);
        this.registerOutputs({});
    }

    private makeCa(name: string, organization: string): pulumi.Output<string> {
        const opts = { parent: this, protect: true };
        const key = new tls.PrivateKey(`${name}-ca`, { algorithm: "ECDSA", ecdsaCurve: "P384" }, opts);
        return new tls.SelfSignedCert(
            `${name}-ca`,
            {
                privateKeyPem: key.privateKeyPem,
                isCaCertificate: true,
                setSubjectKeyId: true,
                validityPeriodHours: caValidityHours,
                allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
                subject: { commonName: `${organization} platform CA`, organization },
            },
            opts,
        ).certPem;
    }

    /** Certificate to seal new secrets with. */
    get sealingCertificate(): pulumi.Output<string> {
        const active = this.sealingKeys.find((key) => key.state === "active");
        if (!active) {
            throw new pulumi.ResourceError("no sealing key is active: set `state: active` on one of fjord:sealingKeys", this);
        }
        return active.certificate;
    }
}
