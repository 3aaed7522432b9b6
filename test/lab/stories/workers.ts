import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { sshNode } from "../../../lab/node";
import { defaultMachines } from "../../../lab/plan";
import { until } from "../../../lab/process";
import { sampleSecret } from "../../../lab/repo";
import type { TestRegion } from "../test-region";
import { Visitor } from "../visitor";
import { expectWholeRegion } from "./whole";

/** Prints what of fjord's is left on a server; nothing on one that was given back clean. */
const traces = String.raw`
for path in /etc/kubernetes /etc/fjord /var/lib/fjord /var/log/fjord /var/lib/kubelet /var/lib/etcd /var/lib/containerd /etc/cni /opt/cni /etc/haproxy /etc/crictl.yaml; do
    [ -e "$path" ] && echo "path $path"
done
pgrep -a 'kubelet|containerd|haproxy|kube-|etcd|flanneld'
dpkg-query -W -f '\${db:Status-Status} \${Package}\n' kubelet kubeadm kubectl containerd.io haproxy 2>/dev/null | sed -n 's/^installed /package /p'
sudo -n nft list tables 2>/dev/null | grep -E 'fjord|kube|flannel'
ip -o link | grep -oE 'cni0|flannel[.0-9]*'
grep -o 'fjord:.*' ~/.ssh/authorized_keys
grep -i fjord /etc/hosts
ls /etc/apt/sources.list.d /etc/apt/keyrings 2>/dev/null | grep fjord
findmnt -rno TARGET | grep -E 'kubelet|containerd'
true`;

/** What of fjord's is left on a server. */
export const tracesOn = (region: TestRegion, name: string): Promise<string> =>
    sshNode(region.lab, region.node(name), "sh -s", traces.replaceAll("\\$", "$"));

/** Label of the application's pods. */
const application = "app.kubernetes.io/name=payment-service";

/** How many pods of the application are ready on a worker. */
async function readyOn(region: TestRegion, name: string): Promise<number> {
    const on = `--field-selector=spec.nodeName=${region.node(name).fqdn}`;
    const ready = '-o=jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}';
    const words = await region.kubectl("get", "pods", "-n", sampleSecret.namespace, "-l", application, on, ready);
    return words.split(/\s+/).filter((word) => word === "True").length;
}

/** One of the application's pods goes to a worker: no other takes pods while it is made anew. */
async function movePod(region: TestRegion, to: string): Promise<void> {
    const others = region.lab.nodes.filter(({ role, name }) => role === "worker" && name !== to).map(({ fqdn }) => fqdn);
    const pods = await region.kubectl("get", "pods", "-n", sampleSecret.namespace, "-l", application, "-o", "name");
    const [pod = ""] = pods.split("\n");
    await region.kubectl("cordon", ...others);
    try {
        await region.kubectl("delete", "-n", sampleSecret.namespace, pod, "--wait=false");
        await until(60_000, async () => (await readyOn(region, to)) > 0, 1000);
    } finally {
        await region.kubectl("uncordon", ...others);
    }
}

/** A worker comes, takes a pod of the application, and goes, while visitors are served through another. */
export async function addAndRemoveWorker(t: TestContext, region: TestRegion): Promise<void> {
    await region.setMachines([...defaultMachines, "worker-03"]);
    assert.equal(await tracesOn(region, "worker-03"), "", "a bare server has nothing of fjord's");

    await region.configure();
    const visitor = new Visitor(region.address);
    try {
        const added = await region.up();
        await expectWholeRegion(t, region);
        assert.notEqual(await tracesOn(region, "worker-03"), "", "the check for traces finds a node's");
        t.diagnostic(`worker-03 added in ${added.seconds.toFixed(1)} s`);

        await movePod(region, "worker-03");
        assert.equal(await readyOn(region, "worker-03"), 1, "half of the requests go to the worker that is removed next");
        await region.configure((input) => ({
            ...input,
            machines: input.machines.filter(({ name }) => name !== "worker-03"),
        }));
        const removed = await region.up();
        t.diagnostic(`worker-03 removed in ${removed.seconds.toFixed(1)} s`);
    } finally {
        const { sent, failures } = await visitor.stop();
        t.diagnostic(`${sent} requests while it came and went, ${failures.length} failed`);
        assert.deepEqual(failures, []);
    }
    const nodes = await region.kubectl("get", "nodes", "-o", "name");
    assert.doesNotMatch(nodes, /worker-03/);
    assert.equal(await tracesOn(region, "worker-03"), "", "a server that left the stack is clean");
    await region.discard("worker-03");
    await expectWholeRegion(t, region);
}
