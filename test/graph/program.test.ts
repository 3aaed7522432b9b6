import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { fixedOutput } from "../../infra/fixed-settings";
import { guestsOutput } from "../../infra/previous-guests";
import { program } from "../../infra/program";
import { directory, guestRegion, raw, set } from "../unit/config/fixtures";
import { recordResources, Registered } from "./record";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-program-"));
const trust = {
    sealingKeys: [{ name: "sealed-secrets-key-20260101", state: "active", certificate: "certificate", privateKey: "key" }],
    deployKey: "key",
};

before(() => {
    process.env["HOME"] = folder;
    process.env["FJORD_HOME"] = path.join(folder, "access");
});
after(() => fs.rmSync(folder, { recursive: true }));

/** Argo CD's manifest where the program looks before it asks upstream, and a lock that has its sum. */
function lockFile(): string {
    const manifest = fs.readFileSync(path.join(__dirname, "../fixtures/platform/install.yaml"));
    const sha256 = createHash("sha256").update(manifest).digest("hex");
    const files = path.join(folder, ".cache/fjord/files");
    fs.mkdirSync(files, { recursive: true });
    fs.writeFileSync(path.join(files, sha256), manifest);
    const lock = JSON.parse(fs.readFileSync(path.join(directory, "stacks/upstream.lock.json"), "utf8"));
    lock.files["argocd-manifest"].sha256 = sha256;
    fs.writeFileSync(path.join(folder, "lock.json"), JSON.stringify(lock));
    return path.join(folder, "lock.json");
}

type Outputs = Readonly<Record<string, unknown>>;
type Change = readonly [at: readonly (string | number)[], value: unknown];

/** What the last run of the program registered. */
let registered: Registered[] = [];

/**
 * Runs the program as a preview does, on a stack whose last run left these outputs.
 *
 * @returns those that the next run reads
 */
async function run(change: readonly Change[], previous: Outputs): Promise<Outputs> {
    const key = (source: string) => fs.readFileSync(path.join(directory, "stacks/keys", `${source}.asc`), "utf8");
    const changes: readonly Change[] = [
        [["lock"], lockFile()],
        [["mirrors", "apt", "kubernetes", "key"], key("kubernetes")],
        [["mirrors", "apt", "containerd", "key"], key("docker")],
        ...change,
    ];
    const config = changes.reduce((all, [at, value]) => set(all, at, value), guestRegion());
    const stacks = { "organization/fjord/lab": previous, [String(config["trustStack"] ?? "organization/fjord/trust")]: trust };
    registered = recordResources(true, stacks);
    pulumi.runtime.setAllConfig(raw(config));
    const { [fixedOutput]: fixed, [guestsOutput]: guests } = await program();
    await pulumi.runtime.disconnect();
    return { [fixedOutput]: fixed, [guestsOutput]: guests };
}

test("a stack says what of it cannot change; a new one may have any values", async () => {
    const outputs = await run([], {});
    assert.deepEqual(outputs[fixedOutput], {
        name: "no-bergen-1",
        domain: "bgo.node",
        podCidr: "10.244.0.0/16",
        serviceCidr: "10.96.0.0/12",
        apiName: "api.bgo.node",
        loadBalancerPort: 7443,
        roles: {
            "cp-01": "control-plane",
            "cp-02": "control-plane",
            "cp-03": "control-plane",
            "worker-01": "worker",
            "worker-02": "worker",
            "worker-03": "worker",
        },
    });
    assert.equal(Object.keys(outputs[guestsOutput] as object).length, 6);
});

test("what the last run left is read: the same values pass, and a guest stays where it was", async () => {
    const first = await run([], {});
    const { "worker-01": one, "worker-02": two, ...others } = first[guestsOutput] as Record<string, { readonly hypervisor: string }>;
    assert.ok(one && two && one.hypervisor !== two.hypervisor);
    const again = await run([], { ...first, [guestsOutput]: { ...others, "worker-01": two, "worker-02": one } });
    assert.equal((again[guestsOutput] as typeof others)["worker-01"]?.hypervisor, two.hypervisor);
});

test("the place of a guest that is out stays in the output", async () => {
    const first = await run([], {});
    const out = await run([[["machines", 4, "out"], true]], first);
    const records = first[guestsOutput] as Record<string, object>;
    assert.deepEqual(out[guestsOutput], { ...records, "worker-02": { ...records["worker-02"], out: true } });
    assert.ok(!("worker-02" in (out[fixedOutput] as { roles: object }).roles));
});

test("what a live cluster cannot take is refused as a whole, before anything is made", async () => {
    const outputs = await run([], {});
    const changed = run(
        [
            [["kubernetes", "loadBalancerPort"], 7444],
            [["kubernetes", "podCidr"], "10.245.0.0/16"],
        ],
        outputs,
    );
    await assert.rejects(changed, (error: Error) => {
        assert.ok(pulumi.RunError.isInstance(error));
        assert.match(error.message, /^Pulumi\.lab\.yaml: 2 problems; nothing has been touched$/m);
        assert.match(error.message, /fjord:kubernetes\.podCidr\n +is 10\.245\.0\.0\/16 and was 10\.244\.0\.0\/16/);
        assert.match(error.message, /fjord:kubernetes\.loadBalancerPort\n +is 7444 and was 7443/);
        return true;
    });
    assert.deepEqual(registered, []);
});
