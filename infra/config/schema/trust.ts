import { z } from "zod";
import { dottedName, name, nonEmpty } from "./fields";

/** What is written under `fjord:` in the file of a trust stack. */
export const trustSchema = z.strictObject({
    kind: z.literal("trust").describe("Kind of stack: `trust` holds what must outlive a region."),
    name: name().optional().describe("Name of the trust stack. Default: the stack's."),
    organization: nonEmpty("Nordic Corp AS").describe("Organisation in the subject of the platform CA."),
    sealingKeys: z
        .array(
            z.strictObject({
                name: dottedName().describe("Name of the key's Secret in every region; never changed."),
                state: z
                    .enum(["active", "retired"])
                    .describe(
                        "Exactly one is `active`: new secrets are sealed with it. `retired` keys still open what they sealed.",
                    ),
                supplied: z
                    .strictObject({
                        privateKey: nonEmpty("-----BEGIN RSA PRIVATE KEY-----").describe(
                            "RSA private key, PEM. Set it with `pulumi config set --secret --path`; never write it in clear.",
                        ),
                        certificate: nonEmpty("-----BEGIN CERTIFICATE-----").describe("Its certificate, PEM."),
                    })
                    .optional()
                    .describe(
                        "A key pair that exists. Default: RSA 4096 with a certificate for ten years, generated once.",
                    ),
            }),
        )
        .min(1)
        .describe("The sealing keys, oldest first."),
});

export type TrustInput = z.input<typeof trustSchema>;
export type ParsedTrust = z.output<typeof trustSchema>;
