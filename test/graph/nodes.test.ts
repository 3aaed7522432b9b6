import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Nodes } from "../../components/nodes/nodes";
import { exampleLock, exampleMachines, exampleRegion } from "../unit/nodes/example";

interface Seen {
    readonly name: string;
    readonly inputs: Readonly<Record<string, unknown>>;
}

const good = {
    os: "debian-12",
    kernel: "6.12",
    architecture: "x86_64",
    virtualization: "kvm",
    cgroup: "2",
    cpus: "6",
    memory: "16000",
    swap: "0",
    disk: "100000",
    foreign: "none",
    firewall: "none",
    ports: "none",
    synchronised: "yes",
    clock: "1",
    fdatasync: "1",
    steal: "0",
};

const seen: Seen[] = [];
/** Commands that run where Pulumi runs. */
const local: Seen[] = [];
let seenWhileOneIsMeasured: readonly string[] = [];
let report = "";

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Registers the nodes of the example region; the preflight of cp-02 takes longer than all others. */
before(async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    await pulumi.runtime.setMocks({
        async newResource(args) {
            if (args.type === "command:local:Command") {
                local.push({ name: args.name, inputs: args.inputs as Record<string, unknown> });
            }
            if (args.type !== "command:remote:Command") {
                return { id: args.name, state: args.inputs as object };
            }
            seen.push({ name: args.name, inputs: args.inputs as Record<string, unknown> });
            if (args.name === "nodes-cp-02-preflight") {
                await slow;
            }
            return { id: args.name, state: { ...(args.inputs as object), stdout: JSON.stringify(good) } };
        },
        call: () => ({}),
    });
    // The SDK's mocks know no error hooks.
    const monitor = pulumi.runtime.getMonitor() as unknown as {
        registerErrorHook: (request: unknown, done: (error: null, answer: object) => void) => void;
    };
    monitor.registerErrorHook = (_request, done) => done(null, {});

    const nodes = new Nodes("nodes", {
        machines: exampleMachines,
        region: exampleRegion,
        lock: exampleLock,
        publicKey: "ssh-ed25519 AAAA operator@laptop",
    });
    nodes.report.apply((text) => (report = text));
    while (seen.length < exampleMachines.length) {
        await pause(10);
    }
    // Long enough for a step that waits for nothing to show itself.
    await pause(300);
    seenWhileOneIsMeasured = seen.map(({ name }) => name);
    release();
    await pulumi.runtime.disconnect();
});

test("while one machine is still measured, none is changed", () => {
    assert.deepEqual(
        [...seenWhileOneIsMeasured].sort(),
        exampleMachines.map(({ name }) => `nodes-${name}-preflight`).sort(),
    );
});

test("each machine gets its steps in order", () => {
    const steps = [
        "preflight",
        "key",
        "adopt",
        "kernel",
        "packages",
        "containerd",
        "firewall",
        "loadbalancer",
        "images",
    ];
    for (const { name } of exampleMachines) {
        const own = seen.map((one) => one.name).filter((one) => one.startsWith(`nodes-${name}-`));
        assert.deepEqual(
            own,
            steps.map((step) => `nodes-${name}-${step}`),
        );
    }
});

test("a machine that leaves is cleaned by a step of its own, from where Pulumi runs: the machine may be gone", () => {
    assert.deepEqual(
        local.filter(({ inputs }) => inputs["delete"] !== undefined).map(({ name }) => name).sort(),
        exampleMachines.map(({ name }) => `nodes-${name}-give-back`).sort(),
    );
    assert.deepEqual(seen.filter(({ inputs }) => inputs["delete"] !== undefined), []);
});

test("the stack's key is known by the stack's name, whatever comment it came with", () => {
    const text = String(seen.find(({ name }) => name === "nodes-cp-01-key")?.inputs["stdin"]);
    assert.match(text, /declare -r PUBLIC_KEY='ssh-ed25519 AAAA fjord:no-oslo-1'/);
});

test("the report covers every machine", () => {
    assert.match(report, /^preflight +cp-01 +cp-02 +cp-03 +worker-01 +worker-02$/m);
});
