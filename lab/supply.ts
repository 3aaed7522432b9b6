import * as path from "node:path";
import type { Lock } from "../infra/config/lock";
import { lockedKubernetes, readLock } from "../infra/config/lock-file";
import * as defaults from "../infra/config/defaults";
import { cgroupSetup } from "./cgroup";
import { ensureGuestImage, type GuestImage } from "./guest-image/build";
import { hypervisorServer } from "./hypervisor";
import { ensureImages, type LabImages } from "./images";
import type { BuiltImage } from "./images/build";
import type { Phases } from "./phases";
import { projectDir } from "./pulumi";
import { bareServer, ensureRootfs, labDebian, type Rootfs } from "./rootfs";
import { ensureDebs } from "./services/debs";
import { buildToolchain } from "./toolchain/build";
import { cacheRoot, type Toolchain } from "./toolchain/paths";
import { officialPrograms } from "./upstream/programs";
import { ensureSampleArchive, type SampleImage } from "./upstream/sample";

/** What a lab is made of, before there is any of it: all of it lies in the cache and is shared by this machine's labs. */
export interface Supply {
    readonly toolchain: Toolchain;
    readonly rootfs: Rootfs;
    /** Image of the sample application, which comes with its repository and not with the region. */
    readonly sample: BuiltImage;
}

/** With the lab as source: everything is built here, and served by mirrors. */
export interface BuiltSupply extends Supply {
    /** Folder of `ensureDebs`. */
    readonly debs: string;
    readonly images: LabImages;
}

/** What hypervisors and their guests are made of: only a lab that has some asks for it. */
export interface GuestSupply {
    readonly hypervisor: Rootfs;
    readonly guestImage: GuestImage;
}

/** With upstream as source: only what no registry has is built here. */
export interface UpstreamSupply extends Supply {
    readonly lock: Lock;
    readonly lockFile: string;
    /** Codename of the servers' Debian release. */
    readonly debian: string;
    readonly sampleArchive: SampleImage;
}

/** Builds what is missing, or finds it. */
export async function buildSupply(phases: Phases): Promise<BuiltSupply> {
    const cache = cacheRoot();
    const toolchain = await phases.run("toolchain", (progress) =>
        buildToolchain(({ group, doing, done, of, remaining }) =>
            progress(
                `${group} ${Math.floor((100 * done) / Math.max(of, 1))} %, about ${Math.ceil(remaining / 60)} min left: ${doing}`,
            ),
        ),
    );
    const rootfs = await phases.run("root file system", (progress) => ensureRootfs(cache, progress));
    const debs = await phases.run("packages", (progress) => ensureDebs(cache, toolchain, rootfs, progress));
    const images = await phases.run("images", (progress) => ensureImages(cache, toolchain, progress));
    return { toolchain, rootfs, debs, images, sample: images.sample };
}

/** Builds what hypervisors need, or finds it. `debian` is the codename of the hypervisors' release. */
export async function guestSupply(phases: Phases, debian: string = labDebian): Promise<GuestSupply> {
    const cache = cacheRoot();
    const recipe = hypervisorServer(debian);
    const hypervisor = await phases.run("hypervisor", (progress) => ensureRootfs(cache, progress, recipe));
    const guestImage = await phases.run("guest image", (progress) => ensureGuestImage(cache, progress));
    return { hypervisor, guestImage };
}

/**
 * Codename of the Debian release that a lock's container runtime is made for: Docker has a package for each
 * (`2.3.7-1~debian.13~trixie`), so the servers have to be of that one. Pure.
 *
 * @throws if the machine has control groups of version 1, which the systemd of newer releases does not start on
 */
export function debianOf(lock: Pick<Lock, "packages">, cgroup: 1 | 2): string {
    const version = lock.packages["containerd.io"];
    const codename = /~([a-z]+)$/.exec(version)?.[1];
    if (codename === undefined) {
        throw new Error(`the lock's containerd.io is ${version}: no Debian release can be read from it`);
    }
    if (cgroup === 1 && codename !== labDebian) {
        throw new Error(
            `the lock is for Debian ${codename}, whose systemd does not start on this machine's control groups (version 1)\n` +
                `  what to do: boot with control groups of version 2, use --source lab, or make a lock for older servers (npm run lock -- --debian ${labDebian})`,
        );
    }
    return codename;
}

/** Fetches the official programs, unless they are there. The lock is read first: without it nothing needs fetching. */
export async function fetchSupply(phases: Phases): Promise<UpstreamSupply> {
    const cache = cacheRoot();
    const lockFile = path.join(projectDir, defaults.lock);
    const lock = readLock(lockFile);
    const debian = debianOf(lock, cgroupSetup().version);
    const toolchain = await phases.run("programs", (progress) =>
        officialPrograms(cache, lockedKubernetes(lock), progress),
    );
    const rootfs = await phases.run("root file system", (progress) => ensureRootfs(cache, progress, bareServer(debian)));
    const sampleArchive = await phases.run("sample application", () => ensureSampleArchive(cache, toolchain));
    return { toolchain, rootfs, lock, lockFile, debian, sampleArchive, sample: sampleArchive.image };
}
