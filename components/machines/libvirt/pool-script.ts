import * as path from "node:path";
import { HypervisorConfig, seconds } from "../../../infra/config/types";
import { PlainScript } from "../../nodes/steps";
import { basePath } from "./identity";

/**
 * The script that removes a region's unfinished guests which the stack does not want any more, and bases that no disk
 * needs. It prints what it removed, and which finished guests of the region the stack does not have: those it leaves.
 *
 * @param domains names of the domains that the stack has on this hypervisor
 * @param images sha256 of the images that it needs there
 */
export function poolStep(
    hypervisor: Pick<HypervisorConfig, "pool">,
    region: string,
    domains: readonly string[],
    images: readonly string[],
): PlainScript {
    const { pool } = hypervisor;
    return {
        script: path.join(__dirname, "scripts", "pool.sh"),
        params: {
            REGION: region,
            POOL: pool,
            WANTED: [...domains].sort(),
            KEEP: images.map((sha256) => basePath(pool, sha256)).sort(),
        },
        timeout: seconds(120),
    };
}
