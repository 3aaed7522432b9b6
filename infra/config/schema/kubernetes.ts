import { z } from "zod";
import * as defaults from "../defaults";
import { cidr, hostName, nonEmpty, port, threshold, version } from "./fields";

const standard = defaults.kubernetes;
const evictionSignal = (signal: keyof typeof defaults.evictionHard) =>
    threshold().default(defaults.evictionHard[signal]);

export const kubernetesSchema = z
    .strictObject({
        version: version()
            .default(standard.version)
            .describe("Exact version without `v`; the lock must hold the same."),
        podCidr: cidr()
            .default(standard.podCidr)
            .describe("Addresses of pods; every node gets a /24 of it. Fixed once the region is up."),
        serviceCidr: cidr()
            .default(standard.serviceCidr)
            .describe("Addresses of Services. Fixed once the region is up."),
        apiName: hostName()
            .optional()
            .describe(
                "Name of the API inside the region; every node resolves it to its own load balancer. Fixed once the region is up. Default: `api.<fjord:domain>`.",
            ),
        loadBalancerPort: port()
            .default(standard.loadBalancerPort)
            .describe(
                "Port on 127.0.0.1 of every node where the API load balancer listens. Fixed once the region is up.",
            ),
        accessPort: port()
            .min(1024)
            .optional()
            .describe(
                "Port on 127.0.0.1 of the operator's machine for the SSH tunnel to the API. Default: derived from the region's name, " +
                    `${defaults.firstAccessPort} to ${defaults.firstAccessPort + 1023}, so that a kubeconfig never changes and two regions do not collide.`,
            ),
        cgroupDriver: z
            .enum(["systemd", "cgroupfs"])
            .default(standard.cgroupDriver)
            .describe("`systemd` where the servers have cgroup v2."),
        failCgroupV1: z
            .boolean()
            .default(standard.failCgroupV1)
            .describe("The kubelet's failCgroupV1. Only a lab sets it to false."),
        ignorePreflightErrors: z
            .array(nonEmpty("SystemVerification"))
            .default([])
            .describe("kubeadm's preflight checks to leave out. Empty in production."),
        restrictOomScoreAdj: z
            .boolean()
            .default(standard.restrictOomScoreAdj)
            .describe("containerd's restrict_oom_score_adj: only where CAP_SYS_RESOURCE is missing (lab)."),
        conntrackMaxPerCore: z
            .number()
            .int()
            .min(0)
            .default(standard.conntrackMaxPerCore)
            .describe(
                "Tracked connections a core, set by kube-proxy. 0 leaves the kernel's own. Default: kube-proxy's.",
            ),
        maxPods: z
            .number()
            .int()
            .min(10)
            .max(254)
            .default(standard.maxPods)
            .describe("Most pods on a node; its /24 ends at 254."),
        evictionHard: z
            .strictObject({
                "memory.available": evictionSignal("memory.available"),
                "nodefs.available": evictionSignal("nodefs.available"),
                "nodefs.inodesFree": evictionSignal("nodefs.inodesFree"),
                "imagefs.available": evictionSignal("imagefs.available"),
                "imagefs.inodesFree": evictionSignal("imagefs.inodesFree"),
                "pid.available": threshold().optional(),
            })
            .prefault({})
            .describe("The kubelet's evictionHard. A signal that is not given keeps the kubelet's default."),
        drainTimeout: z
            .number()
            .int()
            .min(1)
            .max(3600)
            .default(standard.drainTimeout)
            .describe("Seconds that a node may take to drain before it is changed or removed."),
    })
    .describe("Settings of the Kubernetes cluster.");
