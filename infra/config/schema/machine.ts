import { z } from "zod";
import * as defaults from "../defaults";
import { Path, valueAt } from "../problems";
import { catalogueName, ipv4, labelKey, labelValue, name, nonEmpty } from "./fields";
import { serverFields, user } from "./server";

export const taintSchema = z
    .strictObject({
        key: labelKey().describe("Key of the taint."),
        value: labelValue().default("").describe("Value of the taint."),
        effect: z
            .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
            .describe("What it does to pods that do not tolerate it."),
    })
    .describe("A taint as Kubernetes has it.");

/** Whoever makes the machine. */
const machineFields = () => ({
    name: name().describe("Short name, unique in the region. The node is `<name>.<fjord:domain>`."),
    role: z.enum(["control-plane", "worker"]).describe("What it does in the cluster. Fixed while the machine is in it."),
    plan: nonEmpty(defaults.plan)
        .default(defaults.plan)
        .describe(
            "Plan of the catalogue or of `fjord:plans`. A guest is made with it; preflight refuses a server with less than it promises.",
        ),
    labels: z.record(labelKey(), labelValue()).default({}).describe("Labels of the node."),
    taints: z
        .array(taintSchema)
        .optional()
        .describe(
            "Taints of the node. Default: none for a worker; for a control plane kubeadm's own, so that it runs no applications. `[]` removes it.",
        ),
    cgroupDriver: z
        .enum(["systemd", "cgroupfs"])
        .optional()
        .describe(
            "Who manages containerd's control groups on this machine, where it differs from the others'; the kubelet follows. Default: `fjord:kubernetes.cgroupDriver`.",
        ),
    out: z
        .boolean()
        .default(false)
        .describe(
            "True while the machine is lost or away: it leaves the cluster, and its place is kept. A guest is removed with its disk and all that is on it; its room on its hypervisor stays free, and when it is back it is made anew. A control plane that is out still counts among the 1, 3 or 5.",
        ),
});

const existingSchema = z
    .strictObject({
        kind: z.literal("existing").describe("Who makes the machine. `existing`: a server that answers on SSH."),
        ...machineFields(),
        ...serverFields(),
        nodeAddress: ipv4()
            .optional()
            .describe("IPv4 address that the other nodes use. Default: `address`, which must then be an IPv4 address."),
    })
    .describe("A server that exists.");

const libvirtSchema = z
    .strictObject({
        kind: z.literal("libvirt").describe("Who makes the machine. `libvirt`: a KVM guest on a hypervisor."),
        ...machineFields(),
        address: ipv4().describe("Its static IPv4 address, in `fjord:guestNetwork`; other nodes use it too."),
        user: user(),
        image: catalogueName(defaults.image)
            .default(defaults.image)
            .describe("Image of the catalogue or of `fjord:images` that its disk starts from."),
        hypervisor: name()
            .optional()
            .describe("The one hypervisor that it may run on. Default: placed where there is room."),
    })
    .describe("A guest that is made on one of the region's hypervisors.");

const makers = { existing: existingSchema, libvirt: libvirtSchema } as const;
type Kind = keyof typeof makers;
const kinds = Object.keys(makers) as Kind[];

/** One member a maker. */
export const machineSchema = z
    .discriminatedUnion("kind", [existingSchema, libvirtSchema])
    .describe("A machine of the region.");

export type MachineInput = z.output<typeof machineSchema>;

/** The kind of an entry; where it says none that there is, the one that its fields look like. */
export function kindOf(machine: { readonly kind?: unknown }): Kind {
    const said = kinds.find((kind) => kind === machine.kind);
    return said ?? ("image" in machine || "hypervisor" in machine ? "libvirt" : "existing");
}

/**
 * What is wrong with an entry that has no usable kind: the kind, and all the rest as the kind that it looks like. Zod
 * itself says nothing of the rest. Any other issue stays as it is. `root` is what was parsed.
 */
export function issuesWithoutKind(issue: z.core.$ZodIssue, root: unknown): z.core.$ZodIssue[] {
    if (issue.code !== "invalid_union" || issue.path.at(-1) !== "kind") {
        return [issue];
    }
    const at: Path = issue.path.slice(0, -1);
    const entry = valueAt(root, at) as Readonly<Record<string, unknown>>;
    const kind = kindOf(entry);
    const rest = makers[kind].safeParse({ ...entry, kind }).error?.issues ?? [];
    return [
        { code: "invalid_value", values: kinds, path: issue.path, message: issue.message },
        ...rest.map((inner) => ({ ...inner, path: [...at, ...inner.path] })),
    ];
}
