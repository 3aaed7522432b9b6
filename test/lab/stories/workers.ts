import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { sshNode } from "../../../lab/node";
import { defaultMachines } from "../../../lab/plan";
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

/** A worker comes and goes while visitors are served by another. */
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
