import { z } from "zod";
import * as defaults from "../defaults";
import { cidr, domain, hostName, ipv4, name, nonEmpty, publicKey, stackName, whereabouts } from "./fields";
import { guestNetworkSchema, hypervisorSchema, imageSchema, planSchema } from "./hypervisor";
import { kubernetesSchema } from "./kubernetes";
import { machineSchema } from "./machine";
import { mirrorsSchema } from "./mirrors";
import { applicationSchema, platformSchema } from "./platform";

const bounds = (standard: { readonly warn: number; readonly fail: number }, what: string) =>
    z
        .strictObject({
            warn: z.number().min(0).default(standard.warn).describe("Above this the report warns."),
            fail: z.number().min(0).default(standard.fail).describe("Above this nothing is changed on any machine."),
        })
        .prefault({})
        .describe(what);

/** What is written under `fjord:` in the file of a region stack. */
export const regionSchema = z.strictObject({
    kind: z.literal("region").describe("Kind of stack: `region` is one place with one cluster."),
    name: name().optional().describe("Name of the region. Fixed once it is up. Default: the stack's."),
    domain: domain().describe("DNS domain of the nodes; unique for every region. Fixed once the region is up."),
    whereabouts: whereabouts(),
    residency: z
        .enum(["norway", "eea"])
        .optional()
        .describe(
            "Where data and deployment logic may lie, for policies: `norway`, or `eea` (EU, Iceland, Liechtenstein, Norway). Default: norway for a region in Norway, else eea.",
        ),
    endpoints: z
        .array(
            z.strictObject({
                purpose: z
                    .enum(["state", "secrets-key", "names", "time", "logs", "backup"])
                    .describe(
                        "What it is for: Pulumi's state, what opens its secrets, the resolvers and time servers of the machines, logs, backups.",
                    ),
                url: nonEmpty("s3://fjord-state?region=no-1").describe("A URL or a host name, without user and password."),
                whereabouts: whereabouts(),
            }),
        )
        .default([])
        .describe(
            "What the region depends on beside its mirrors and Git hosts. Read by the rules on residency and recovery; nothing is configured from it.",
        ),
    trustStack: stackName()
        .default(defaults.trustStack)
        .describe(
            "Fully qualified name of the trust stack; `organization` is literal where the state is not in Pulumi Cloud.",
        ),
    lock: nonEmpty(defaults.lock)
        .default(defaults.lock)
        .describe("File with the pinned versions and digests, relative to the project."),
    ssh: z
        .strictObject({
            user: nonEmpty(defaults.ssh.user)
                .default(defaults.ssh.user)
                .describe("User of every machine that does not name its own."),
            identityFile: nonEmpty("~/.ssh/id_ed25519")
                .optional()
                .describe(
                    "The operator's private key file; `~` is the home directory. Default: what the SSH agent holds.",
                ),
            authorizedKeys: z
                .array(publicKey())
                .default([])
                .describe(
                    "Public keys of the operators, for machines that the stack makes: without one of theirs nobody but the stack could log in. Machines that exist have their own.",
                ),
            driftKeys: z
                .array(publicKey())
                .default([])
                .describe(
                    "Public keys that may ask every machine what differs from its last `pulumi up` (`npm run drift`), and nothing else: for a scheduled job, whose address must be in `allowFrom`. Default: none, and nothing is installed for it.",
                ),
            allowFrom: z
                .array(cidr())
                .min(1)
                .describe(
                    "Ranges from which SSH is allowed once the firewall is up; the machine that runs `pulumi up` must be in one of them.",
                ),
            allowFromAnywhere: z
                .boolean()
                .default(false)
                .describe("Must be true where `allowFrom` holds 0.0.0.0/0 or another range wider than /8."),
        })
        .describe("How the operator reaches the machines."),
    hosts: z
        .record(hostName(), ipv4())
        .default({})
        .describe(
            "Names and addresses that every node gets in /etc/hosts, where DNS does not have them (mirrors, Git).",
        ),
    preflight: z
        .strictObject({
            fdatasyncP99: bounds(
                defaults.preflight.fdatasyncP99,
                "p99 of fdatasync in etcd's directory, milliseconds.",
            ),
            steal: bounds(defaults.preflight.steal, "CPU steal under load, percent."),
            clockOffset: bounds(
                defaults.preflight.clockOffset,
                "Distance of a server's clock from the region's others, milliseconds.",
            ),
            otherFirewall: z
                .enum(["fail", "warn"])
                .default(defaults.preflight.otherFirewall)
                .describe(
                    "Verdict on a server with another firewall (ufw, firewalld, a chain that drops): `warn` only where it lets in the region's ports, SSH and pods.",
                ),
        })
        .prefault({})
        .describe("Bounds of the preflight report."),
    aptWait: z
        .number()
        .int()
        .min(1)
        .max(3600)
        .default(defaults.aptWait)
        .describe(
            "How long apt is waited for where another process holds it, seconds; often unattended-upgrades, right after a server's first boot.",
        ),
    mirrors: mirrorsSchema,
    machines: z.array(machineSchema).min(1).describe("The machines: 1, 3 or 5 control planes, and workers."),
    hypervisors: z
        .array(hypervisorSchema)
        .default([])
        .describe("Servers that run guests. Default: none; every machine exists."),
    guestNetwork: guestNetworkSchema.optional(),
    images: z.array(imageSchema).default([]).describe("Disk images of the region's own, beside the catalogue."),
    plans: z.array(planSchema).default([]).describe("Plans of the region's own, beside the catalogue."),
    kubernetes: kubernetesSchema.prefault({}),
    platform: platformSchema.prefault({}),
    applications: z
        .array(applicationSchema)
        .default([])
        .describe("The applications that Argo CD keeps in the cluster."),
});

/** What a user may write. */
export type RegionInput = z.input<typeof regionSchema>;
/** The same with every default that needs no other field. */
export type ParsedRegion = z.output<typeof regionSchema>;
