import * as path from "node:path";
import { z } from "zod";
import { HypervisorConfig, PreflightBounds, seconds } from "../../../infra/config/types";
import { boundParams, Check, limits, parseFigures } from "../../nodes/report";
import { PlainScript } from "../../nodes/steps";

/** What hypervisor.sh measures on one server, each figure as text; empty where it could not be measured. */
const reportSchema = z.object({
    /** `AMD EPYC 9354P 32-Core Processor` */
    cpu: z.string(),
    cpus: z.string(),
    /** MemTotal, MiB. */
    memory: z.string(),
    /** MemAvailable, MiB. */
    available: z.string(),
    /** Commands and firmware that are missing, or `none`. */
    tools: z.string(),
    /** `answers`, or `silent (why)`. */
    daemon: z.string(),
    /** Version of libvirtd. */
    libvirt: z.string(),
    /** Version of QEMU, as libvirtd runs it. */
    qemu: z.string(),
    /** Names of all domains that are there, whoever made them, or `none`. */
    domains: z.string(),
    /** `usable`: a guest has run under it; `absent`; `broken (why)`. */
    kvm: z.string(),
    /** `present`, `to be made`, or `absent, and so is <folder above>`. */
    pool: z.string(),
    /** `ext2/ext3`, `xfs`, as stat calls them. */
    filesystem: z.string(),
    /** What guests may fill there, MiB: what is free and what the pool's files have already. */
    disk: z.string(),
    /** Free inodes; empty on a file system that makes them as it needs them. */
    inodes: z.string(),
    /** Whether the file system takes O_DIRECT: `yes` or `no`. */
    direct: z.string(),
    /** Whether every disk below the pool is an NVMe: `yes`, `no`, or empty where no disk could be found. */
    nvme: z.string(),
    /** 99th percentile of fdatasync in the pool, milliseconds. */
    fdatasync: z.string(),
    /** Whether a time service has set the clock: `yes` or `no`. */
    synchronised: z.string(),
    /** How far off the kernel estimates a synchronised clock to be, milliseconds. */
    clock: z.string(),
    /** `present`, `absent`, or `no bridge` where a link of another kind has the name. */
    bridge: z.string(),
    /** Whether the server's firewall sees what passes its bridges: `yes` or `no`. */
    filtered: z.string(),
    /** CPU time taken by a hypervisor below while all CPUs were wanted, percent. */
    steal: z.string(),
});

/** What of pool.sh's result is part of the report. */
const poolSchema = z.object({ unwanted: z.string() });

export interface HypervisorReport extends Readonly<z.infer<typeof reportSchema>> {
    /** Finished guests of the region that the stack does not have, as of the last change of its guests there; or `none`. */
    readonly unwanted: string;
}
export type HypervisorFigure = keyof HypervisorReport;

/** One line of the report, as the nodes' preflight has it, over a hypervisor's figures. */
export type HypervisorCheck = Check<HypervisorFigure>;
/** What of a hypervisor decides on its checks. */
export type HypervisorSubject = Pick<HypervisorConfig, "pool" | "bridge" | "acceleration" | "capacity">;

/** Oldest releases that the domains are made for: those of Debian 12, on which their XML was validated. */
export const oldestLibvirt = "9.0";
export const oldestQemu = "7.2";

/** Every guest takes some ten files; a pool without inodes is as full as one without bytes. */
const leastInodes = 1000;

/** What the server itself needs beside its guests: kernel, libvirtd, page tables and QEMU's own memory. */
const hostMemory = 1024;

/** The packages of Debian and Ubuntu that have what the scripts call. */
const packages =
    "libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils ovmf genisoimage curl";

/** The checks of one hypervisor. The order is that of the report. */
export function hypervisorChecks(subject: HypervisorSubject, bounds: PreflightBounds): readonly HypervisorCheck[] {
    return [
        ...softwareChecks(subject),
        ...capacityChecks(subject),
        ...poolChecks(subject, bounds),
        ...hostChecks(subject, bounds),
        {
            figure: "unwanted",
            title: "guests nobody wants",
            unit: "",
            operator: "one-of",
            warn: "none",
            fix: "they are this region's, and the stack does not have them: a run ended, or the hypervisor was given up, before they were removed. Look at each (virsh dominfo), then stop it (virsh destroy), undefine it (virsh undefine --nvram) and remove its disk",
        },
    ];
}

function softwareChecks({ acceleration }: HypervisorSubject): readonly HypervisorCheck[] {
    return [
        {
            figure: "tools",
            title: "missing tools",
            unit: "",
            operator: "one-of",
            fail: "none",
            fix: `install them: apt-get install --no-install-recommends ${packages}`,
        },
        {
            figure: "daemon",
            title: "libvirt daemon",
            unit: "",
            operator: "one-of",
            fail: "answers",
            fix: "start it: systemctl enable --now libvirtd",
        },
        {
            figure: "libvirt",
            title: "libvirt",
            unit: "",
            operator: "at-least",
            fail: oldestLibvirt,
            unmeasured: "warn",
            fix: "upgrade the server to Debian 12 or Ubuntu 24.04, or later",
        },
        {
            figure: "qemu",
            title: "QEMU",
            unit: "",
            operator: "at-least",
            fail: oldestQemu,
            unmeasured: "warn",
            fix: "upgrade the server to Debian 12 or Ubuntu 24.04, or later",
        },
        {
            figure: "kvm",
            title: "KVM",
            unit: "",
            operator: "one-of",
            unmeasured: "warn",
            ...(acceleration === "kvm"
                ? {
                      fail: "usable",
                      fix: "turn on virtualization in the firmware (AMD-V, VT-x), or nested virtualization where this server is a guest itself; acceleration: emulation runs guests without it, 8-10 times slower, for trials",
                  }
                : {
                      warn: "usable",
                      fix: "guests run emulated (acceleration: emulation), 8-10 times slower than on KVM: for trials only",
                  }),
        },
    ];
}

