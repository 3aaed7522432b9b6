import type { PublishedMachine } from "../../infra/published";
import { fault, must, publishedRule } from "./core/define";
import { notApplicable, Rule } from "./core/rule";

/** The least that etcd and the API beside it run well on: etcd's hardware guide asks for two to four CPUs and 8 GB. */
const leastControlPlane = { vcpus: 2, memoryMiB: 8192, diskGiB: 40 } as const;

/** The highest bounds at which preflight still refuses what etcd cannot live with: milliseconds, percent, milliseconds. */
const loosestPreflight = { fdatasyncP99: 10, steal: 10, clockOffset: 1000 } as const;

const zoneLabel = "topology.kubernetes.io/zone";

const isControlPlane = ({ role }: PublishedMachine): boolean => role === "control-plane";

/** The machine runs applications, and the ingress: no taint keeps them off. */
const takesApplications = ({ taints }: PublishedMachine): boolean => taints.every(({ effect }) => effect === "PreferNoSchedule");

/** What a machine is lost with: its hypervisor, or itself. */
const placeOf = ({ name, hypervisor }: PublishedMachine): string => hypervisor ?? name;

/** Machines with their index in what the region publishes, by the hypervisor that they run on. */
function byHypervisor(machines: readonly PublishedMachine[], wanted: (machine: PublishedMachine) => boolean) {
    const seats = new Map<string, { readonly index: number; readonly machine: PublishedMachine }[]>();
    for (const [index, machine] of machines.entries()) {
        if (machine.hypervisor !== undefined && wanted(machine)) {
            seats.set(machine.hypervisor, [...(seats.get(machine.hypervisor) ?? []), { index, machine }]);
        }
    }
    return seats;
}

