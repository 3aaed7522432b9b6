import { z } from "zod";
import * as defaults from "../defaults";
import { absolutePath, catalogueName, interfaceName, ipv4, name, url } from "./fields";
import { serverFields } from "./server";

const standard = defaults.hypervisor;
const amount = () => z.number().int().min(1);

export const hypervisorSchema = z
    .strictObject({
        name: name().describe("Short name, unique in the region, machines among it."),
        ...serverFields(),
        pool: absolutePath(standard.pool)
            .default(standard.pool)
            .describe("Folder with base images, disks and seeds of guests; on NVMe. It is made where it is missing."),
        bridge: interfaceName(standard.bridge)
            .default(standard.bridge)
            .describe("Bridge that guests are attached to. It must exist, and lead to the guest network."),
        acceleration: z
            .enum(["kvm", "emulation"])
            .default(standard.acceleration)
            .describe("`emulation` does without KVM and is about 8 to 10 times slower: only for trials."),
        capacity: z
            .strictObject({
                vcpus: amount().describe("Vcpus, as many as the hypervisor can spare."),
                memoryMiB: amount().describe("Memory in MiB. It is never overcommitted."),
                diskGiB: amount().describe("Space in the pool in GiB. It is never overcommitted."),
            })
            .describe("What guests may use in all; what the hypervisor needs for itself is not part of it."),
        vcpuRatio: z
            .number()
            .min(1)
            .default(standard.vcpuRatio)
            .describe("Guests' vcpus for each vcpu of `capacity`. Above 1 guests steal CPU time from each other."),
    })
    .describe("A server that runs guests.");

export type HypervisorInput = z.output<typeof hypervisorSchema>;

export const guestNetworkSchema = z
    .strictObject({
        prefixLength: z.number().int().min(8).max(30).describe("Length of the network's prefix."),
        gateway: ipv4().describe("Address of its router; with the prefix it says which network it is."),
        nameservers: z
            .array(ipv4())
            .min(1)
            .max(3)
            .describe("Addresses that guests ask for names; resolvers use three at most."),
    })
    .describe("The network of guests' static addresses. Needed as soon as a machine is of kind libvirt.");

export const imageSchema = z
    .strictObject({
        name: catalogueName("debian-12-hardened").describe("Name for machines' `image`; not one of the catalogue."),
        url: url("https", "http").describe("Where the qcow2 image is; `npm run lock` pins its checksum."),
    })
    .describe("A disk image of the region's own: qcow2, amd64, with cloud-init in it.");

export const planSchema = z
    .strictObject({
        name: catalogueName("nvme-12gb").describe("Name for machines' `plan`; not one of the catalogue."),
        vcpus: amount().describe("Vcpus."),
        memoryMiB: amount().min(512).describe("Memory in MiB."),
        diskGiB: amount().describe("Size of the root disk in GiB."),
        iops: amount().optional().describe("Most reads and writes a second of a guest's disk. Default: no limit."),
        throughputMiBs: amount().optional().describe("Most MiB a second of a guest's disk. Default: no limit."),
    })
    .describe("A plan of the region's own, beside the catalogue.");

export type PlanInput = z.output<typeof planSchema>;
