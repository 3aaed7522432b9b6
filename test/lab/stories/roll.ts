import * as assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "node:test";
import { nextPatch, releaseNextPatch } from "../../../lab/next-patch";
import { sshNode } from "../../../lab/node";
import type { RegionInput } from "../../../infra/config/schema/region";
import { changes, type TestRegion } from "../test-region";
import { Visitor } from "../visitor";
import { expectWholeRegion } from "./whole";

/** Nodes that were taken out of service, in their order, and how many at once at most. */
interface Watched {
    readonly order: readonly string[];
    readonly most: number;
}

/** Asks every second which nodes take no pods. An API server that is being changed may not answer for a moment. */
class CordonWatch {
    private stopped = false;
    private readonly order: string[] = [];
    private most = 0;
    private readonly done: Promise<void>;

    constructor(private readonly region: TestRegion) {
        this.done = this.watch();
    }

    private async watch(): Promise<void> {
        const cordoned = 'jsonpath={range .items[?(@.spec.unschedulable==true)]}{.metadata.name} {end}';
        while (!this.stopped) {
            const names = await this.region.kubectl("get", "nodes", "-o", cordoned).then(
                (text) => text.split(" ").filter((name) => name !== ""),
                () => [],
            );
            this.most = Math.max(this.most, names.length);
            this.order.push(...names.filter((name) => !this.order.includes(name)));
            await sleep(1000);
        }
    }

    async stop(): Promise<Watched> {
        this.stopped = true;
        await this.done;
        return { order: this.order, most: this.most };
    }
}

/** Runs a change that rolls all nodes while visitors are served; says what was seen. */
async function rolling(t: TestContext, region: TestRegion, edit: (input: RegionInput) => RegionInput): Promise<void> {
    await region.configure(edit);
    const { "to update": announced } = changes((await region.preview()).output);
    const visitor = new Visitor(region.address);
    const watch = new CordonWatch(region);
    const rolled = await region.tryUp();
    const [{ sent, failures }, { order, most }] = await Promise.all([visitor.stop(), watch.stop()]);
    assert.equal(rolled.code, 0, rolled.output);
    assert.equal(changes(rolled.output)["updated"], announced, "the preview said how much would change");
    t.diagnostic(`rolled in ${rolled.seconds.toFixed(1)} s: ${JSON.stringify(changes(rolled.output))}`);
    t.diagnostic(`${sent} requests meanwhile, ${failures.length} failed; seen out of service, at most ${most} at once: ${order.join(", ")}`);
    assert.deepEqual(failures, []);
    assert.equal(most, 1, "one at a time");
    const firstWorker = order.findIndex((name) => name.startsWith("worker"));
    assert.ok(order.slice(firstWorker).every((name) => name.startsWith("worker")), "control planes first");
    await expectWholeRegion(t, region);
    const again = await region.up();
    assert.deepEqual(Object.keys(changes(again.output)), ["unchanged"]);
}

const ofNodes = async (region: TestRegion, path: string): Promise<readonly string[]> =>
    (await region.kubectl("get", "nodes", "-o", `jsonpath={range .items[*]}{${path}}{"\\n"}{end}`)).trim().split("\n");

/** A kubelet setting that no test asks for otherwise. */
const maxPods = 150;
const settings = (input: RegionInput): RegionInput => ({ ...input, kubernetes: { ...input.kubernetes, maxPods } });

/** Settings of running nodes change, one node at a time. */
export async function settingsRoll(t: TestContext, region: TestRegion): Promise<void> {
    await rolling(t, region, settings);
    assert.deepEqual(new Set(await ofNodes(region, ".status.allocatable.pods")), new Set([String(maxPods)]));
}

/** The next patch release of Kubernetes arrives at the mirrors, and the region goes over to it. */
export async function versionRoll(t: TestContext, region: TestRegion): Promise<void> {
    const from = region.made.content.toolchain.kubernetes;
    const to = nextPatch(from);
    region.take(await releaseNextPatch(region.made, () => undefined));
    await rolling(t, region, (input) => ({ ...settings(input), kubernetes: { ...settings(input).kubernetes, version: to } }));

    assert.deepEqual(new Set(await ofNodes(region, ".status.nodeInfo.kubeletVersion")), new Set([`v${to}`]));
    const images = await region.kubectl("-n", "kube-system", "get", "pods", "-o", "jsonpath={.items[*].spec.containers[*].image}");
    const core = images.split(" ").filter((image) => /\/kube-[a-z-]+:/.test(image));
    assert.equal(core.filter((image) => image.endsWith(`:v${to}`)).length, 3 * 3 + 5, core.join(" "));
    for (const { name } of region.lab.nodes) {
        const packages = Object.entries(region.made.lock.packages).map(([one, version]) => `${one}=${version}`);
        const installed = await sshNode(region.lab, region.node(name), `dpkg-query -W -f '\${Package}=\${Version}\n' ${Object.keys(region.made.lock.packages).join(" ")}`);
        assert.deepEqual(installed.trim().split("\n").sort(), packages.sort(), name);
        const held = await sshNode(region.lab, region.node(name), "apt-mark showhold");
        assert.deepEqual(held.trim().split("\n").sort(), Object.keys(region.made.lock.packages).sort(), name);
    }
    t.diagnostic(`${from} -> ${to}: kubelets, control planes, kube-proxy and packages of all ${region.lab.nodes.length} nodes`);
}
