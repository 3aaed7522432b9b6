import * as path from "node:path";
import { HypervisorConfig, seconds } from "../../../infra/config/types";
import { ScriptValue } from "../../remote/script";
import { PlainScript } from "../../nodes/steps";
import { basePath } from "./identity";

/** Minutes that a base is kept without a disk that needs it: another run may be about to make one, and so need not load it again. */
const grace = 60;

/**
 * The script that removes a region's unfinished guests which the stack does not want any more, and bases that no disk
 * needs. It prints what it removed, and which finished guests of the region the stack does not have: those it leaves.
 *
 * @param domains names of the domains that the stack has on this hypervisor
 * @param images sha256 of the images that it needs there
 */
export function poolStep(
    { pool }: Pick<HypervisorConfig, "pool">,
    region: string,
    domains: readonly string[],
    images: readonly string[],
): PlainScript {
    return script({
        REGION: region,
        POOL: pool,
        WANTED: [...domains].sort(),
        KEEP: images.map((sha256) => basePath(pool, sha256)).sort(),
        GRACE: grace,
    });
}

/**
 * The same for a hypervisor that leaves the stack: nothing is wanted there any more. A base that another region is about
 * to use goes too; its guest's step puts it back.
 */
export function leavePoolStep({ pool }: Pick<HypervisorConfig, "pool">, region: string): PlainScript {
    return script({ REGION: region, POOL: pool, WANTED: [], KEEP: [], GRACE: 0 });
}

function script(params: Readonly<Record<string, ScriptValue>>): PlainScript {
    return { script: path.join(__dirname, "scripts", "pool.sh"), params, timeout: seconds(120) };
}
