import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { diagnostics } from "../../../lab/pulumi";
import { trustStack } from "../../../lab/region";
import type { TestRegion } from "../test-region";
import { tracesOn } from "./workers";

/** Bound for giving five machines back. */
const limit = 300;

/** The region goes and gives its machines back; what cannot be rebuilt is not given up. */
export async function destruction(t: TestContext, region: TestRegion): Promise<void> {
    const result = await region.tryDestroy();
    assert.equal(result.code, 0, diagnostics(result.output));
    assert.ok(result.seconds < limit, `${result.seconds} s`);
    for (const { name } of region.lab.nodes) {
        assert.equal(await tracesOn(region, name), "", name);
    }
    t.diagnostic(`destroyed in ${result.seconds.toFixed(1)} s, ${region.lab.nodes.length} servers clean`);

    const refused = await region.tryDestroy(trustStack);
    assert.notEqual(refused.code, 0, "the trust stack is protected");
    assert.match(refused.output, /protect/);
    t.diagnostic(
        `destroy of the trust stack is refused: ${/.*protect.*/.exec(refused.output)?.[0].trim().slice(0, 200)}`,
    );
}
