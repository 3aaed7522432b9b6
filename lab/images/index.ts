import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { ImageName, LockedImage } from "../../infra/config/lock";
import type { Progress } from "../process";
import type { Toolchain } from "../toolchain/paths";
import { buildImages, imageIndex, type BuiltImage } from "./build";

/** Registry name of the sample application's image; in the lab's DNS it is the registry itself. */
export const ownRegistry = "registry.lab.node";

/** All images of a region, built and ready to be served. */
export interface LabImages {
    /** Folder of blobs for the registry service. Shared by all labs of this machine. */
    readonly blobs: string;
    /** File of names and digests for the registry service. */
    readonly index: string;
    /** The lock's images. */
    readonly locked: Readonly<Record<ImageName, LockedImage>>;
    /** Image of the sample application, which is no part of the lock: it comes with the application's repository. */
    readonly sample: BuiltImage;
}

/** Builds what is missing, in `<cacheDir>/images`. Without changes it takes milliseconds. */
export async function ensureImages(cacheDir: string, toolchain: Toolchain, progress: Progress): Promise<LabImages> {
    const dir = path.join(cacheDir, "images");
    const { blobs, images } = await buildImages(dir, toolchain, ownRegistry, progress);
    const text = JSON.stringify(imageIndex(images), null, 2);
    const index = path.join(dir, "indexes", `${createHash("sha256").update(text).digest("hex").slice(0, 16)}.json`);
    fs.mkdirSync(path.dirname(index), { recursive: true });
    fs.writeFileSync(index, text);
    const { "payment-service": sample, ...locked } = images;
    return { blobs, index, locked, sample };
}
