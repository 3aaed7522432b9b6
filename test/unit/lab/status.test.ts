import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { planLab } from "../../../lab/plan";
import {
    applicationStatus,
    checkIngress,
    formatStatus,
    isHealthy,
    labStatus,
    nodeStatus,
    podProblem,
    type LabStatus,
} from "../../../lab/status";

const healthy: LabStatus = {
    nodes: [
        { name: "cp-01.lab.node", ready: true, schedulable: true, kubelet: "v1.36.4", runtime: "containerd://2.3.7" },
        {
            name: "worker-01.lab.node",
            ready: true,
            schedulable: true,
            kubelet: "v1.36.4",
            runtime: "containerd://2.3.7",
        },
    ],
    podsNotReady: [],
    applications: [
        {
            name: "payment-service-prod",
            sync: "Synced",
            health: "Healthy",
            revision: "0123456789abcdef0123456789abcdef01234567",
        },
    ],
    ingress: [
        { address: "10.77.0.21", status: 200, page: "payment service\nmore" },
        { address: "10.77.0.22", status: 0, page: "" },
    ],
    versions: { kubernetes: "v1.36.4" },
    healthy: true,
};
const [first] = healthy.nodes;
const [application] = healthy.applications;
assert.ok(first && application);

const cases: readonly [string, Partial<LabStatus>, boolean][] = [
    ["all is well, and one worker of two answers", {}, true],
    ["no node", { nodes: [] }, false],
    ["a node that is not ready", { nodes: [first, { ...first, ready: false }] }, false],
    ["a node that is cordoned", { nodes: [first, { ...first, schedulable: false }] }, false],
    ["a pod that is not ready", { podsNotReady: ["argocd/redis: Pending"] }, false],
    ["no application", { applications: [] }, false],
    ["an application out of sync", { applications: [application, { ...application, sync: "OutOfSync" }] }, false],
    ["an application that is not healthy", { applications: [{ ...application, health: "Progressing" }] }, false],
    ["no worker that answers", { ingress: [{ address: "10.77.0.21", status: 0, page: "" }] }, false],
    ["an ingress without the application", { ingress: [{ address: "10.77.0.21", status: 404, page: "" }] }, false],
    ["no ingress", { ingress: [] }, false],
];
for (const [name, change, expected] of cases) {
    test(`healthy: ${name}: ${expected}`, () => assert.equal(isHealthy({ ...healthy, ...change }), expected));
}

test("a node's status comes from its condition and its taint", () => {
    const raw = (ready: string, unschedulable?: boolean) => ({
        metadata: { name: "cp-01.lab.node" },
        spec: unschedulable === undefined ? {} : { unschedulable },
        status: {
            conditions: [
                { type: "MemoryPressure", status: "True" },
                { type: "Ready", status: ready },
            ],
            nodeInfo: { kubeletVersion: "v1.36.4", containerRuntimeVersion: "containerd://2.3.7" },
        },
    });
    assert.deepEqual(nodeStatus(raw("True")), first);
    assert.equal(nodeStatus(raw("Unknown")).ready, false);
    assert.equal(nodeStatus(raw("True", true)).schedulable, false);
});

test("a pod is a problem until it is ready or has ended well, and its reason is the container's", () => {
    const pod = (phase: string, ready?: string, reason?: string) => ({
        metadata: { name: "p", namespace: "n" },
        status: {
            phase,
            ...(ready === undefined ? {} : { conditions: [{ type: "Ready", status: ready }] }),
            containerStatuses: [{ state: {} }, { state: reason === undefined ? {} : { waiting: { reason } } }],
        },
    });
    assert.equal(podProblem(pod("Running", "True")), undefined);
    assert.equal(podProblem(pod("Succeeded", "False")), undefined);
    assert.equal(podProblem(pod("Running", "False")), "n/p: Running");
    assert.equal(podProblem(pod("Pending", undefined, "ImagePullBackOff")), "n/p: ImagePullBackOff");
    assert.equal(podProblem(pod("Failed")), "n/p: Failed");
});

test("an application that was never looked at is neither synced nor healthy", () => {
    const unknown = { name: "a", sync: "Unknown", health: "Unknown", revision: "" };
    assert.deepEqual(applicationStatus({ metadata: { name: "a" } }), unknown);
    assert.deepEqual(
        applicationStatus({
            metadata: { name: "a" },
            status: { sync: { status: "Synced", revision: "abc" }, health: { status: "Healthy" } },
        }),
        { name: "a", sync: "Synced", health: "Healthy", revision: "abc" },
    );
});

test("the status as a person reads it", () => {
    const bad: LabStatus = {
        ...healthy,
        nodes: [first, { ...first, name: "worker-01.lab.node", ready: false, schedulable: false }],
        podsNotReady: ["argocd/redis-0: CrashLoopBackOff"],
        healthy: false,
    };
    assert.equal(
        formatStatus(bad),
        [
            "Kubernetes v1.36.4: not healthy",
            "nodes",
            "  cp-01.lab.node          Ready       v1.36.4       containerd://2.3.7",
            "  worker-01.lab.node      NotReady    v1.36.4       containerd://2.3.7 (cordoned)",
            "pods not ready: 1",
            "  argocd/redis-0: CrashLoopBackOff",
            "applications",
            "  payment-service-prod    Synced      Healthy       0123456789ab",
            "ingress",
            "  10.77.0.21              200         payment service",
            "  10.77.0.22              no answer",
        ].join("\n"),
    );
    assert.match(formatStatus(healthy), /^Kubernetes v1\.36\.4: healthy\n/);
});

test("a lab whose region is not up says so, and what to do", async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    await assert.rejects(
        labStatus(planLab({ labsDir: dir }), "/no/such/kubectl"),
        /the region of lab "lab" is not up: .*access\/lab\/kubeconfig\)\n {2}what to do: npm run lab/,
    );
});

test("the ingress is asked under the application's name; no answer is status 0", async (t) => {
    const server = http.createServer((request, response) => {
        response.statusCode = request.headers.host === "pay.example" ? 200 : 404;
        response.end("x".repeat(1000));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    const found = await checkIngress("127.0.0.1", "pay.example", port);
    assert.deepEqual([found.address, found.status, found.page.length], ["127.0.0.1", 200, 300]);
    assert.equal((await checkIngress("127.0.0.1", "other.example", port)).status, 404);
    assert.deepEqual(await checkIngress("127.0.0.1", "pay.example", 1), { address: "127.0.0.1", status: 0, page: "" });
});
