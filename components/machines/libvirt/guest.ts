import { MiB } from "../../../infra/config/types";

/** How a guest's CPU runs: on the host's own, or emulated (trials only: 8 to 10 times slower). */
export type Acceleration = "kvm" | "emulation";

/** Bounds of a guest's disk. Absent: as fast as the host is. */
export interface DiskBounds {
    /** Reads and writes a second. */
    readonly iopsSec?: number;
    /** Bytes read and written a second. */
    readonly bytesSec?: number;
}

/** A guest, placed: all that its domain and its first boot depend on but its keys. */
export interface GuestSpec {
    /** `no-oslo-1` */
    readonly region: string;
    /** Short name, unique in the region: `worker-01`. */
    readonly name: string;
    /** Name of the hypervisor that runs it. */
    readonly hypervisor: string;
    /** Folder of the disks on the hypervisor, absolute. */
    readonly pool: string;
    /** Bridge on the hypervisor. */
    readonly bridge: string;
    readonly acceleration: Acceleration;
    readonly vcpus: number;
    readonly memory: MiB;
    /** Size of the disk in GiB (2^30 bytes). */
    readonly diskGiB: number;
    readonly io: DiskBounds;
    /** Starts with its hypervisor. */
    readonly autostart: boolean;
    /** sha256 of the image in hex: the base that the disk is an overlay of. */
    readonly imageSha256: string;
    /** Static IPv4 address. */
    readonly address: string;
    /** Length of the network's prefix. */
    readonly prefixLength: number;
    readonly gateway: string;
    /** User that fjord logs in as; `root`, or another with passwordless sudo. */
    readonly user: string;
}
