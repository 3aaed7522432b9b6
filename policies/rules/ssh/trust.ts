import { must, publishedRule, resourceRule } from "../core/define";
import { notApplicable, Rule } from "../core/rule";
import { ResourceSubject } from "../core/subject";

/** Smallest RSA keys that are expected to hold beyond 2030 (NIST SP 800-57, part 1, table 2: 128 bits of security). */
const leastRsaBits = 3072;

/** Curves of the tls provider but its default, P224, which nothing else speaks. */
const curves = ["P256", "P384", "P521"];

const year = 365 * 24;
/** Ten years with their leap days. */
const longestValidity = 10 * year + 72;

/** The trust stack is one component; what is below it outlives every region. */
const belongsToTrust = ({ resource }: ResourceSubject): boolean =>
    (resource.urn.split("::")[2] ?? "").startsWith("fjord:trust:Trust$");

const ofARegion = notApplicable("goes with its region");

/** The keys and certificates that everything else hangs on. */
export const trustRules: readonly Rule[] = [
    publishedRule(
        "fjord:trust:Trust",
        {
            id: "FJ-SSH-009",
            title: "Exactly one sealing key is active",
            severity: "high",
            why: "With none nothing can be sealed; with two nobody knows which of them a secret needs.",
            mend: "Write state: active on one entry of fjord:sealingKeys, and state: retired on all others.",
            references: [{ of: "upstream", id: "https://github.com/bitnami-labs/sealed-secrets#secret-rotation" }],
        },
        ({ sealingKeys }) => {
            const active = sealingKeys.filter(({ state }) => state === "active").map(({ name }) => name);
            return must(active.length === 1, ["sealingKeys"], `has ${active.join(" and ") || "no active key"}`);
        },
    ),
    publishedRule(
        "fjord:trust:Trust",
        {
            id: "FJ-SSH-010",
            title: "Sealing keys are long enough for as long as Git keeps what they sealed",
            severity: "medium",
            why: "A sealed secret lies in Git for years, where whoever may read the repository can try to open it.",
            mend: `Supply an RSA key of ${leastRsaBits} bits or more in fjord:sealingKeys, or leave it to the stack.`,
            references: [{ of: "upstream", id: "https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final" }],
        },
        ({ sealingKeys }) =>
            sealingKeys.flatMap(({ rsaBits }, index) =>
                must(rsaBits >= leastRsaBits, ["sealingKeys", index, "rsaBits"], `is ${rsaBits}, less than ${leastRsaBits}`),
            ),
    ),
    resourceRule(
        /^tls:index\/(privateKey:PrivateKey|selfSignedCert:SelfSignedCert)$/,
        {
            id: "FJ-SSH-011",
            title: "Keys that outlive a region are protected from deletion",
            severity: "critical",
            why: "One careless destroy deletes the only key that opens what lies sealed in Git, in every region.",
            mend: "Keep protect: true on the keys and certificates of the trust stack; retire a key instead of removing it.",
            references: [
                { of: "fjord", id: "README, A real region, step by step" },
                { of: "upstream", id: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/" },
            ],
        },
        (subject) => (belongsToTrust(subject) ? must(subject.resource.protect, [], "is not protected") : ofARegion),
    ),
    resourceRule(
        "tls:index/privateKey:PrivateKey",
        {
            id: "FJ-SSH-012",
            title: "Keys are made with algorithms and sizes that last",
            severity: "high",
            why: "A key that is made too small has to be replaced everywhere it was handed out, at a time that nobody chooses.",
            mend: `Write algorithm ED25519, ECDSA with P256 or more, or RSA with rsaBits ${leastRsaBits} or more.`,
            references: [{ of: "upstream", id: "https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final" }],
        },
        // rsaBits and ecdsaCurve default to 2048 and P224 (hashicorp/tls, tls_private_key).
        ({ inputs: { algorithm, rsaBits = 2048, ecdsaCurve = "P224" } }) => {
            switch (algorithm) {
                case "ED25519":
                    return [];
                case "RSA":
                    return must(Number(rsaBits) >= leastRsaBits, ["rsaBits"], `is ${String(rsaBits)}, less than ${leastRsaBits}`);
                case "ECDSA":
                    return must(curves.includes(String(ecdsaCurve)), ["ecdsaCurve"], `is ${String(ecdsaCurve)}`);
                default:
                    return must(false, ["algorithm"], `is ${String(algorithm)}`);
            }
        },
    ),
    resourceRule(
        "tls:index/selfSignedCert:SelfSignedCert",
        {
            id: "FJ-SSH-013",
            title: "Certificates that outlive a region hold for one to ten years",
            severity: "medium",
            why: "One that ends early stops sealing on a day that nobody remembers; one that never ends is never replaced.",
            mend: `Write validityPeriodHours between ${year} and ${10 * year}.`,
            references: [{ of: "upstream", id: "https://github.com/bitnami-labs/sealed-secrets#secret-rotation" }],
        },
        (subject) => {
            if (!belongsToTrust(subject)) {
                return ofARegion;
            }
            const hours = Number(subject.inputs["validityPeriodHours"]);
            return must(hours >= year && hours <= longestValidity, ["validityPeriodHours"], `is ${hours} hours`);
        },
    ),
];
