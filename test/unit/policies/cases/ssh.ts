import type { PublishedRegion } from "../../../../infra/published";
import { ResourceSubject } from "../../../../policies/rules/core/subject";
import { compliant, resource } from "../../../fixtures/policies/region";
import { absent, Case } from "../case";

// The fixture is published by the program's own code, as this type.
const region = compliant.region.inputs as unknown as PublishedRegion;

/** A resource below the trust stack's component, as it is made there. */
function ofTrust(type: string, name: string, inputs: object): ResourceSubject {
    const made = resource(type, name, inputs);
    const urn = `urn:pulumi:trust::fjord::fjord:trust:Trust$${type}::${name}`;
    return { ...made, resource: { ...made.resource, urn, protect: true } };
}

const sealingKey = ofTrust("tls:index/privateKey:PrivateKey", "trust-sealing", { algorithm: "RSA", rsaBits: 4096 });
const ca = ofTrust("tls:index/selfSignedCert:SelfSignedCert", "trust-ca", { isCaCertificate: true, validityPeriodHours: 87600 });

export const cases: readonly Case[] = [
    {
        rule: "FJ-SSH-001",
        compliant: compliant.worker,
        change: { at: ["inputs", "sshFrom", 0], to: "0.0.0.0/0" },
        says: /0\.0\.0\.0\/0, wider than a \/8/,
    },
    {
        rule: "FJ-SSH-002",
        what: "a hypervisor",
        compliant: compliant.region,
        change: { at: ["inputs", "hypervisors", 1, "hostKeyType"], to: "ssh-rsa" },
        says: /ssh-rsa/,
    },
    {
        rule: "FJ-SSH-002",
        what: "a machine",
        compliant: compliant.region,
        change: { at: ["inputs", "machines", 0, "hostKeyType"], to: "ecdsa-sha2-nistp256" },
        says: /ecdsa-sha2-nistp256/,
    },
    {
        rule: "FJ-SSH-003",
        compliant: {
            ...compliant.region,
            inputs: {
                ...compliant.region.inputs,
                machines: region.machines.map((machine, index) => ({ ...machine, hostKeyFingerprint: `SHA256:${index}` })),
            },
        },
        change: { at: ["inputs", "machines", 1, "hostKeyFingerprint"], to: "SHA256:0" },
        says: /is also the key of cp-01/,
    },
    {
        rule: "FJ-SSH-004",
        compliant: compliant.region,
        change: { at: ["inputs", "ssh", "operatorKeyTypes", 0], to: "ssh-rsa" },
        says: /ssh-rsa/,
    },
    {
        rule: "FJ-SSH-005",
        compliant: compliant.region,
        change: { at: ["inputs", "machines", 0, "user"], to: "root" },
        says: /is root/,
    },
    {
        rule: "FJ-SSH-005",
        what: "a hypervisor",
        compliant: compliant.region,
        change: { at: ["inputs", "hypervisors", 2, "user"], to: "root" },
        says: /is root/,
    },
    {
        rule: "FJ-SSH-006",
        what: "a pattern",
        compliant: compliant.region,
        change: { at: ["inputs", "gitHosts", 0, "knownHosts", 0, "names"], to: ["*.osl.node"] },
        says: /is \*\.osl\.node, not git\.osl\.node alone/,
    },
    {
        rule: "FJ-SSH-006",
        what: "no key at all",
        compliant: compliant.region,
        change: { at: ["inputs", "gitHosts", 0, "knownHosts"], to: [] },
        says: /has no key of git\.osl\.node/,
    },
    {
        rule: "FJ-SSH-007",
        compliant: compliant.region,
        change: { at: ["inputs", "gitHosts", 0, "knownHosts", 0, "keyType"], to: "ssh-rsa" },
        says: /has ssh-rsa only/,
    },
    {
        rule: "FJ-SSH-008",
        compliant: compliant.region,
        change: { at: ["inputs", "aptSigned"], to: false },
        says: /no signing key/,
    },
    {
        rule: "FJ-SSH-009",
        what: "two",
        compliant: compliant.trust,
        change: { at: ["inputs", "sealingKeys", 1, "state"], to: "active" },
        says: /has sealed-secrets-key-20260101 and sealed-secrets-key-20250101/,
        also: ["FJ-SEC-009", "FJ-SEC-011"],
    },
    {
        rule: "FJ-SSH-009",
        what: "none",
        compliant: compliant.trust,
        change: { at: ["inputs", "sealingKeys", 0, "state"], to: "retired" },
        says: /has no active key/,
    },
    {
        rule: "FJ-SSH-010",
        compliant: compliant.trust,
        change: { at: ["inputs", "sealingKeys", 1, "rsaBits"], to: 2048 },
        says: /is 2048, less than 3072/,
    },
    {
        rule: "FJ-SSH-011",
        compliant: sealingKey,
        change: { at: ["resource", "protect"], to: false },
        says: /is not protected/,
        alwaysKnown: "an option of the resource",
    },
    {
        rule: "FJ-SSH-012",
        what: "a short key",
        compliant: sealingKey,
        change: { at: ["inputs", "rsaBits"], to: 2048 },
        says: /is 2048, less than 3072/,
    },
    {
        rule: "FJ-SSH-012",
        what: "the provider's own curve",
        compliant: ofTrust("tls:index/privateKey:PrivateKey", "trust-ca", { algorithm: "ECDSA", ecdsaCurve: "P384" }),
        change: { at: ["inputs", "ecdsaCurve"], to: absent },
        says: /is P224/,
    },
    {
        rule: "FJ-SSH-012",
        what: "an algorithm that nobody knows",
        compliant: sealingKey,
        change: { at: ["inputs", "algorithm"], to: "DSA" },
        says: /is DSA/,
    },
    {
        rule: "FJ-SSH-013",
        compliant: ca,
        change: { at: ["inputs", "validityPeriodHours"], to: 30 * 24 },
        says: /is 720 hours/,
    },
];
