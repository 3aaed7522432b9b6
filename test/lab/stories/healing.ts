import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { until } from "../../../lab/process";
import { commitFiles } from "../../../lab/services/repository";
import { checkIngress } from "../../../lab/status";
import { sshNode } from "../../../lab/node";
import { inSeconds, type TestRegion } from "../test-region";

const namespace = "payment-prod";

/** Bound for drift to be undone: Argo CD watches what it keeps, so this is no polling interval. */
const healLimit = 30_000;

/** Bound for a commit: the lab looks at Git every 15 s, and a Deployment has to roll. */
const commitLimit = 120_000;

async function messageMap(region: TestRegion): Promise<{ name: string; message: string }> {
    const list = JSON.parse(await region.kubectl("get", "configmaps", "-n", namespace, "-o", "json")) as {
        items: { metadata: { name: string }; data?: { message?: string } }[];
    };
    const found = list.items.find(({ data }) => data?.message !== undefined);
    assert.ok(found, "the application has a ConfigMap with its message");
    return { name: found.metadata.name, message: found.data?.message ?? "" };
}

/** What was changed by hand goes back. */
export async function drift(t: TestContext, region: TestRegion): Promise<void> {
    const { name, message } = await messageMap(region);
    await region.kubectl(
        "patch",
        "configmap",
        name,
        "-n",
        namespace,
        "--type=merge",
        "-p",
        JSON.stringify({ data: { message: "edited by hand" } }),
    );
    const start = Date.now();
    const healed = await until(healLimit, async () => (await messageMap(region)).message === message, 100);
    assert.ok(healed, `the ConfigMap is still as the hand left it after ${healLimit / 1000} s`);
    t.diagnostic(`a ConfigMap edited by hand was back after ${inSeconds(start)}`);
}

/** A commit arrives by itself. */
export async function commit(t: TestContext, region: TestRegion): Promise<void> {
    const text = `Changed in Git at ${new Date().toISOString()}`;
    const revision = await commitFiles(region.lab, { "k8s/base/message": `${text}\n` }, "Another message");
    const start = Date.now();
    const arrived = await until(commitLimit, async () => (await checkIngress(region.address)).page.includes(text), 250);
    assert.ok(
        arrived,
        `the page does not show commit ${revision} after ${commitLimit / 1000} s: ${(await checkIngress(region.address)).page}`,
    );
    t.diagnostic(`a commit was on the page after ${inSeconds(start)}`);
}

/** The backlog that the stack says is the one that the kernel gives NGINX's sockets. */
export async function backlog(t: TestContext, region: TestRegion): Promise<void> {
    const wanted = 32768;
    const sockets = await sshNode(region.lab, region.node("worker-01"), "ss -Hltn 'sport = :80'");
    const queues = sockets
        .split("\n")
        .filter((line) => line.includes(":80 "))
        .map((line) => Number(line.trim().split(/\s+/)[2]));
    assert.ok(queues.length > 0, sockets);
    assert.deepEqual([...new Set(queues)], [wanted], sockets);
    t.diagnostic(`ss -ltn on worker-01: ${queues.length} sockets on :80 with backlog ${wanted}`);
}
