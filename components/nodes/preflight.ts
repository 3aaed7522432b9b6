import { z } from "zod";
import { PreflightBounds, RegionConfig, Role } from "../../infra/config/types";
import { Plan, leastMemory } from "../machines/plans";
import { Check, limits, parseFigures } from "./report";

/** What preflight.sh measures on one machine, each figure as text; empty where it could not be measured. */
const reportSchema = z.object({
    /** `debian-12` */
    os: z.string(),
    /** `6.12` */
    kernel: z.string(),
    /** `x86_64` */
    architecture: z.string(),
    /** As systemd-detect-virt says: `kvm`, `none`, `lxc`. */
    virtualization: z.string(),
    /** `1` or `2` */
    cgroup: z.string(),
    cpus: z.string(),
    /** MemTotal, MiB. */
    memory: z.string(),
    /** Swap in use by the machine, MiB. */
    swap: z.string(),
    /** Free on the file system of /var/lib, MiB. */
    disk: z.string(),
    /** Signs of another cluster or owner, or `none`. */
    foreign: z.string(),
    /** Other firewalls that refuse what comes in or through: `ufw, ip filter INPUT`, or `none`. */
    firewall: z.string(),
    /** Ports that the node needs and something else has, or `none`. */
    ports: z.string(),
    /** Whether a time service has set the clock: `yes` or `no`. */
    synchronised: z.string(),
    /** Greatest distance from a control plane's clock, milliseconds. */
    clock: z.string(),
    /** 99th percentile of fdatasync, milliseconds; empty on workers. */
    fdatasync: z.string(),
    /** CPU time taken by the hypervisor while all CPUs were wanted, percent. */
    steal: z.string(),
});

export type PreflightReport = Readonly<z.infer<typeof reportSchema>>;
export type Figure = keyof PreflightReport;

/** A machine as preflight sees it. */
export interface PreflightSubject {
    readonly role: Role;
    readonly plan: Plan;
    readonly bounds: PreflightBounds;
    readonly kubernetes: Pick<RegionConfig["kubernetes"], "failCgroupV1" | "ignorePreflightErrors">;
    /** Version of containerd.io in the lock. */
    readonly containerd: string;
}

/** Releases that the scripts are made for and tested on. */
export const supportedSystems = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"] as const;

/**
 * Systems that a version of containerd.io is for. Docker names them in it (`2.3.7-1~debian.13~trixie`); one without such a
 * part is for any.
 */
export function systemsFor(containerd: string): readonly string[] {
    const [, system, release] = /~(debian|ubuntu)\.([\d.]+)~/.exec(containerd) ?? [];
    return system === undefined ? supportedSystems : supportedSystems.filter((one) => one === `${system}-${release}`);
}

/** kube-proxy's nftables mode needs it (Kubernetes documentation, virtual IPs). */
export const oldestKernel = "5.13";

/** Images and logs of a node need some 8 GiB; below the first figure the kubelet would soon evict pods. */
const freeDisk = { fail: 5 * 1024, warn: 20 * 1024 } as const;

/** Containers whose host decides on modules, cgroups and the kernel; nspawn is what the lab's nodes are. */
const sharedKernels = "openvz,lxc,lxc-libvirt,docker,podman,wsl,container-other";

