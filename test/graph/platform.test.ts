import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Platform } from "../../components/platform/platform";
import { installManifest } from "../fixtures/platform/manifest";
import { lock, region } from "../fixtures/platform/region";
import { clearMarks, recordResources, Registered, secretMark } from "./record";

/** What the engine is told beside the inputs. */
interface Edge {
    readonly parent: string;
    readonly dependsOn: readonly string[];
}

interface RegisterRequest {
    getName(): string;
    getParent(): string;
    getDependenciesList(): string[];
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

/** Writes down parents and dependencies, by name: they are no part of what mocks see. */
function recordEdges(): Map<string, Edge> {
    const edges = new Map<string, Edge>();
    const monitor = pulumi.runtime.getMonitor() as unknown as {
        registerResource(request: RegisterRequest, done: unknown): unknown;
    };
    const original = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, done) => {
        edges.set(request.getName(), {
            parent: nameOf(request.getParent()),
            dependsOn: request.getDependenciesList().map(nameOf),
        });
        return original(request, done);
    };
    return edges;
}

describe("the platform, at a preview from nothing", () => {
    let registered: Registered[];
    let edges: Map<string, Edge>;

    before(async () => {
        registered = recordResources(true);
        edges = recordEdges();
        const provider = new k8s.Provider("cluster", { kubeconfig: "none" });
        const crdsApplied = new k8s.core.v1.ConfigMap("crds", {}, { provider });
        const key = (name: string, state: "active" | "retired") => ({
            name,
            state,
            certificate: pulumi.output(`certificate of ${name}`),
            privateKey: pulumi.secret(`${secretMark} ${name}`),
        });
        const second = { ...region.applications[0]!, name: "payment-jobs", namespace: "payment-jobs" };
        new Platform("p", {
            config: { ...region, applications: [...region.applications, second] },
            lock,
            argocdManifest: installManifest,
            provider,
            network: { needed: [new k8s.core.v1.ConfigMap("network", {}, { provider })] },
            crdsApplied,
            workers: [new k8s.core.v1.ConfigMap("worker-01", {}, { provider })],
            trust: {
                sealingKeys: [key("key-2026", "active"), key("key-2025", "retired")],
                deployKey: pulumi.secret(secretMark),
                redisPassword: pulumi.secret(secretMark),
            },
        });
        await pulumi.runtime.disconnect();
    });

    function comesAfter(later: string, earlier: string): void {
        assert.ok(edges.has(later), `no resource ${later} in ${[...edges.keys()].join(", ")}`);
        assert.ok(edges.has(earlier), `no resource ${earlier} in ${[...edges.keys()].join(", ")}`);
        assert.ok(edges.get(later)?.dependsOn.includes(earlier), `${later} does not wait for ${earlier}`);
    }

    it("makes every object a child of the platform, named after it, through the region's provider", () => {
        const children = registered.filter(({ name }) => name.startsWith("p-"));
        assert.ok(children.length > 30, `${children.length} objects`);
        for (const { name, provider } of children) {
            assert.equal(edges.get(name)?.parent, "p", name);
            assert.match(provider, /::cluster::/, name);
        }
    });

    it("names the types as policies know them", () => {
        const types = new Map(registered.map(({ name, type }) => [name, type]));
        assert.equal(types.get("p-argocd-server-deployment"), "kubernetes:apps/v1:Deployment");
        assert.equal(types.get("p-argocd-cm-config-map"), "kubernetes:core/v1:ConfigMap");
        assert.equal(types.get("p-payment-service-prod-application"), "kubernetes:argoproj.io/v1alpha1:Application");
        assert.equal(types.get("p-default-project"), "kubernetes:argoproj.io/v1alpha1:AppProject");
    });

    it("puts all sealing keys before the controller, and labels retired ones so that it reads them", () => {
        for (const key of ["p-key-2026-secret", "p-key-2025-secret"]) {
            comesAfter("p-sealed-secrets-controller-deployment", key);
            const metadata = registered.find(({ name }) => name === key)?.inputs["metadata"] as {
                labels: Record<string, string>;
            };
            assert.equal(metadata.labels["sealedsecrets.bitnami.com/sealed-secrets-key"], "active");
        }
        comesAfter("p-sealed-secrets-controller-deployment", "crds");
    });

    it("locks the default project before Argo CD's server would make an open one", () => {
        comesAfter("p-default-project", "crds");
        comesAfter("p-argocd-server-deployment", "p-default-project");
    });

    it("gives Argo CD's pods their settings and Secrets first", () => {
        for (const pod of ["p-argocd-repo-server-deployment", "p-argocd-redis-deployment"]) {
            comesAfter(pod, "p-argocd-redis-secret");
            comesAfter(pod, "p-argocd-ssh-known-hosts-cm-config-map");
        }
    });

    it("starts an application after its project, its repository and whoever reads it", () => {
        const credentials = registered.filter(({ name }) => name.startsWith("p-repository-"));
        assert.equal(credentials.length, 1, "two applications of one repository and project share its Secret");
        for (const app of ["p-payment-service-prod-application", "p-payment-jobs-application"]) {
            comesAfter(app, "p-payments-project");
            comesAfter(app, credentials[0]!.name);
            comesAfter(app, "p-argocd-repo-server-deployment");
            comesAfter(app, "p-argocd-redis-deployment");
        }
    });

    it("lets pods wait for the workers, which may leave only after them, and nothing else", () => {
        const waiting = [...edges].filter(([, { dependsOn }]) => dependsOn.includes("worker-01")).map(([name]) => name);
        const pods = registered.filter(({ type }) => /^kubernetes:apps/.test(type)).map(({ name }) => name);
        assert.ok(pods.length > 3, pods.join(", "));
        assert.deepEqual(waiting.sort(), pods.sort());
    });

    it("lets the pods' network go first", () => {
        for (const { name } of registered.filter((one) => one.name.startsWith("p-"))) {
            comesAfter(name, "network");
        }
    });

    it("lets the ingress wait for nothing but the network, its namespace and the workers", () => {
        assert.deepEqual(edges.get("p-nginx-ingress-daemon-set")?.dependsOn.toSorted(), ["network", "p-nginx-ingress-namespace", "worker-01"]);
    });

    it("owns its objects by one name, also after a run that was killed", () => {
        for (const { name, inputs } of registered.filter((one) => one.name.startsWith("p-"))) {
            const { annotations } = inputs["metadata"] as { annotations?: Record<string, string> };
            assert.equal(annotations?.["pulumi.com/patchFieldManager"], "fjord", name);
        }
    });

    it("shows no secret in clear", () => {
        // Secrets carry base64: the encoded mark is turned back, so that a search finds it too.
        const encoded = Buffer.from(secretMark).toString("base64").slice(0, 16);
        const text = JSON.stringify(registered.map(({ name, inputs }) => [name, inputs]));
        assert.ok(text.split(encoded).length > 4, "the marks must be there to be searched for");
        const decoded = JSON.parse(text.replaceAll(encoded, secretMark)) as [string, unknown][];
        assert.deepEqual(
            decoded.flatMap(([name, inputs]) => clearMarks(inputs, name)),
            [],
        );
    });
});
