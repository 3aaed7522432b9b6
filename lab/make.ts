import * as fs from "node:fs";
import * as path from "node:path";
import type { Lock } from "../infra/config/lock";
import { prepareHost, type Host } from "./host";
import { ensureImages, type LabImages } from "./images";
import { writeSshConfig } from "./keys";
import { makeBridge } from "./network";
import { createNode, startNode, waitForSsh } from "./node";
import type { Phases } from "./phases";
import type { Lab } from "./plan";
import { programFolders } from "./programs";
import { ensureRootfs } from "./rootfs";
import { startServices, type ServiceContent } from "./services";
import { ensureAptKey, writeAptRepository } from "./services/apt";
import { ensureDebs, packageVersions } from "./services/debs";
import { writeFiles } from "./services/files";
import { sampleHost } from "./status";
import { buildToolchain } from "./toolchain/build";
import { cacheRoot, type Toolchain } from "./toolchain/paths";

/** A lab whose servers and services run: what a region can be made on. */
export interface MadeLab {
    readonly lab: Lab;
    readonly host: Host;
    /** What the region's mirrors serve, so that a service can be stopped and started again. */
    readonly content: ServiceContent;
    readonly lock: Lock;
    /** Image of the sample application, which comes with its repository and not with the region. */
    readonly sample: LabImages["sample"];
    /** Folders that come first on PATH for Pulumi. */
    readonly programs: readonly string[];
}

/** File of the lab's lock; the region's stack names it. */
export const lockFile = (lab: Lab): string => path.join(lab.dir, "lab.lock.json");

const toolchainFile = (lab: Lab): string => path.join(lab.dir, "toolchain.json");

/** The toolchain that a lab was made with; undefined where there is no lab. */
export function toolchainOf(lab: Lab): Toolchain | undefined {
    return fs.existsSync(toolchainFile(lab)) ? (JSON.parse(fs.readFileSync(toolchainFile(lab), "utf8")) as Toolchain) : undefined;
}

/** Makes the bare servers and the region services, or finds them; what runs is left alone. */
export async function makeLab(lab: Lab, phases: Phases): Promise<MadeLab> {
    const cache = cacheRoot();
    const host = await phases.run("machine", (progress) => prepareHost(lab.dir, progress));
    const toolchain = await phases.run("toolchain", (progress) =>
        buildToolchain(({ group, doing, done, of, remaining }) =>
            progress(`${group} ${Math.floor((100 * done) / Math.max(of, 1))} %, about ${Math.ceil(remaining / 60)} min left: ${doing}`),
        ),
    );
    const rootfs = await phases.run("root file system", (progress) => ensureRootfs(cache, progress));
    const debs = await phases.run("packages", (progress) => ensureDebs(cache, toolchain, rootfs, progress));
    const images = await phases.run("images", (progress) => ensureImages(cache, toolchain, progress));

    return phases.run("servers and services", async (progress) => {
        fs.mkdirSync(lab.dir, { recursive: true });
        await makeBridge(lab);
        const files = writeFiles(lab, toolchain);
        const content: ServiceContent = {
            toolchain,
            apt: await writeAptRepository(lab, debs),
            files: files.root,
            blobs: images.blobs,
            imageIndex: images.index,
            hosts: { [sampleHost]: lab.nodes.filter(({ role }) => role === "worker").map(({ address }) => address) },
        };
        const lock: Lock = { source: "lab", packages: packageVersions, images: images.locked, files: files.locked };
        fs.writeFileSync(lockFile(lab), `${JSON.stringify(lock, null, 2)}\n`);
        fs.writeFileSync(toolchainFile(lab), JSON.stringify(toolchain));
        await writeSshConfig(lab);
        const aptKey = await ensureAptKey(lab);
        await Promise.all([startServices(lab, content, progress), ...lab.nodes.map((node) => bootNode(lab, node, host, rootfs.root, aptKey))]);
        return { lab, host, content, lock, sample: images.sample, programs: programFolders(toolchain) };
    });
}

async function bootNode(lab: Lab, node: Lab["nodes"][number], host: Host, rootfs: string, aptKey: string): Promise<void> {
    await createNode(lab, node, { rootfs, aptKey });
    await startNode(lab, node, host);
    await waitForSsh(lab, node);
}
