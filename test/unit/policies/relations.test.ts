import assert from "node:assert/strict";
import { test } from "node:test";
import { podsOf } from "../../../policies/rules/core/pods";
import { KubernetesObject } from "../../../policies/rules/core/subject";
import { Surroundings } from "../../../policies/rules/core/surroundings";
import { leastReplicas, partOf, selects, servicesOf } from "../../../policies/rules/workloads/relations";
import { deployment, inGit, service } from "../../fixtures/policies/objects";
import { changed } from "./case";

const seen = (...objects: readonly KubernetesObject[]) => new Surroundings(objects.map((object) => inGit(object)), "2026-11-23");

test("selectors take what Kubernetes takes", () => {
    const labels = { app: "web", tier: "front" };
    const expression = (key: string, operator: string, ...values: readonly string[]) =>
        selects({ matchExpressions: [{ key, operator, values }] }, labels);
    assert.ok(selects({}, labels));
    assert.ok(selects({ matchLabels: { app: "web" } }, labels));
    assert.ok(!selects({ matchLabels: { app: "web", tier: "back" } }, labels));
    assert.ok(expression("app", "In", "api", "web") && !expression("app", "In", "api"));
    assert.ok(expression("app", "NotIn", "api") && !expression("app", "NotIn", "web") && expression("zone", "NotIn", "a"));
    assert.ok(expression("app", "Exists") && !expression("zone", "Exists"));
    assert.ok(expression("zone", "DoesNotExist") && !expression("app", "DoesNotExist"));
    assert.ok(!expression("app", "Like", "web"), "an operator that nobody knows takes nothing");
});

test("a Service that only collects metrics, has no selector, or is elsewhere sends no requests", () => {
    const pods = podsOf(deployment);
    assert.ok(pods);
    const found =
        (...path: readonly string[]) =>
        (to: unknown) =>
            servicesOf(deployment, pods, seen(changed(service, path, to))).length;
    assert.equal(found("metadata", "name")("web"), 1);
    assert.equal(found("spec", "ports")([{ name: "metrics", port: 9090 }]), 0);
    assert.equal(found("spec", "ports")([{ name: "http" }, { name: "http-metrics" }]), 1);
    assert.equal(found("spec", "ports")([]), 1);
    assert.equal(found("spec", "selector")({}), 0);
    assert.equal(found("spec", "selector")({ "app.kubernetes.io/name": "web" }), 1);
    assert.equal(found("spec", "selector")({ "app.kubernetes.io/name": "api" }), 0);
    assert.equal(found("metadata", "namespace")("elsewhere"), 0);
});

test("the replicas of an object are its own, its scaler's least, or one", () => {
    const scaler = (kind: string, name: string): KubernetesObject => ({
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: service.metadata,
        spec: { scaleTargetRef: { kind, name }, minReplicas: 5 },
    });
    assert.equal(leastReplicas(deployment, seen()), 3);
    assert.equal(leastReplicas({ ...deployment, spec: null }, seen()), 1);
    assert.equal(leastReplicas(deployment, seen(scaler("Deployment", "web"))), 5);
    assert.equal(leastReplicas(deployment, seen(scaler("StatefulSet", "web"))), 3);
    assert.equal(leastReplicas(deployment, seen(scaler("Deployment", "api"))), 3);
});

test("a share is a number or a percentage, rounded as the reader says", () => {
    assert.equal(partOf(2, 3, Math.ceil), 2);
    assert.equal(partOf("50%", 3, Math.ceil), 2);
    assert.equal(partOf("50%", 3, Math.floor), 1);
    assert.equal(partOf("half", 3, Math.ceil), undefined);
});