export const machineRules: readonly Rule[] = [
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-001",
            title: "A region has three or five control planes",
            severity: "high",
            why: "etcd needs a majority: one or two members survive no loss, and four no more than three do.",
            mend: "Write three (one may fail) or five (two may fail) machines with role: control-plane in fjord:machines.",
            references: [
                { of: "upstream", id: "https://etcd.io/docs/v3.6/faq/" },
                { of: "upstream", id: "https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/ha-topology/" },
            ],
        },
        ({ machines }) => {
            const count = machines.filter(isControlPlane).length;
            return must(count === 3 || count === 5, ["machines"], `has ${count} control planes`);
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-002",
            title: "No two control planes run on one hypervisor",
            severity: "high",
            why: "A hypervisor that is lost takes two of three members of etcd with it, and the cluster stops.",
            mend: "Give the region as many hypervisors as control planes, or name another one in hypervisor of the machine.",
            references: [{ of: "upstream", id: "https://etcd.io/docs/v3.6/faq/" }],
        },
        ({ machines }) => {
            const seats = byHypervisor(machines, isControlPlane);
            if (seats.size === 0) {
                return notApplicable("its control planes are servers that exist");
            }
            return [...seats].flatMap(([hypervisor, [first, ...others]]) =>
                others.map(({ index }) =>
                    fault(["machines", index, "hypervisor"], `is ${hypervisor}, where ${first?.machine.name} runs too`),
                ),
            );
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-003",
            title: "Control planes have three places to run",
            severity: "high",
            why: "With two places one of them holds the majority of etcd, and its loss ends the cluster.",
            mend: "Write three hypervisors or more in fjord:hypervisors, or control planes that are servers of their own.",
            references: [{ of: "upstream", id: "https://etcd.io/docs/v3.6/faq/" }],
        },
        ({ machines, hypervisors }) => {
            const controlPlanes = machines.filter(isControlPlane);
            const existing = controlPlanes.filter(({ kind }) => kind === "existing").length;
            if (existing === controlPlanes.length) {
                return notApplicable("its control planes are servers that exist");
            }
            const places = existing + hypervisors.length;
            return must(places >= 3, ["hypervisors"], `leaves control planes ${places} places`);
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-004",
            title: "Hypervisors of control planes promise no vcpu twice",
            severity: "medium",
            why: "Guests that steal CPU time from etcd delay its heartbeats, and leaders change under load.",
            mend: "Write vcpuRatio: 1 on the hypervisor, or move its control plane to another one.",
            references: [{ of: "upstream", id: "https://etcd.io/docs/v3.6/op-guide/hardware/" }],
        },
        ({ machines, hypervisors }) => {
            const hosts = byHypervisor(machines, isControlPlane);
            if (hosts.size === 0) {
                return notApplicable("its control planes are servers that exist");
            }
            return hypervisors.flatMap(({ name, vcpuRatio }, index) =>
                must(!hosts.has(name) || vcpuRatio <= 1, ["hypervisors", index, "vcpuRatio"], `is ${vcpuRatio}`),
            );
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-005",
            title: "Guests run with KVM",
            severity: "medium",
            why: "An emulated guest is eight to ten times slower: etcd loses its leader again and again.",
            mend: "Write acceleration: kvm on the hypervisor, and switch virtualization on in its firmware.",
            references: [{ of: "fjord", id: "README, Guests" }],
        },
        ({ hypervisors }) =>
            hypervisors.flatMap(({ acceleration }, index) =>
                must(acceleration === "kvm", ["hypervisors", index, "acceleration"], `is ${acceleration}`),
            ),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-006",
            title: "Control planes are large enough for etcd",
            severity: "medium",
            why: "etcd that waits for CPU misses heartbeats, and the API beside it is killed first when memory is short.",
            mend: "Choose plan: nvme-8gb or larger for control planes.",
            references: [{ of: "upstream", id: "https://etcd.io/docs/v3.6/op-guide/hardware/" }],
        },
        ({ machines }) =>
            machines.flatMap((machine, index) =>
                isControlPlane(machine)
                    ? (["vcpus", "memoryMiB", "diskGiB"] as const).flatMap((size) =>
                          must(
                              machine[size] >= leastControlPlane[size],
                              ["machines", index, size],
                              `is ${machine[size]} (plan ${machine.plan}), less than ${leastControlPlane[size]}`,
                          ),
                      )
                    : [],
            ),
    ),
    publishedRule(
        "fjord:machines:Guest",
        {
            id: "FJ-MCH-007",
            title: "Guests start with their hypervisor",
            severity: "medium",
            why: "After a power cut the hypervisors come back, and the cluster does not.",
            mend: "Let the program define the guest anew with `pulumi up`: it sets autostart.",
            references: [{ of: "upstream", id: "https://libvirt.org/manpages/virsh.html" }],
        },
        ({ live }) => must(live.autostart, ["live", "autostart"], "is false"),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-008",
            title: "The ingress runs in two places or more",
            severity: "medium",
            why: "With one place nothing in the region is reached while that machine is drained, updated or lost.",
            mend: "Write two workers or more without a taint that keeps applications off, not all on one hypervisor.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/" }],
        },
        ({ machines }) => {
            const places = new Set(machines.filter(takesApplications).map(placeOf));
            return must(places.size >= 2, ["machines"], `takes the ingress on ${[...places].join(", ") || "no machine"} only`);
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-009",
            title: "Preflight refuses machines that etcd cannot live on",
            severity: "medium",
            why: "A disk or a neighbour that is too slow shows weeks later, as a cluster that changes its leader all day.",
            mend: "Take the bounds out of fjord:preflight: its defaults are 10 ms, 10 % of steal, and 1000 ms for clocks.",
            references: [
                { of: "upstream", id: "https://etcd.io/docs/v3.6/faq/" },
                { of: "upstream", id: "https://etcd.io/docs/v3.6/op-guide/hardware/" },
            ],
        },
        ({ preflight }) =>
            (["fdatasyncP99", "steal", "clockOffset"] as const).flatMap((figure) => {
                const { fail } = preflight[figure];
                const most = loosestPreflight[figure];
                return must(fail <= most, ["preflight", figure, "fail"], `is ${fail}, more than ${most}`);
            }),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-010",
            title: "Applications stay off control planes",
            severity: "medium",
            why: "An application that fills the disk or escapes its container has etcd and the keys of the cluster beside it.",
            mend: "Take taints: [] off the control plane and add a machine with role: worker.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/reference/labels-annotations-taints/" }],
        },
        ({ machines }) =>
            machines.flatMap((machine, index) =>
                isControlPlane(machine)
                    ? must(!takesApplications(machine), ["machines", index, "taints"], "keeps no application off")
                    : [],
            ),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-MCH-011",
            title: "Workers that are lost together say so",
            severity: "low",
            why: "The scheduler takes guests of one hypervisor for hosts apart, and may put all replicas of a service on them.",
            mend: `Write the label ${zoneLabel} on those machines, with the same value for guests of one hypervisor.`,
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/reference/labels-annotations-taints/" }],
        },
        ({ machines }) => {
            const shared = [...byHypervisor(machines, takesApplications).values()].filter((guests) => guests.length > 1);
            return shared.flatMap((guests) => {
                const zone = guests[0]?.machine.labels[zoneLabel];
                return guests.flatMap(({ index, machine: { hypervisor, labels } }) =>
                    must(
                        labels[zoneLabel] !== undefined && labels[zoneLabel] === zone,
                        ["machines", index, "labels", zoneLabel],
                        `does not say that it shares ${hypervisor} with ${guests.length - 1} more`,
                    ),
                );
            });
        },
    ),
];
