import type { PublishedRegion } from "../../../../infra/published";
import { Path } from "../../../../policies/rules/core/opaque";
import { compliant } from "../../../fixtures/policies/region";
import { absent, Case } from "../case";

/** Where an endpoint is in what the program publishes of the region. */
function endpoint(wanted: string, ...field: readonly string[]): Path {
    const { endpoints } = compliant.region.inputs as unknown as PublishedRegion;
    return ["inputs", "endpoints", endpoints.findIndex(({ purpose }) => purpose === wanted), ...field];
}

export const cases: readonly Case[] = [
    {
        rule: "FJ-REC-001",
        compliant: compliant.region,
        change: { at: ["inputs", "site"], to: absent },
        says: /is not said/,
    },
    {
        rule: "FJ-REC-002",
        what: "at the region's site",
        compliant: compliant.region,
        change: { at: endpoint("state", "site"), to: "osl-1" },
        says: /is osl-1, where the region is/,
    },
    {
        rule: "FJ-REC-002",
        what: "not declared",
        compliant: compliant.region,
        change: { at: endpoint("state"), to: absent },
        says: /names nothing with purpose state/,
        also: ["FJ-RES-008"],
    },
    {
        rule: "FJ-REC-003",
        compliant: compliant.region,
        change: { at: endpoint("secrets-key", "site"), to: absent },
        says: /does not say its site/,
    },
    {
        rule: "FJ-REC-004",
        compliant: compliant.region,
        change: { at: endpoint("secrets-key", "url"), to: "s3://fjord-state/passphrase" },
        says: /is on fjord-state, as the state is/,
    },
    {
        rule: "FJ-REC-005",
        compliant: compliant.region,
        change: { at: endpoint("git", "site"), to: "osl-1" },
        says: /is osl-1, where the region is/,
    },
    {
        rule: "FJ-REC-005",
        what: "the region's own operator does not say where",
        compliant: compliant.region,
        change: { at: endpoint("git", "site"), to: absent },
        says: /git\.osl\.node does not say its site/,
    },
    {
        rule: "FJ-REC-006",
        compliant: compliant.region,
        change: { at: endpoint("backup"), to: absent },
        says: /names nothing with purpose backup/,
    },
    {
        rule: "FJ-REC-007",
        compliant: compliant.region,
        change: { at: endpoint("logs", "site"), to: "osl-1" },
        says: /is osl-1, where the region is/,
    },
    {
        rule: "FJ-REC-008",
        compliant: compliant.region,
        change: { at: ["inputs", "trustStack"], to: "organization/fjord/trust-no-oslo-1" },
        says: /which goes with no-oslo-1/,
    },
];
