import * as fs from "node:fs";
import * as path from "node:path";
import type { Lock } from "../infra/config/lock";
import { prepareHost, type Host } from "./host";
import type { BuiltImage } from "./images/build";
import { connectToInternet } from "./internet";
import { writeSshConfig } from "./keys";
import { keepRange } from "./labs";
import { makeBridge } from "./network";
import { createNode, startNode, waitForSsh, type NodeImage } from "./node";
import type { Phases } from "./phases";
import { labWorkers, type Lab, type LabNode } from "./plan";
import { programFolders } from "./programs";
import { startServices, type ServiceContent } from "./services";
import { ensureAptKey, writeAptRepository } from "./services/apt";
import { packageVersions } from "./services/debs";
import { guestImageName, serveGuestImage, writeFiles } from "./services/files";
import type { Source } from "./source";
import { sampleHost } from "./status";
import { buildSupply, fetchSupply, guestSupply, type BuiltSupply, type GuestSupply, type UpstreamSupply } from "./supply";
import type { Toolchain } from "./toolchain/paths";
import { upstreamKeys, type UpstreamKeys } from "./upstream/keys";
import type { SampleImage } from "./upstream/sample";

/** A lab whose servers and services run: what a region can be made on. */
export interface MadeLab {
    readonly lab: Lab;
    readonly host: Host;
    /** What the region services serve, so that one can be stopped and started again. */
    readonly content: ServiceContent;
    readonly lock: Lock;
    /** File of the lock, as the region's stack names it. */
    readonly lockFile: string;
    /** Only where everything comes from upstream. */
    readonly upstream?: UpstreamParts;
    /** Image of the sample application, which comes with its repository and not with the region. */
    readonly sample: BuiltImage;
    /** Folders that come first on PATH for Pulumi. */
    readonly programs: readonly string[];
}

/** What a lab has in place of mirrors. */
export interface UpstreamParts {
    readonly keys: UpstreamKeys;
    /** Codename of the servers' Debian release. */
    readonly debian: string;
    /** The one image that no registry has. */
    readonly sample: SampleImage;
}

/** File of the lock of a lab that was built here. */
const builtLockFile = (lab: Lab): string => path.join(lab.dir, "lab.lock.json");

const toolchainFile = (lab: Lab): string => path.join(lab.dir, "toolchain.json");

/** The toolchain that a lab was made with; undefined where there is no lab. */
export function toolchainOf(lab: Lab): Toolchain | undefined {
    return fs.existsSync(toolchainFile(lab))
        ? (JSON.parse(fs.readFileSync(toolchainFile(lab), "utf8")) as Toolchain)
        : undefined;
}

/** What of a lab depends on its source. */
type Sourced = Pick<MadeLab, "content" | "lock" | "lockFile" | "upstream"> & { readonly nodes: NodeImage };

const sampleNames = (lab: Lab): ServiceContent["hosts"] => ({
    [sampleHost]: labWorkers(lab).map(({ address }) => address),
});

async function builtHere(lab: Lab, { toolchain, rootfs, debs, images }: BuiltSupply, guests?: GuestSupply): Promise<Sourced> {
    const files = writeFiles(lab, toolchain);
    const mirrors = {
        apt: await writeAptRepository(lab, debs),
        files: files.root,
        blobs: images.blobs,
        imageIndex: images.index,
    };
    const lock: Lock = {
        source: "lab",
        packages: packageVersions(toolchain.kubernetes),
        images: images.locked,
        files: files.locked,
        ...(guests && { guestImages: { [guestImageName]: serveGuestImage(lab, guests.guestImage) } }),
    };
    fs.writeFileSync(builtLockFile(lab), `${JSON.stringify(lock, null, 2)}\n`);
    return {
        content: { toolchain, mirrors, hosts: sampleNames(lab) },
        lock,
        lockFile: builtLockFile(lab),
        nodes: { rootfs: rootfs.root, aptKey: await ensureAptKey(lab) },
    };
}

async function fromUpstream(lab: Lab, supply: UpstreamSupply): Promise<Sourced> {
    const { toolchain, rootfs, lock, lockFile, debian, sampleArchive } = supply;
    await connectToInternet(lab);
    return {
        content: { toolchain, hosts: sampleNames(lab) },
        lock,
        lockFile,
        upstream: { keys: await upstreamKeys(lab), debian, sample: sampleArchive },
        nodes: { rootfs: rootfs.root, suite: debian },
    };
}

/** Makes the bare servers and the region services, or finds them; what runs is left alone. */
export async function makeLab(lab: Lab, phases: Phases, source: Source = "lab"): Promise<MadeLab> {
    const host = await phases.run("machine", (progress) => prepareHost(lab.dir, progress));
    const supply = source === "upstream" ? await fetchSupply(phases) : await buildSupply(phases);
    const { toolchain, sample } = supply;
    const guests = lab.hypervisors.length > 0 ? await guestSupply(phases) : undefined;

    return phases.run("servers and services", async (progress) => {
        fs.mkdirSync(lab.dir, { recursive: true });
        await makeBridge(lab);
        keepRange(lab);
        fs.writeFileSync(toolchainFile(lab), JSON.stringify(toolchain));
        const { nodes, ...sourced } = "debs" in supply ? await builtHere(lab, supply, guests) : await fromUpstream(lab, supply);
        await writeSshConfig(lab);
        await Promise.all([
            startServices(lab, sourced.content, progress),
            ...lab.nodes.map((node) => bootNode(lab, node, host, nodes)),
            ...lab.hypervisors.map((node) =>
                bootNode(lab, node, host, { ...nodes, rootfs: guests?.hypervisor.root ?? nodes.rootfs }),
            ),
        ]);
        return { lab, host, ...sourced, sample, programs: programFolders(toolchain) };
    });
}

async function bootNode(lab: Lab, node: LabNode, host: Host, image: NodeImage): Promise<void> {
    await createNode(lab, node, image);
    await startNode(lab, node, host);
    await waitForSsh(lab, node);
}
