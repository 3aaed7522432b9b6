import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { loadStackConfig } from "../../../infra/config/load";
import { parseStackFile } from "../../../infra/config/stack-file";
import type { RegionConfig } from "../../../infra/config/types";
import { planLab, type Lab } from "../../../lab/plan";
import { guestImageAt, guestImageName } from "../../../lab/services/files";
import { labRegion, stackYaml, type LabFacts } from "../../../lab/stack";
import { labFacts, publicKey } from "../../fixtures/lab";

const lab = planLab({ labsDir: "/labs" });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
after(() => fs.rmSync(folder, { recursive: true }));
const facts = labFacts(lab, folder);

function load(given: LabFacts, of: Lab = lab): RegionConfig {
    const loaded = loadStackConfig(parseStackFile(stackYaml(labRegion(of, given)), "Pulumi.lab.yaml"), {
        stack: "lab",
    });
    assert.ok(loaded.ok, loaded.ok ? "" : JSON.stringify(loaded.problems, null, 2));
    assert.equal(loaded.config.kind, "region");
    return loaded.config as RegionConfig;
}

test("the lab's stack has no problem that the program would report", () => {
    const config = load(facts);
    assert.deepEqual(config.machines.map(({ name, role, nodeAddress }) => [name, role, nodeAddress]).at(-1), [
        "worker-02",
        "worker",
        "10.77.0.22",
    ]);
    assert.equal(config.mirrors.apt.kubernetes.url, "https://apt.lab.node");
    assert.equal(config.applications[0]?.repository, "git@git.lab.node:payments/infra-manifests.git");
    assert.deepEqual(config.platform.gitHosts[0]?.knownHosts, [`git.lab.node ${publicKey(99)}`]);
});

test("settings of cgroup v1 are set only where there is v1", () => {
    const { cgroupDriver, failCgroupV1, restrictOomScoreAdj } = load(facts).kubernetes;
    assert.deepEqual(
        { cgroupDriver, failCgroupV1, restrictOomScoreAdj },
        { cgroupDriver: "cgroupfs", failCgroupV1: false, restrictOomScoreAdj: true },
    );
    const v2 = load({ ...facts, host: { cgroup: { version: 2 }, sysResource: true }, accessPort: 17000 }).kubernetes;
    assert.deepEqual(
        [v2.cgroupDriver, v2.failCgroupV1, v2.restrictOomScoreAdj, v2.accessPort],
        ["systemd", true, false, 17000],
    );
});

test("a lab without mirrors takes everything from upstream, and needs its keys", () => {
    const { mirrors: _, ...rest } = facts;
    assert.throws(() => labRegion(lab, rest), /needs the keys that sign upstream's packages/);
    const config = load({
        ...rest,
        upstreamKeys: { kubernetes: facts.mirrors?.aptKey ?? "", containerd: facts.mirrors?.aptKey ?? "" },
    });
    assert.deepEqual([config.mirrors.images, config.mirrors.files, config.mirrors.ca], [[], undefined, undefined]);
    assert.equal(config.mirrors.apt.containerd.suite, "trixie");
    const keys = { kubernetes: facts.mirrors?.aptKey ?? "", containerd: facts.mirrors?.aptKey ?? "" };
    assert.equal(load({ ...rest, upstreamKeys: keys, debian: "bookworm" }).mirrors.apt.containerd.suite, "bookworm");
});

test("a missing host key is an error, and Pulumi's own fields of the file stay", () => {
    assert.throws(() => labRegion(lab, { ...facts, hostKeys: {} }), /the host key of cp-01 is missing/);
    assert.match(
        stackYaml({ kind: "region" }, { encryptionsalt: "v1:x" }),
        /^encryptionsalt: v1:x\nconfig:\n {2}fjord:kind: region\n$/,
    );
});

test("a lab with a hypervisor leaves its guests to the program, which has all that it needs for them", () => {
    const withGuest = planLab({ machines: ["cp-01"], hypervisors: ["hv-01"], guests: ["worker-01"] });
    const url = guestImageAt(withGuest, { sha256: "0".repeat(64) });
    const guestImages = { [guestImageName]: { url, sha256: "0".repeat(64), bytes: 1 } };
    const file = facts.lock.replace("lab.lock", "guest.lock");
    fs.writeFileSync(file, JSON.stringify({ ...(JSON.parse(fs.readFileSync(facts.lock, "utf8")) as object), guestImages }));
    const hostKeys = { ...facts.hostKeys, "hv-01": publicKey(50) };
    const { machines, hypervisors, images } = load({ ...facts, lock: file, hostKeys, guestImages }, withGuest);
    assert.deepEqual(
        machines.map(({ name, kind, nodeAddress }) => [name, kind, nodeAddress]),
        [["cp-01", "existing", "10.77.0.11"], ["worker-01", "libvirt", "10.77.0.21"]],
    );
    assert.deepEqual(hypervisors.map(({ name, acceleration }) => [name, acceleration]), [["hv-01", "emulation"]]);
    assert.deepEqual(images, [{ name: guestImageName, url }]);
});
