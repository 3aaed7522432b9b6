import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { hostsMarks, renderHostsBlock } from "../../../components/nodes/hosts";
import { imagesFor } from "../../../components/nodes/images";
import { renderLoadBalancer } from "../../../components/nodes/loadbalancer";
import {
    adoptStep,
    cleanStep,
    containerdStep,
    firewallStep,
    imagesStep,
    kernelStep,
    loadBalancerStep,
    packagesStep,
    preflightStep,
    takesIngress,
} from "../../../components/nodes/steps";
import { renderScript } from "../../../components/remote/script";
import { exampleLock, exampleMachine, exampleMachines, examplePlan } from "./example";

test("the load balancer listens on this machine only and knows every control plane", () => {
    const controlPlanes = exampleMachines.filter((machine) => machine.role === "control-plane");
    const config = renderLoadBalancer({ port: 7443, controlPlanes });
    assert.deepEqual(config.match(/bind .*/g), ["bind 127.0.0.1:7443"]);
    for (const { fqdn, nodeAddress } of controlPlanes) {
        assert.ok(config.includes(`server ${fqdn} ${nodeAddress}:6443\n`));
    }
    assert.match(config, /\n$/);
});

test("rendering does not depend on the order of the machines", () => {
    fc.assert(
        fc.property(fc.shuffledSubarray([...exampleMachines], { minLength: exampleMachines.length }), (machines) => {
            const settings = { apiName: "api.osl.node", hosts: { b: "10.0.0.6", a: "10.0.0.5" } };
            assert.equal(
                renderHostsBlock({ ...settings, nodes: machines }),
                renderHostsBlock({ ...settings, nodes: exampleMachines }),
            );
            const plan = examplePlan("worker-01");
            for (const step of [firewallStep, loadBalancerStep, preflightStep, adoptStep]) {
                assert.deepEqual(step({ ...plan, machines }), step(plan));
            }
        }),
    );
});

test("the API's name is this machine, every node its own address, between the marks", () => {
    const lines = renderHostsBlock({
        apiName: "api.osl.node",
        nodes: exampleMachines,
        hosts: { "git.osl.node": "10.0.0.6" },
    })
        .trimEnd()
        .split("\n");
    assert.equal(lines[0], hostsMarks.begin);
    assert.equal(lines.at(-1), hostsMarks.end);
    assert.ok(lines.includes("127.0.0.1 api.osl.node"));
    assert.ok(lines.includes("10.0.0.21 worker-01.osl.node worker-01"));
    assert.ok(lines.includes("10.0.0.6 git.osl.node"));
});

test("a machine pulls what its role runs, and the whole lock is pulled somewhere", () => {
    const controlPlane = imagesFor({ role: "control-plane", ingress: false }, exampleLock);
    const worker = imagesFor({ role: "worker", ingress: true }, exampleLock);
    assert.ok(controlPlane.some((image) => image.includes("/etcd:")));
    assert.ok(!worker.some((image) => image.includes("/etcd:")));
    assert.ok(!controlPlane.some((image) => image.includes("/argocd:")));
    assert.equal(new Set([...controlPlane, ...worker]).size, Object.keys(exampleLock.images).length);
});

test("the ingress stays off machines whose taints keep work off", () => {
    const worker = exampleMachine("worker-01", "worker", "10.0.0.21");
    assert.equal(takesIngress(worker), true);
    assert.equal(takesIngress({ taints: [{ key: "a", value: "", effect: "PreferNoSchedule" }] }), true);
    assert.equal(takesIngress({ taints: [{ key: "a", value: "", effect: "NoExecute" }] }), false);
});

test("every step renders, and a new worker changes no other machine's preflight", () => {
    const plan = examplePlan("cp-01");
    for (const step of [
        preflightStep,
        adoptStep,
        kernelStep,
        packagesStep,
        containerdStep,
        firewallStep,
        loadBalancerStep,
        imagesStep,
        cleanStep,
    ]) {
        const { script, params } = step(plan);
        assert.match(
            renderScript({ file: script, node: plan.machine.fqdn, step: "x", mode: "apply", params }),
            /\nfinish\n}\n$/,
        );
    }
    const more = { ...plan, machines: [...exampleMachines, exampleMachine("worker-03", "worker", "10.0.0.23")] };
    assert.deepEqual(preflightStep(more), preflightStep(plan));
});
