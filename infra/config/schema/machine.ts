import { z } from "zod";
import * as defaults from "../defaults";
import { host, hostKey, ipv4, labelKey, labelValue, name, nonEmpty, port } from "./fields";

const user = () =>
    nonEmpty("root")
        .optional()
        .describe("User that logs in; anything but root needs sudo without a password. Default: `fjord:ssh.user`.");
const sshPort = () => port().default(defaults.ssh.port).describe("Port of its SSH server.");

export const taintSchema = z
    .strictObject({
        key: labelKey().describe("Key of the taint."),
        value: labelValue().default("").describe("Value of the taint."),
        effect: z
            .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
            .describe("What it does to pods that do not tolerate it."),
    })
    .describe("A taint as Kubernetes has it.");

export const jumpSchema = z
    .strictObject({
        address: host().describe("IPv4 address or DNS name of the jump host."),
        port: sshPort(),
        user: user(),
        hostKey: hostKey().describe("Public host key of the jump host."),
    })
    .describe("A host to go through, e.g. a bastion. One hop; it must itself be reachable directly.");

/** A server that exists. With a second maker of machines, `machineSchema` becomes a discriminated union over `kind`. */
export const machineSchema = z
    .strictObject({
        kind: z.literal("existing").describe("Who makes the machine. `existing`: a server that answers on SSH."),
        name: name().describe("Short name, unique in the region. The node is `<name>.<fjord:domain>`."),
        role: z.enum(["control-plane", "worker"]).describe("What it does in the cluster."),
        address: host().describe("IPv4 address or DNS name of its SSH server."),
        port: sshPort(),
        user: user(),
        hostKey: hostKey().describe(
            "Its public SSH host key. It is verified on every connection; nothing is trusted on first use.",
        ),
        jump: jumpSchema.optional(),
        nodeAddress: ipv4()
            .optional()
            .describe("IPv4 address that the other nodes use. Default: `address`, which must then be an IPv4 address."),
        plan: nonEmpty(defaults.plan)
            .default(defaults.plan)
            .describe("Plan of the catalogue; preflight refuses a server with less than it promises."),
        labels: z.record(labelKey(), labelValue()).default({}).describe("Labels of the node."),
        taints: z
            .array(taintSchema)
            .optional()
            .describe(
                "Taints of the node. Default: none for a worker; for a control plane kubeadm's own, so that it runs no applications. `[]` removes it.",
            ),
        out: z
            .boolean()
            .default(false)
            .describe(
                "True while the machine is lost or away: it leaves the cluster, and its place is kept. A control plane that is out still counts among the 1, 3 or 5.",
            ),
    })
    .describe("A machine of the region.");

export type MachineInput = z.output<typeof machineSchema>;
