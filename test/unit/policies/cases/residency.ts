import { gitops } from "../../../fixtures/policies/gitops";
import { compliant } from "../../../fixtures/policies/region";
import { ResourceSubject } from "../../../../policies/rules/core/subject";
import { absent, Case } from "../case";

const { region } = compliant;

/** Index of the endpoint of a purpose. */
function endpoint({ inputs }: ResourceSubject, purpose: string): number {
    const { endpoints } = inputs as { readonly endpoints: readonly { readonly purpose: string }[] };
    return endpoints.findIndex((one) => one.purpose === purpose);
}

/** A rule about where what serves a purpose lies: broken by its country. */
const placed = (rule: Case["rule"], purpose: string): Case => ({
    rule,
    what: purpose,
    compliant: region,
    change: { at: ["inputs", "endpoints", endpoint(region, purpose), "country"], to: "US" },
    says: new RegExp(`is US for ${purpose} at .*, outside Norway`),
});

export const cases: readonly Case[] = [
    {
        rule: "FJ-RES-001",
        compliant: region,
        change: { at: ["inputs", "country"], to: "SE" },
        says: /is SE, outside Norway/,
    },
    {
        rule: "FJ-RES-001",
        what: "outside the EEA",
        compliant: { ...region, inputs: { ...region.inputs, residency: "eea", country: "SE" } },
        change: { at: ["inputs", "country"], to: "GB" },
        says: /is GB, outside the EEA/,
    },
    placed("FJ-RES-002", "state"),
    placed("FJ-RES-002", "secrets-key"),
    placed("FJ-RES-003", "backup"),
    placed("FJ-RES-003", "logs"),
    placed("FJ-RES-004", "git"),
    placed("FJ-RES-005", "images"),
    placed("FJ-RES-006", "time"),
    {
        rule: "FJ-RES-002",
        what: "by whom its operator belongs to",
        compliant: region,
        change: { at: ["inputs", "endpoints", endpoint(region, "state"), "jurisdiction"], to: "US" },
        says: /Nordic Hosting AS, who runs .* answers to a law outside Norway/,
    },
    {
        rule: "FJ-RES-007",
        compliant: region,
        change: { at: ["inputs", "endpoints", endpoint(region, "images"), "country"], to: "ZZ" },
        says: /is not known, for images/,
    },
    {
        rule: "FJ-RES-008",
        compliant: region,
        change: { at: ["inputs", "endpoints", endpoint(region, "time")], to: absent },
        says: /has nothing for time/,
    },
    {
        rule: "FJ-RES-009",
        compliant: region,
        change: { at: ["inputs", "endpoints", endpoint(region, "names"), "url"], to: "8.8.8.8" },
        says: /is NO, but who runs 8\.8\.8\.8 answers to the law of US/,
    },
    {
        rule: "FJ-RES-010",
        compliant: gitops.ingress,
        change: {
            at: ["object", "spec", "template", "spec", "containers", 0, "args", 6],
            to: "-enable-telemetry-reporting=true",
        },
        says: /has no -enable-telemetry-reporting=false/,
    },
    {
        rule: "FJ-RES-011",
        compliant: gitops.service,
        around: [region],
        change: { at: ["object", "spec", "externalName"], to: "db.example.com" },
        says: /is db\.example\.com/,
    },
    {
        rule: "FJ-RES-012",
        compliant: gitops.application,
        around: [region],
        change: { at: ["object", "spec", "source", "repoURL"], to: "git@gitlab.com:nordic-corp/infra-manifests.git" },
        says: /is at gitlab\.com/,
    },
];
