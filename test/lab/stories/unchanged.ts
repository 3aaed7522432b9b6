import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { pulumi } from "../../../lab/pulumi";
import { previewArguments } from "../../../lab/region";
import { changes, type TestRegion } from "../test-region";

/** Another run, and a preview that insists on it, find nothing to change. */
export async function unchanged(t: TestContext, region: TestRegion): Promise<void> {
    const second = await region.up();
    const { unchanged: same, ...others } = changes(second.output);
    assert.deepEqual(others, {}, second.output);
    assert.ok((same ?? 0) > 50, "it compared the whole region");

    const preview = await pulumi(region.lab, region.made.programs, region.lab.name, [
        ...previewArguments(region.lab),
        "--expect-no-changes",
    ]);
    assert.equal(preview.code, 0, preview.output);
    t.diagnostic(
        `second up: ${second.seconds.toFixed(1)} s, ${same} resources unchanged; preview --expect-no-changes: ${preview.seconds.toFixed(1)} s`,
    );
}