/** The checks of one machine. The order is that of the report. */
export function preflightChecks(subject: PreflightSubject): readonly Check<Figure>[] {
    const { bounds, plan, kubernetes } = subject;
    const onControlPlane = subject.role === "control-plane";
    const systems = systemsFor(subject.containerd);
    const swapAllowed = kubernetes.ignorePreflightErrors.includes("Swap");
    return [
        {
            figure: "foreign",
            title: "other owner",
            unit: "",
            operator: "one-of",
            fail: "none",
            fix: "fjord takes bare servers only: reinstall the machine, or remove what is there",
        },
        {
            figure: "os",
            title: "operating system",
            unit: "",
            operator: "one-of",
            fail: systems.join(","),
            fix:
                systems.length === supportedSystems.length
                    ? "install one of these releases"
                    : `install this release, which the lock's containerd.io ${subject.containerd} is for, or lock the one of another (npm run lock -- --debian bookworm)`,
        },
        {
            figure: "architecture",
            title: "architecture",
            unit: "",
            operator: "one-of",
            fail: "x86_64",
            fix: "the lock holds packages and images for x86_64 only",
        },
        {
            figure: "kernel",
            title: "kernel",
            unit: "",
            operator: "at-least",
            fail: oldestKernel,
            fix: "install the release's current kernel and reboot",
        },
        {
            figure: "virtualization",
            title: "virtualization",
            unit: "",
            operator: "none-of",
            fail: sharedKernels,
            warn: `${sharedKernels},systemd-nspawn`,
            fix: "a container shares its host's kernel: use a virtual machine or a whole server",
        },
        {
            figure: "cgroup",
            title: "cgroup version",
            unit: "",
            operator: "at-least",
            warn: "2",
            ...(kubernetes.failCgroupV1 && { fail: "2" }),
            fix: "boot without systemd.unified_cgroup_hierarchy=0",
        },
        {
            figure: "cpus",
            title: "CPUs",
            unit: "",
            operator: "at-least",
            fail: String(plan.vcpus),
            fix: `the plan ${plan.name} has ${plan.vcpus}: correct the plan, or have the provider correct the server`,
        },
        {
            figure: "memory",
            title: "memory",
            unit: "MiB",
            operator: "at-least",
            fail: String(leastMemory(plan)),
            fix: `the plan ${plan.name} has ${plan.memory} MiB: correct the plan, or have the provider correct the server`,
        },
        {
            figure: "disk",
            title: "free disk",
            unit: "MiB",
            operator: "at-least",
            fail: String(freeDisk.fail),
            warn: String(freeDisk.warn),
            fix: "free space on the file system of /var/lib, or make it larger",
        },
        {
            figure: "swap",
            title: "swap",
            unit: "MiB",
            operator: "at-most",
            warn: "0",
            ...(!swapAllowed && { fail: "0" }),
            fix: "turn swap off (swapoff -a) and take it out of /etc/fstab: the kubelet refuses to start with it",
        },
        {
            figure: "ports",
            title: "ports in use",
            unit: "",
            operator: "one-of",
            fail: "none",
            fix: "stop what listens there (ss -lntup)",
        },
        {
            figure: "firewall",
            title: "other firewall",
            unit: "",
            operator: "one-of",
            unmeasured: "warn",
            warn: "none",
            ...(bounds.otherFirewall === "fail" && { fail: "none" }),
            fix: "it drops what fjord's firewall lets in: disable it (ufw disable; systemctl disable --now firewalld; take out the chain), or let in there the region's nodes, pods, SSH and ingress and write otherFirewall: warn in fjord:preflight",
        },
        {
            figure: "synchronised",
            title: "clock synchronised",
            unit: "",
            operator: "one-of",
            warn: "yes",
            fix: "install and start a time service: apt-get install systemd-timesyncd",
        },
        {
            figure: "clock",
            title: "clock offset",
            unit: "ms",
            operator: "at-most",
            ...limits(bounds.clockOffset),
            unmeasured: "warn",
            fix: "set the clock, or let ICMP timestamp requests through between the machines so that it can be compared",
        },
        ...(onControlPlane ? [fdatasyncCheck(bounds)] : []),
        {
            figure: "steal",
            title: "CPU steal",
            unit: "%",
            operator: "at-most",
            ...limits(bounds.steal),
            fix: "the host is overbooked: ask the provider for another one, or for dedicated CPUs",
        },
    ];
}

function fdatasyncCheck(bounds: PreflightBounds): Check<Figure> {
    return {
        figure: "fdatasync",
        title: "fdatasync p99",
        unit: "ms",
        operator: "at-most",
        ...limits(bounds.fdatasyncP99),
        unmeasured: "warn",
        fix: "etcd needs a disk of its own class (NVMe), cache mode none: ask the provider, or choose another machine as control plane",
    };
}

/**
 * What preflight.sh printed, as figures.
 * @throws where it is not its JSON; the message names the machine.
 */
export function parseReport(node: string, stdout: string): PreflightReport {
    return parseFigures(reportSchema, node, "preflight", stdout);
}