function capacityChecks({ capacity }: HypervisorSubject): readonly HypervisorCheck[] {
    const declared = "correct capacity in fjord:hypervisors";
    return [
        {
            figure: "cpus",
            title: "CPUs",
            unit: "",
            operator: "at-least",
            fail: String(capacity.vcpus),
            fix: `the stack declares ${capacity.vcpus} vcpus of it: ${declared}; vcpuRatio is there to share CPUs`,
        },
        {
            figure: "memory",
            title: "memory",
            unit: "MiB",
            operator: "at-least",
            fail: String(capacity.memory),
            warn: String(capacity.memory + hostMemory),
            fix: `the stack declares ${capacity.memory} MiB of it for guests, and the server needs ${hostMemory} MiB itself: ${declared}`,
        },
        {
            figure: "available",
            title: "memory available",
            unit: "MiB",
            operator: "at-least",
            warn: String(hostMemory),
            fix: "the server is short of memory: see what takes it (top -o %MEM)",
        },
        {
            figure: "disk",
            title: "disk for guests",
            unit: "MiB",
            operator: "at-least",
            fail: String(capacity.diskGiB * 1024),
            fix: `the stack declares ${capacity.diskGiB} GiB of it: ${declared}, or free space in the pool`,
        },
    ];
}

function poolChecks({ pool }: HypervisorSubject, bounds: PreflightBounds): readonly HypervisorCheck[] {
    return [
        {
            figure: "pool",
            title: "pool",
            unit: "",
            operator: "one-of",
            fail: "present,to be made",
            fix: `mount its disk, or make the folder: install -d -m 0711 ${pool}`,
        },
        {
            figure: "inodes",
            title: "free inodes",
            unit: "",
            operator: "at-least",
            fail: String(leastInodes),
            fix: "remove what has so many files there, or make the file system anew with more inodes",
        },
        {
            figure: "direct",
            title: "O_DIRECT",
            unit: "",
            operator: "one-of",
            fail: "yes",
            fix: "guests' disks bypass the page cache: put the pool on ext4 or xfs",
        },
        {
            figure: "nvme",
            title: "pool on NVMe",
            unit: "",
            operator: "one-of",
            warn: "yes",
            unmeasured: "warn",
            fix: "the plans promise NVMe, and etcd suffers first on anything else: move the pool to an NVMe disk",
        },
        {
            figure: "fdatasync",
            title: "fdatasync p99",
            unit: "ms",
            operator: "at-most",
            ...limits(bounds.fdatasyncP99),
            unmeasured: "warn",
            fix: "etcd needs a disk of its own class (NVMe): put the pool on another disk",
        },
    ];
}

function hostChecks({ bridge }: HypervisorSubject, bounds: PreflightBounds): readonly HypervisorCheck[] {
    return [
        {
            figure: "bridge",
            title: `bridge ${bridge}`,
            unit: "",
            operator: "one-of",
            fail: "present",
            fix: `make it, with the server's address on it and its network card as a port, in the network's configuration; for this boot: ip link add ${bridge} type bridge; ip link set ${bridge} up`,
        },
        {
            figure: "filtered",
            title: "bridge through firewall",
            unit: "",
            operator: "one-of",
            warn: "no",
            fix: "guests' frames pass the server's own firewall and may be dropped: sysctl -w net.bridge.bridge-nf-call-iptables=0, and the same in /etc/sysctl.d",
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
            fix: "see what the time service says (timedatectl timesync-status, chronyc tracking)",
        },
        {
            figure: "steal",
            title: "CPU steal",
            unit: "%",
            operator: "at-most",
            ...limits(bounds.steal),
            fix: "the server is a guest itself, and its host is overbooked: use a whole server",
        },
    ];
}

/** The script that measures a hypervisor. It changes nothing, and fails where a figure is out of its bound. */
export function hypervisorStep(subject: HypervisorSubject, bounds: PreflightBounds): PlainScript {
    return {
        script: path.join(__dirname, "scripts", "hypervisor.sh"),
        params: {
            BOUNDS: boundParams(hypervisorChecks(subject, bounds)),
            POOL: subject.pool,
            BRIDGE: subject.bridge,
        },
        timeout: seconds(90),
    };
}

/**
 * What hypervisor.sh printed, as figures.
 * @throws where it is not its JSON; the message names the hypervisor
 */
export function parseHypervisorReport(hypervisor: string, stdout: string): Omit<HypervisorReport, "unwanted"> {
    return parseFigures(reportSchema, hypervisor, "hypervisor", stdout);
}

/**
 * The guests that pool.sh found and nobody wants, `none` where there are none.
 * @throws where it is not its JSON; the message names the hypervisor
 */
export function parseUnwanted(hypervisor: string, stdout: string): string {
    return parseFigures(poolSchema, hypervisor, "pool", stdout).unwanted || "none";
}
