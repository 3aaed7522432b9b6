import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import {
    Document,
    initConfiguration,
    joinConfiguration,
    resetConfiguration,
    toYaml,
} from "../../../components/cluster/kubeadm";
import { controlPlane, kubernetes, spec, worker } from "../../unit/cluster/fixtures";

const toolchain = process.env["FJORD_TOOLCHAIN"];
assert.ok(toolchain, "FJORD_TOOLCHAIN is not set: run `node test/run.mjs engine`");
const kubeadm = path.join(toolchain, "bin", "kubeadm");

/** What the real kubeadm says to a file: nothing where it is right. */
function validate(documents: readonly Document[]): { code: number | null; said: string } {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-kubeadm-"));
    try {
        const file = path.join(folder, "kubeadm.yaml");
        fs.writeFileSync(file, toYaml(documents));
        const { status, stdout, stderr } = spawnSync(kubeadm, ["config", "validate", "--config", file], {
            encoding: "utf8",
            timeout: 30_000,
        });
        return { code: status, said: `${stdout}${stderr}` };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

const material = { token: "abcdef.0123456789abcdef", caCertHash: `sha256:${"ab".repeat(32)}` };
const lab = {
    ...spec,
    kubernetes: {
        ...kubernetes,
        cgroupDriver: "cgroupfs",
        failCgroupV1: false,
        conntrackMaxPerCore: 0,
        ignorePreflightErrors: ["SystemVerification"],
    } as const,
};

const files: Readonly<Record<string, Document[]>> = {
    init: initConfiguration(spec, controlPlane, material.token),
    "init in a lab": initConfiguration(lab, { ...controlPlane, taints: worker.taints }),
    "join of a control plane": joinConfiguration(spec, controlPlane, material),
    "join of a worker": joinConfiguration(spec, worker, material),
    reset: resetConfiguration(),
};

for (const [name, documents] of Object.entries(files)) {
    test(`kubeadm takes the file of ${name}, without a warning`, () => {
        const { code, said } = validate(documents);
        assert.equal(code, 0, said);
        assert.doesNotMatch(said, /^W\d{4}|warning/im);
    });
}

test("kubeadm would say so if a field were wrong", () => {
    const [join] = files["join of a worker"] as [Document];
    assert.notEqual(validate([{ ...join, nodeRegistrations: {} }]).code, 0);
});
