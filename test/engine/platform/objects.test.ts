import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { application } from "../../../components/platform/application";
import { argocdObjects } from "../../../components/platform/argocd";
import { selectCrds } from "../../../components/platform/crd-task";
import { ingressNamespace, ingressObjects } from "../../../components/platform/ingress";
import { KubernetesObject, objectKey, parseManifest } from "../../../components/platform/manifest";
import { namespace } from "../../../components/platform/namespaces";
import { applicationProjects, lockedDefaultProject } from "../../../components/platform/projects";
import { sealedSecretsNamespace, sealedSecretsObjects } from "../../../components/platform/sealed-secrets";
import { overlayPath, readTemplates, renderRepository, sampleSecret } from "../../../lab/repo";
import { lock, paymentService, region } from "../../fixtures/platform/region";
import { ApiServer, startApiServer } from "./api-server";

const toolchain = process.env["FJORD_TOOLCHAIN"];
assert.ok(toolchain, "FJORD_TOOLCHAIN is not set: run `node test/run.mjs engine`");
const binaries = path.join(toolchain, "bin");

function manifest(file: string): readonly KubernetesObject[] {
    return parseManifest(fs.readFileSync(path.join(toolchain ?? "", "files", file), "utf8"), file);
}

const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });

interface Workload {
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: object };
}

/** The pods that the workloads would make: Pod Security judges those, and nothing here makes them. */
function pods(objects: readonly KubernetesObject[]): readonly object[] {
    return objects
        .filter(({ kind }) => ["DaemonSet", "Deployment", "StatefulSet"].includes(kind))
        .map(({ metadata, ...rest }) => {
            const { template } = rest["spec"] as Workload;
            const { name, namespace: home } = metadata;
            const { labels } = template.metadata;
            return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: home, labels }, spec: template.spec };
        });
}

function renderedApplication(): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-repo-"));
    const sealed = {
        apiVersion: "bitnami.com/v1alpha1",
        kind: "SealedSecret",
        metadata: { name: sampleSecret.name, namespace: sampleSecret.namespace },
        spec: { encryptedData: { [sampleSecret.key]: "AgB" } },
    };
    const image = { name: "lab.fjord/payment-service", digest: `sha256:${"a".repeat(64)}` };
    const facts = { image, host: "payments.lab.node", sealedSecret: JSON.stringify(sealed) };
    try {
        for (const [file, text] of Object.entries(renderRepository(facts, readTemplates()))) {
            fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
            fs.writeFileSync(path.join(folder, file), text);
        }
        const built = spawnSync(path.join(binaries, "kustomize"), ["build", path.join(folder, overlayPath)], {
            encoding: "utf8",
            timeout: 60_000,
        });
        assert.equal(built.status, 0, built.stderr);
        return built.stdout;
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

describe("the platform's objects, before a real API server", () => {
    const upstream = manifest("argocd/install.yaml");
    const argocd = argocdObjects(upstream, region.platform, lock);
    const controllers = [
        ...argocd,
        ...sealedSecretsObjects(lock, "digest"),
        ...ingressObjects(region.platform.ingress, region.machines, lock),
    ];
    let server: ApiServer;

    /** Every field must be known to the API: a misspelt one is an error, not dropped. */
    function accepted(objects: string, ...flags: string[]): void {
        const args = ["apply", "--server-side", "--validate=strict", ...flags, "-f", "-"];
        const { code, output } = server.kubectl(args, objects);
        assert.equal(code, 0, output);
        assert.doesNotMatch(output, /warning/i);
    }

    before(async () => {
        server = await startApiServer(binaries);
        accepted(list(selectCrds([...upstream, ...manifest("sealed-secrets/crd.yaml")])));
        const names = ["applications.argoproj.io", "appprojects.argoproj.io", "sealedsecrets.bitnami.com"];
        const wait = ["wait", "--for=condition=Established", "--timeout=30s", ...names.map((name) => `crd/${name}`)];
        // As in apply-crds.ts: on a CRD that has no status yet, kubectl fails instead of waiting.
        for (const deadline = Date.now() + 30_000; server.kubectl(wait).code !== 0; await sleep(500)) {
            assert.ok(Date.now() < deadline, server.kubectl(wait).output);
        }
        const homes = [namespace("argocd", "restricted"), sealedSecretsNamespace, ingressNamespace];
        accepted(list([...homes, namespace(paymentService.namespace, "restricted")]));
    });

    after(() => server.stop());

    it("are what upstream's manifest holds, but for what is left out on purpose", () => {
        const kept = new Set(argocd.map(objectKey));
        const lost = upstream
            .filter(({ kind }) => kind !== "CustomResourceDefinition")
            .map(objectKey)
            .filter((key) => !kept.has(key));
        const expected = ["dex-server", "notifications-controller"].flatMap((name) => [
            `ServiceAccount/argocd-${name}`,
            `Role/argocd-${name}`,
            `RoleBinding/argocd-${name}`,
            `Deployment/argocd-${name}`,
            `NetworkPolicy/argocd-${name}-network-policy`,
        ]);
        expected.push("Service/argocd-dex-server", "Service/argocd-notifications-controller-metrics");
        expected.push("ConfigMap/argocd-notifications-cm", "Secret/argocd-notifications-secret");
        expected.push("Role/argocd-redis", "RoleBinding/argocd-redis");
        assert.deepEqual(lost.sort(), expected.sort());
        assert.equal(kept.size, 40);
    });

    it("are valid", () => accepted(list(controllers)));

    it("make pods that their namespaces admit", () => accepted(list(pods(controllers)), "--dry-run=server"));

    it("include projects and an application that Argo CD's schemas know", () => {
        const projects = [lockedDefaultProject, ...applicationProjects(region.applications)];
        accepted(list([...projects, application(paymentService)]));
    });

    it("stand beside a sample application that is valid, and restricted", () => {
        const rendered = renderedApplication();
        accepted(rendered, "--dry-run=server");
        accepted(list(pods(parseManifest(rendered, "kustomize"))), "--dry-run=server");
        assert.match(rendered, /image: lab\.fjord\/payment-service@sha256:a{64}/);
        assert.match(rendered, /host: payments\.lab\.node/);
    });

    it("would be refused with a field that the API does not know", () => {
        const wrong = application({ ...paymentService, name: "wrong" });
        const spec = { ...(wrong["spec"] as object), syncPolice: {} };
        const args = ["apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-"];
        assert.match(server.kubectl(args, list([{ ...wrong, spec }])).output, /syncPolice/);
    });
});
