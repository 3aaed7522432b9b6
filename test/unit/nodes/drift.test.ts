import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDigest, driftChecks, driftFolder, driftParams, driftUser, keyCheck } from "../../../components/nodes/drift";
import { driftService, driftSocket } from "../../../components/nodes/drift-units";
import { exampleMachine, exampleMachines, examplePlan } from "./example";

const plan = examplePlan("cp-01");

test("every step that `up` applies has a check, which changes nothing and waits for nobody", () => {
    const checks = [keyCheck(plan, "ssh-ed25519 AAAA comment"), ...driftChecks(plan)];
    assert.deepEqual(
        checks.map(({ step }) => step),
        ["key", "adopt", "kernel", "packages", "containerd", "firewall", "loadbalancer", "images", "certificates"],
    );
    const ofWorker = driftChecks(examplePlan("worker-01")).map(({ step }) => step);
    assert.deepEqual(ofWorker, checks.map(({ step }) => step).slice(1, -1), "only control planes have certificates of kubeadm");
    for (const { step, text } of checks) {
        assert.match(text, /^declare -r MODE='check'$/m, step);
        assert.match(text, /^declare -r LOCK_WAIT='none'$/m, step);
        assert.match(text, new RegExp(`^declare -r LOG='/var/log/fjord/drift-${step}\\.log'$`, "m"));
        assert.match(text, new RegExp(`^\\. ${driftFolder}/lib\\.sh$`, "m"), "one copy of lib.sh serves all");
        assert.doesNotMatch(text, /^put_file\(\)/m);
        assert.doesNotMatch(text, /PRIVATE KEY/);
    }
});

test("a check's digest follows what would be applied, and no other machine's", () => {
    const digests = (of: typeof plan) => Object.fromEntries(driftChecks(of).map((check) => [check.step, checkDigest(check)]));
    const before = digests(plan);
    const region = { ...plan.region, kubernetes: { ...plan.region.kubernetes, loadBalancerPort: 8443 } };
    const after = digests({ ...plan, region });
    const changed = Object.keys(before).filter((step) => before[step] !== after[step]);
    assert.deepEqual(changed, ["kernel", "loadbalancer"]);
    const more = digests({ ...plan, machines: [...exampleMachines, exampleMachine("worker-03", "worker", "10.0.0.23")] });
    assert.deepEqual(
        Object.keys(before).filter((step) => before[step] !== more[step]),
        ["adopt", "firewall"],
    );
});

test("keys are passed on without comments, so that none can end the line of authorized_keys", () => {
    const { KEYS } = driftParams(plan, ['ssh-ed25519 AAAA x"\ncommand="sh" ssh-rsa BBBB'], []);
    assert.deepEqual(KEYS, ["ssh-ed25519 AAAA"]);
});

test("the units let one user in, pass no input on, and leave file systems read-only", () => {
    assert.match(driftSocket, new RegExp(`^SocketUser=${driftUser}\nSocketMode=0600$`, "m"));
    for (const line of ["StandardInput=null", "ProtectSystem=strict", "ProtectKernelTunables=yes", "NoNewPrivileges=yes"]) {
        assert.ok(driftService.split("\n").includes(line), line);
    }
    const capabilities = /^CapabilityBoundingSet=(.*)$/m.exec(driftService)?.[1];
    assert.equal(capabilities, "CAP_NET_ADMIN CAP_DAC_READ_SEARCH");
    assert.ok(driftService.includes(`ExecStart=-${driftFolder}/check\n`));
});
