import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, type TestContext } from "node:test";
import { planLab, type Lab } from "../../../lab/plan";
import { fetchesPlugins, programFolders } from "../../../lab/programs";
import {
    diagnostics,
    failedAfter,
    mustPulumi,
    pulumi,
    pulumiEnvironment,
    resourceEvent,
    type ResourceEvent,
} from "../../../lab/pulumi";

const event = (name: string, doing: string, finished: boolean): ResourceEvent => ({ name, doing, finished });

const lines: readonly [string, ResourceEvent | undefined][] = [
    [" +  tls:index:SelfSignedCert trust-key created (0.02s) ", event("trust-key", "created", true)],
    [
        " +  pulumi:pulumi:Stack fjord-trust creating (0s) warning: using x from $PATH",
        event("fjord-trust", "creating", false),
    ],
    [
        " ~  command:remote:Command cp-01-kernel updating (3s) [diff: ~environment]",
        event("cp-01-kernel", "updating", false),
    ],
    [" -  command:local:Command worker-03-leave deleted (12s) ", event("worker-03-leave", "deleted", true)],
    [" ++ random:index/randomId:RandomId id creating replacement (0s)", event("id", "creating", false)],
    [" +- kubernetes:apps/v1:DaemonSet nginx replaced (1s) ", event("nginx", "replaced", true)],
    ["    kubernetes:core/v1:Namespace argocd  ", undefined],
    ["@ updating....", undefined],
    ["    + 8 created", undefined],
    ["Diagnostics:", undefined],
    ["    error: resource x was not created", undefined],
];
for (const [line, expected] of lines) {
    test(`line "${line.slice(0, 50)}"`, () => assert.deepEqual(resourceEvent(line), expected));
}

const notice = "    warning: using pulumi-resource-tls from $PATH at /cache/bin/pulumi-resource-tls";
const failed = `Updating (lab):
${notice}
@ updating....
 +  command:remote:Command cp-01-kernel creating (3s) error: it failed
Diagnostics:
  pulumi:pulumi:Stack (fjord-lab):
${notice}
    error: update failed
  command:remote:Command (cp-01-kernel):
    error: cp-01: kernel: no such sysctl

Outputs:
    name: "lab"

Resources:
    + 1 created
`;

test("diagnostics are what lies between their title and the outputs, without the notices of every run", () => {
    assert.equal(
        diagnostics(failed),
        [
            "Diagnostics:",
            "  pulumi:pulumi:Stack (fjord-lab):",
            "    error: update failed",
            "  command:remote:Command (cp-01-kernel):",
            "    error: cp-01: kernel: no such sysctl",
        ].join("\n"),
    );
    assert.match(diagnostics(failed.replace(/\nOutputs[^]*?(?=\nResources)/, "")), /no such sysctl$/);
    assert.match(diagnostics(failed.slice(0, failed.indexOf("\nOutputs"))), /no such sysctl$/);
});

test("diagnostics come first, or not at all: then the end stands for them", () => {
    assert.equal(diagnostics("Diagnostics:\n  error: a\n"), "Diagnostics:\n  error: a");
    const long = Array.from({ length: 50 }, (_, i) => `line ${i}`).join("\n");
    assert.equal(diagnostics(long).split("\n").length, 30);
    assert.match(diagnostics(long), /^line 20\n[^]*line 49$/);
    assert.equal(diagnostics("error: no stack named 'lab'\n"), "error: no stack named 'lab'");
});

test("how long a resource took to fail is read off the log's own seconds", () => {
    const log = [
        "   3.1  +  kubernetes:core/v1:Namespace argocd creating (0s) ",
        "  10.0  +  command:local:Command lab-shop-healthy creating (0s) ",
        "  12.4  +  command:local:Command lab-payment-healthy creating (0s) ",
        "  30.0 @ updating......",
        "  42.0  +  command:local:Command lab-shop-healthy created (32s) ",
        " 101.8  +  command:local:Command lab-payment-healthy creating (89s) error: fjord: payment: step application failed: no",
        " 102.9  +  command:local:Command lab-payment-healthy **creating failed** error: fjord: payment: step application failed: no",
        " 103.0  ~  command:local:Command lab-other-healthy updating (0s)",
        " 103.5  ~  command:local:Command lab-other-healthy **updating failed (0.51s)** error: no",
        " 104.0     pulumi:pulumi:Stack fjord-lab **failed** 1 error",
    ].join("\n");
    assert.equal(failedAfter(log, "-payment-healthy")?.toFixed(1), "90.5");
    assert.equal(failedAfter(log, "-other-healthy")?.toFixed(1), "0.5");
    assert.equal(failedAfter(log, "-shop-healthy"), undefined);
    assert.equal(failedAfter(log, "-absent-healthy"), undefined);
    assert.equal(failedAfter(log.replaceAll("creating failed", "creating ended"), "-payment-healthy"), undefined);
});

test("programs that were built here come first on PATH, and then nothing is fetched", () => {
    const lab = planLab({ labsDir: "/l" });
    const built = programFolders({ bin: "/cache/bin", source: "lab" });
    const official = programFolders({ bin: "/cache/bin", source: "upstream" });
    assert.deepEqual([built.length, official], [2, ["/cache/bin"]]);
    assert.deepEqual([fetchesPlugins(built), fetchesPlugins(official), fetchesPlugins([])], [false, true, true]);
    const env = pulumiEnvironment(lab, built);
    assert.ok(env["PATH"]?.startsWith(`${built.join(":")}:`));
    assert.equal(env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"], "true");
    assert.equal(pulumiEnvironment(lab, official)["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"], "false");
    assert.deepEqual(
        [env["PULUMI_HOME"], env["PULUMI_BACKEND_URL"], env["FJORD_HOME"]],
        ["/l/lab/pulumi", "file:///l/lab/state", "/l/lab/access"],
    );
});

/** A lab whose `pulumi` is a script. */
function fakePulumi(t: TestContext, script: string): { readonly lab: Lab; readonly programs: readonly string[] } {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    fs.writeFileSync(path.join(dir, "pulumi"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { lab: planLab({ labsDir: path.join(dir, "labs") }), programs: [dir] };
}

test("a run that fails throws its diagnostics and the log's name; the log holds all of it", async (t) => {
    const { lab, programs } = fakePulumi(t, `cat <<'END'\n${failed}END\nexit 255`);
    const said: string[] = [];
    const result = await pulumi(lab, programs, "lab", ["up"], (text) => said.push(text));
    assert.equal(result.code, 255);
    assert.deepEqual(said, ["0 done, creating cp-01-kernel"]);
    const log = fs.readFileSync(result.log, "utf8");
    assert.equal(log.replace(/^ {0,5}\d+\.\d /gm, ""), failed, "each line comes after its second");
    await assert.rejects(
        mustPulumi(lab, programs, "lab", ["up"]),
        /^PulumiError: pulumi up ended with code 255:\nDiagnostics:[^]*no such sysctl\n {2}log: .*labs\/lab\/logs\/lab-up\.log$/,
    );
});

test("a run that was killed has a code of its own", async (t) => {
    const { lab, programs } = fakePulumi(t, "kill -9 $$");
    assert.equal((await pulumi(lab, programs, "lab", ["up"])).code, 128);
});
