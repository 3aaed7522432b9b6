import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { diagnostics } from "../../../lab/pulumi";
import type { TestRegion } from "../test-region";
import { tracesOn } from "./workers";

/** Bound for a wrong configuration to be reported: no machine is asked. */
const limit = 60;

/** Several mistakes in one file are one report, and no server is touched. */
export async function configErrors(t: TestContext, region: TestRegion): Promise<void> {
    await region.configure((input) => {
        const [first, second, ...others] = input.machines;
        assert.ok(first && second);
        const wrong = {
            ...input,
            machines: [{ ...first, address: "10.79.0.300" }, { ...second, role: "controlplane" }, ...others],
            kubernetes: { ...input.kubernetes, podCidr: input.kubernetes?.serviceCidr ?? "10.96.0.0/12" },
            aplications: input.applications,
        };
        return wrong as unknown as typeof input;
    });
    const result = await region.tryUp();
    assert.notEqual(result.code, 0);
    for (const place of [
        /fjord:machines\[0\]\.address/,
        /fjord:machines\[1\]\.role/,
        /fjord:kubernetes\.podCidr/,
        /fjord:aplications/,
        /did you mean applications\?/,
    ]) {
        assert.match(result.output, place);
    }
    assert.doesNotMatch(result.output, /remote:Command/, "no step was begun");
    assert.ok(result.seconds < limit, `${result.seconds} s`);
    for (const { name } of region.lab.nodes) {
        assert.equal(await tracesOn(region, name), "", name);
    }
    t.diagnostic(`four mistakes reported at once after ${result.seconds.toFixed(1)} s:\n${diagnostics(result.output)}`);
}
