import type { PublishedMachine, PublishedRegion } from "../../../../infra/published";
import { ResourceSubject } from "../../../../policies/rules/core/subject";
import { compliant } from "../../../fixtures/policies/region";
import { absent, Case } from "../case";

// The fixture is published by the program's own code, as this type.
const region = compliant.region.inputs as unknown as PublishedRegion;
const cp = region.machines.findIndex(({ name }) => name === "cp-02");
const worker = region.machines.findIndex(({ name }) => name === "worker-02");
const other = (name: string): string | undefined => region.machines.find((machine) => machine.name === name)?.hypervisor;

const withMachines = (machines: readonly PublishedMachine[]): ResourceSubject => ({
    ...compliant.region,
    inputs: { ...compliant.region.inputs, machines },
});

/** Two workers only, the second at this index. */
const few = withMachines(region.machines.filter(({ name }) => name !== "worker-03"));

/** Two workers on one hypervisor, in one zone. */
const zone = { "topology.kubernetes.io/zone": "osl-1a" };
const together = withMachines(
    region.machines.map((machine) =>
        ["worker-01", "worker-02"].includes(machine.name) ? { ...machine, hypervisor: "hv-01", labels: zone } : machine,
    ),
);

export const cases: readonly Case[] = [
    {
        rule: "FJ-MCH-001",
        compliant: compliant.region,
        change: { at: ["inputs", "machines", cp], to: absent },
        says: /has 2 control planes/,
    },
    {
        rule: "FJ-MCH-002",
        compliant: compliant.region,
        change: { at: ["inputs", "machines", cp, "hypervisor"], to: other("cp-01") },
        says: /where cp-01 runs too/,
    },
    {
        rule: "FJ-MCH-003",
        compliant: compliant.region,
        change: { at: ["inputs", "hypervisors"], to: region.hypervisors.slice(0, 2) },
        says: /leaves control planes 2 places/,
    },
    {
        rule: "FJ-MCH-004",
        compliant: compliant.region,
        change: { at: ["inputs", "hypervisors", 0, "vcpuRatio"], to: 1.5 },
        says: /is 1\.5/,
    },
    {
        rule: "FJ-MCH-005",
        compliant: compliant.region,
        change: { at: ["inputs", "hypervisors", 1, "acceleration"], to: "emulation" },
        says: /is emulation/,
    },
    {
        rule: "FJ-MCH-006",
        compliant: compliant.region,
        change: { at: ["inputs", "machines", cp, "memoryMiB"], to: 4096 },
        says: /is 4096 \(plan nvme-16gb\), less than 8192/,
    },
    {
        rule: "FJ-MCH-007",
        compliant: compliant.guest,
        change: { at: ["inputs", "live", "autostart"], to: false },
        says: /is false/,
    },
    {
        rule: "FJ-MCH-008",
        what: "one worker is tainted",
        compliant: few,
        change: {
            at: ["inputs", "machines", worker, "taints"],
            to: [{ key: "dedicated", value: "database", effect: "NoSchedule" }],
        },
        says: /takes the ingress on hv-\d+ only/,
    },
    {
        rule: "FJ-MCH-008",
        what: "both workers on one hypervisor",
        compliant: few,
        change: { at: ["inputs", "machines", worker, "hypervisor"], to: other("worker-01") },
        says: /takes the ingress on hv-\d+ only/,
        also: ["FJ-MCH-011"],
    },
    {
        rule: "FJ-MCH-009",
        what: "the disk",
        compliant: compliant.region,
        change: { at: ["inputs", "preflight", "fdatasyncP99", "fail"], to: 50 },
        says: /is 50, more than 10/,
    },
    {
        rule: "FJ-MCH-009",
        what: "the clock",
        compliant: compliant.region,
        change: { at: ["inputs", "preflight", "clockOffset", "fail"], to: 5000 },
        says: /is 5000, more than 1000/,
    },
    {
        rule: "FJ-MCH-010",
        compliant: compliant.region,
        change: { at: ["inputs", "machines", cp, "taints"], to: [] },
        says: /keeps no application off/,
        also: ["FJ-MCH-011"],
    },
    {
        rule: "FJ-MCH-011",
        compliant: together,
        change: { at: ["inputs", "machines", worker, "labels"], to: {} },
        says: /shares hv-01 with 1 more/,
    },
];
