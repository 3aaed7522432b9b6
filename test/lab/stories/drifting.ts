import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import type { TestContext } from "node:test";
import type { RegionInput } from "../../../infra/config/schema/region";
import { driftKey, type KeyPair } from "../../../lab/keys";
import { sshNode } from "../../../lab/node";
import { configFile, mustPulumi, projectDir } from "../../../lab/pulumi";
import { upArguments } from "../../../lab/region";
import type { DriftReport } from "../../../operations/drift/judge";
import type { TestRegion } from "../test-region";

/** The region with a drift job that may ask it. */
const asked = (key: KeyPair) => (input: RegionInput): RegionInput => ({ ...input, ssh: { ...input.ssh, driftKeys: [key.publicKey] } });

function drift(region: TestRegion, key: KeyPair): { readonly code: number | null; readonly report: DriftReport; readonly seconds: number } {
    const args = ["--require", "tsx/cjs", "operations/drift/index.ts", "--stack", region.lab.name, "--config-file", configFile(region.lab, region.lab.name), "--identity", key.file, "--json"];
    const start = Date.now();
    // Nothing of the operator's: the key that asks is all it has.
    const env = { PATH: process.env["PATH"] ?? "", HOME: path.join(region.lab.dir, "nobody") };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: projectDir, encoding: "utf8", env });
    assert.ok(status === 0 || status === 1, `${status}: ${stdout}${stderr}`);
    return { code: status, report: JSON.parse(stdout) as DriftReport, seconds: (Date.now() - start) / 1000 };
}

/** Somebody changes a machine by hand: the drift check says which and what, and what it says to do mends it. */
export async function driftFound(t: TestContext, region: TestRegion): Promise<void> {
    const key = await driftKey(region.lab);
    await region.configure(asked(key));
    await region.up();
    const before = drift(region, key);
    assert.deepEqual([before.code, before.report.findings], [0, []]);
    t.diagnostic(`in sync: ${before.report.machines.length} machines and ${before.report.applications.length} application asked in ${before.seconds.toFixed(1)} s`);

    const worker = region.node("worker-01");
    await sshNode(region.lab, worker, "sudo -n sysctl -q -w net.core.somaxconn=128; echo '# by hand' | sudo -n tee -a /etc/haproxy/haproxy.cfg >/dev/null");
    const { code, report } = drift(region, key);
    assert.equal(code, 1);
    assert.deepEqual(report.findings.map(({ machine, step, state }) => `${machine} ${step} ${state}`).sort(), [
        "worker-01.lab.node kernel drift",
        "worker-01.lab.node loadbalancer drift",
    ]);
    const mends = report.findings.map(({ step, what, todo }) => {
        t.diagnostic(`${step}: ${what.join("; ")}; what to do: ${todo}`);
        const [, resource] = /--target-replace '([^']+)'/.exec(todo) ?? [];
        assert.ok(resource, todo);
        return ["--target-replace", resource];
    });
    await mustPulumi(region.lab, region.made.programs, region.lab.name, [...upArguments(region.lab), ...mends.flat()]);
    const after = drift(region, key);
    assert.deepEqual([after.code, after.report.findings], [0, []]);
}

/** A drift job that is not wanted any more has no way in. */
export async function driftEnds(t: TestContext, region: TestRegion): Promise<void> {
    const user = "id -un fjord-drift 2>/dev/null || echo none";
    assert.equal((await sshNode(region.lab, region.node("worker-01"), user)).trim(), "fjord-drift");
    await region.configure();
    await region.up();
    for (const node of region.lab.nodes) {
        assert.equal((await sshNode(region.lab, node, user)).trim(), "none", node.name);
    }
    t.diagnostic("without drift keys no machine has the drift job's user");
}
