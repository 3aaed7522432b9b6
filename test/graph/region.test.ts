import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Region } from "../../infra/region";
import { lock, region as config } from "../fixtures/platform/region";
import { clearMarks, recordResources, Registered, secretMark } from "./record";

let registered: Registered[];
const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-graph-"));

before(async () => {
    process.env["FJORD_HOME"] = home;
    registered = recordResources(false);
    const argocdManifest = fs.readFileSync(path.join(__dirname, "../fixtures/platform/install.yaml"), "utf8");
    const trust = {
        sealingKeys: [{ name: "sealed-secrets-key-20260101", state: "active" as const, certificate: pulumi.output("certificate"), privateKey: pulumi.secret(secretMark) }],
        deployKey: pulumi.secret(secretMark),
    };
    new Region("no-oslo-1", { config: { ...config, ssh: { authorizedKeys: [], driftKeys: [], allowFrom: ["198.51.100.0/24"] } }, lock, argocdManifest, trust, guests: [] });
    await pulumi.runtime.disconnect();
});

after(() => fs.rmSync(home, { recursive: true }));

const ofType = (type: string): Registered[] => registered.filter((one) => one.type === type);

test("every machine gets its steps, and the cluster begins once", () => {
    for (const machine of config.machines) {
        assert.ok(ofType("command:remote:Command").some(({ name }) => name === `no-oslo-1-nodes-${machine.name}-preflight`), machine.name);
    }
    assert.equal(ofType("command:local:Command").filter(({ name }) => name.endsWith("-init")).length, 1);
});

test("a run waits for each application to be healthy, and again when its configuration changes", () => {
    const waits = ofType("command:local:Command").filter(({ name }) => name.endsWith("-healthy"));
    assert.deepEqual(waits.map(({ name }) => name), config.applications.map(({ name }) => `no-oslo-1-${name}-healthy`));
    assert.deepEqual(waits.map(({ inputs }) => inputs["triggers"]), config.applications.map((application) => [application]));
});

test("every step on a machine verifies the host key, prints nothing to the log, and names its machine", () => {
    const steps = ofType("command:remote:Command");
    assert.ok(steps.length >= config.machines.length * 5, `${steps.length} steps`);
    for (const { name, inputs } of steps) {
        const connection = JSON.stringify(inputs["connection"]);
        assert.match(connection, /hostKey/, name);
        assert.equal(inputs["logging"], "none", name);
        assert.match(String(inputs["create"]), /timeout -k 10 \d+ bash -s # [\w.-]+\.osl\.node: /, name);
    }
});

test("a step that waits for its machine's lock has its own time after that", () => {
    for (const { name, inputs } of ofType("command:remote:Command")) {
        const wait = /declare -r LOCK_WAIT='(\d+|none)'/.exec(JSON.stringify(inputs["stdin"]))?.[1];
        const limit = /timeout -k 10 (\d+)/.exec(String(inputs["create"]))?.[1];
        assert.ok(Number(limit) >= 60 + (wait === "none" ? 0 : Number(wait)), `${name}: ${limit} s, waits ${wait} s`);
    }
});

test("names are unique", () => {
    const seen = registered.map(({ type, name }) => `${type} ${name}`);
    assert.deepEqual(seen.filter((one, i) => seen.indexOf(one) !== i), []);
});

test("every resource that a provider makes has an explicit provider", () => {
    const without = registered.filter(({ type, custom, provider }) => custom && !type.startsWith("pulumi:providers:") && provider === "");
    assert.deepEqual(without.map(({ type, name }) => `${type} ${name}`), []);
});

test("no secret is an input in clear", () => {
    assert.ok(JSON.stringify(registered).includes(secretMark), "the mark must be there to be searched for");
    const clear = registered.flatMap(({ name, inputs }) => clearMarks(inputs, name));
    assert.deepEqual(clear, []);
});
