import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import { after, test } from "node:test";
import { cgroupSetup } from "../../lab/cgroup";
import { makeLab } from "../../lab/make";
import { runDir } from "../../lab/node";
import { Phases } from "../../lab/phases";
import { labNode, planLab } from "../../lab/plan";
import { endProcess, run, runningPid, startProcess, startTime } from "../../lab/process";
import { findRemains, nothingRemains, removeLab } from "../../lab/remains";
import { pulumiEnvironment } from "../../lab/pulumi";
import { inSeconds } from "./test-region";

const lab = planLab({ name: "half", range: "10.81.0.0/24", machines: ["cp-01", "worker-01"] });
const remove = (): Promise<void> => removeLab(lab, cgroupSetup(), "files", () => undefined);

after(remove);

test("a lab of which half is gone by itself is removed to the last piece", async (t) => {
    await remove();
    await makeLab(lab, new Phases());

    // One server crashes, with what it had mounted left behind and its record lost.
    const crashed = labNode(lab, "cp-01");
    const pid = runningPid(runDir(lab), crashed.name);
    const started = pid === undefined ? undefined : startTime(pid);
    assert.ok(pid !== undefined && started !== undefined);
    await endProcess(pid, started, 0);
    fs.rmSync(`${runDir(lab)}/${crashed.name}.json`);
    // Somebody took a cable and a namespace away; a step of a killed run still goes on, recorded nowhere.
    await run("ip", ["link", "delete", labNode(lab, "worker-01").link]);
    await run("ip", ["netns", "delete", lab.servicesNetns]);
    startProcess(runDir(lab), "orphan", "sleep", ["600"], { log: "/dev/null", env: pulumiEnvironment(lab, []) });
    const orphan = runningPid(runDir(lab), "orphan");
    fs.rmSync(`${runDir(lab)}/orphan.json`);

    const before = await findRemains(lab, cgroupSetup());
    assert.ok(
        before.processes.some((one) => one.pid === orphan),
        "the orphan is seen",
    );
    assert.ok(
        before.mounts.length > 0 &&
            before.links.length > 0 &&
            before.namespaces.length > 0 &&
            before.cgroups.length > 0,
        JSON.stringify(before),
    );

    const start = Date.now();
    await remove();
    const left = await findRemains(lab, cgroupSetup());
    assert.ok(nothingRemains(left), JSON.stringify(left));
    assert.ok(!fs.existsSync(lab.dir));
    t.diagnostic(
        `removed in ${inSeconds(start)}: ${before.processes.length} processes, ${before.mounts.length} mounts, ` +
            `${before.namespaces.length} namespaces, ${before.links.length} links, ${before.cgroups.length} control groups`,
    );

    await remove();
    t.diagnostic("removing it once more changes nothing");
});
