import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { imageReference } from "../../../infra/config/lock";
import { componentPorts } from "../../../components/nodes/ports";
import { ingressConfig } from "../../../components/platform/ingress-config";
import { ingressNamespace, ingressObjects, statusAddress } from "../../../components/platform/ingress";
import { KubernetesObject } from "../../../components/platform/manifest";
import { containerResources, goMemoryLimit } from "../../../components/platform/resources";
import { sealedSecretsNamespace, sealedSecretsObjects } from "../../../components/platform/sealed-secrets";
import { containersOf } from "../../fixtures/platform/pods";
import { lock, platform, region } from "../../fixtures/platform/region";

const ingress = ingressObjects(platform.ingress, region.machines, lock);
const sealed = sealedSecretsObjects(lock, "digest");

function only(objects: readonly KubernetesObject[], kind: string): KubernetesObject {
    const [first, ...rest] = objects.filter((object) => object.kind === kind);
    assert.ok(first && rest.length === 0, `one ${kind}`);
    return first;
}

function level(namespace: KubernetesObject): string | undefined {
    return namespace.metadata.labels?.["pod-security.kubernetes.io/enforce"];
}

describe("every container of the platform's own controllers", () => {
    it("has requests, a memory limit and a locked image", () => {
        const containers = containersOf([...ingress, ...sealed]);
        assert.deepEqual(
            containers.map(({ image }) => image),
            [imageReference(lock.images["nginx-ingress"]), imageReference(lock.images["sealed-secrets-controller"])],
        );
        for (const { name, resources, securityContext } of containers) {
            assert.ok(resources?.requests?.["cpu"] && resources.requests["memory"] && resources.limits?.["memory"], name);
            assert.equal(securityContext?.["allowPrivilegeEscalation"], false);
            assert.equal(securityContext?.["runAsNonRoot"], true);
        }
    });
});

describe("the sealed-secrets controller", () => {
    it("never makes a key of its own", () => {
        const [controller] = containersOf(sealed);
        assert.ok(controller?.args?.includes("--key-renew-period=0"));
    });

    it("starts anew when a key changes", () => {
        const annotation = (digest: string) => JSON.stringify(only(sealedSecretsObjects(lock, digest), "Deployment"));
        assert.notEqual(annotation("one"), annotation("two"));
    });

    it("is held to the restricted standard", () => {
        assert.equal(level(sealedSecretsNamespace), "restricted");
    });
});

describe("the ingress", () => {
    it("listens on no port that preflight, firewall and kernel settings do not know", () => {
        const { httpPort, httpsPort } = platform.ingress;
        const known = componentPorts({ loadBalancerPort: 7443, httpPort, httpsPort }).filter(({ on }) => on === "ingress");
        const [container] = containersOf(ingress);
        const flags = (container?.args ?? []).flatMap((flag) => /-port=(\d+)$/.exec(flag)?.[1] ?? []).map(Number);
        assert.ok(flags.length >= 4);
        for (const port of flags) {
            assert.ok(known.some(({ first }) => first === port), String(port));
        }
    });

    it("runs on the host network of every machine without taints, class nginx", () => {
        const pod = (only(ingress, "DaemonSet")["spec"] as { template: { spec: Record<string, unknown> } }).template.spec;
        assert.equal(pod["hostNetwork"], true);
        assert.equal(pod["dnsPolicy"], "ClusterFirstWithHostNet");
        // As takesIngress says, by which firewall, kernel settings and images are set: only taints keep it off.
        assert.deepEqual([pod["affinity"], pod["nodeSelector"], pod["tolerations"]], [undefined, undefined, undefined]);
        assert.equal(only(ingress, "IngressClass").metadata.name, "nginx");
        assert.equal(level(ingressNamespace), "privileged");
    });

    it("needs no CRD, and lets no Ingress write configuration", () => {
        const args = containersOf(ingress)[0]?.args ?? [];
        for (const flag of [
            "-enable-custom-resources=false",
            "-enable-snippets=false",
            "-enable-telemetry-reporting=false",
            "-ingress-class=nginx",
            "-report-ingress-status=true",
            "-nginx-configmaps=$(POD_NAMESPACE)/nginx-config",
        ]) {
            assert.ok(args.includes(flag), flag);
        }
    });

    it("gives the listen sockets the backlog, once for each port", () => {
        const config = ingressConfig({ backlog: 4096, httpPort: 80, httpsPort: 443 }, "10.20.0.21");
        const listens = (config["http-snippets"] ?? "").split("\n").filter((line) => line.includes("listen"));
        assert.deepEqual(
            listens.map((line) => line.trim()),
            ["listen 80 backlog=4096;", "listen 443 ssl backlog=4096;"],
        );
    });

    it("reports the address of the first machine that takes it, workers first", () => {
        const tainted = (role: string) =>
            region.machines.map((machine) =>
                machine.role === role ? { ...machine, taints: [{ key: "a", value: "", effect: "NoSchedule" as const }] } : machine,
            );
        assert.equal(statusAddress(region.machines), "10.20.0.21");
        assert.equal(statusAddress(region.machines.slice(0, 1)), "10.20.0.11");
        assert.equal(statusAddress(tainted("worker")), "10.20.0.11");
        assert.equal(statusAddress(tainted("control-plane")), "10.20.0.21");
        assert.throws(() => statusAddress(tainted("control-plane").slice(0, 1)), /fjord:machines/);
        assert.throws(() => statusAddress([]), /fjord:machines/);
        const data = only(ingress, "ConfigMap")["data"] as Record<string, string>;
        assert.equal(data["external-status-address"], "10.20.0.21");
    });
});

describe("resource figures", () => {
    it("keep Go below the limit and requests below limits", () => {
        assert.equal(goMemoryLimit(containerResources(1, 1, 1000).memoryLimit), "850MiB");
        assert.throws(() => containerResources(1, 200, 100), /200 MiB, which is more than its limit of 100 MiB/);
    });
});
