import * as path from "node:path";
import { guestImageUrl, Lock } from "../../../infra/config/lock";
import { HypervisorConfig, Mirrors, seconds } from "../../../infra/config/types";
import { PlainScript } from "../../nodes/steps";
import { basePath } from "./identity";

/** Longest download: 600 MB at 700 kB/s. */
const longestDownload = seconds(900);

/**
 * Longest run: the download, then checksum, conversion and sync of the largest image. Written and not computed: a figure
 * of four digits beside secrets that is in no text of the project counts as one (`npm run blind`).
 */
const longest = seconds(1080);

/**
 * The script that puts an image of the lock into a hypervisor's pool, once: a base that is there is not read again.
 *
 * @throws where the lock does not have the image: the configuration has been validated before
 */
export function baseImageStep(
    hypervisor: Pick<HypervisorConfig, "pool">,
    name: string,
    lock: Pick<Lock, "guestImages">,
    mirrors: Pick<Mirrors, "files" | "ca">,
): PlainScript {
    const image = lock.guestImages?.[name];
    if (!image) {
        throw new Error(`the lock has no guest image ${name}: run npm run lock`);
    }
    return {
        script: path.join(__dirname, "scripts", "base-image.sh"),
        params: {
            URL: guestImageUrl(image, mirrors.files?.url),
            SHA256: image.sha256,
            BYTES: image.bytes,
            BASE: basePath(hypervisor.pool, image.sha256),
            POOL: hypervisor.pool,
            // The vendors' own servers have certificates of public CAs.
            CA: (mirrors.files && mirrors.ca) ?? "",
            TIMEOUT: longestDownload,
        },
        timeout: longest,
    };
}
