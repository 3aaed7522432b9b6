import * as pulumi from "@pulumi/pulumi";
import { load, loadAll } from "js-yaml";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { renderByHand } from "../../../lab/by-hand";
import { installManifest } from "../../fixtures/platform/manifest";
import { lock, region } from "../../fixtures/platform/region";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-by-hand-"));
const read = (name: string): string => fs.readFileSync(path.join(folder, name), "utf8");
const crd = JSON.stringify({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "sealedsecrets.bitnami.com" } });

interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
}
const manifests = (name: string): Manifest[] => loadAll(read(`manifests/${name}.yaml`)) as Manifest[];

before(async () => {
    const { identityFile: _, ...ssh } = region.ssh;
    await renderByHand(folder, {
        config: { ...region, ssh },
        lock,
        argocdManifest: installManifest,
        sealedSecretsManifest: crd,
        trust: {
            sealingKeys: [{ name: "key-2026", state: "active", certificate: pulumi.output("the certificate"), privateKey: pulumi.secret("the key") }],
            deployKey: pulumi.secret("the deploy key"),
        },
    });
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test("every machine has its files, with the same texts as the program's steps write", () => {
    const machines = read("nodes").trim().split("\n").map((line) => line.split(" "));
    assert.deepEqual(machines, region.machines.map(({ name, role }) => [name, role]));
    for (const [name, role] of machines) {
        const files = `nodes.d/${name}/etc`;
        assert.match(read(`${files}/by-hand/packages`), new RegExp(`^kubelet=${lock.packages.kubelet}$`, "m"));
        assert.match(read(`${files}/fjord/firewall.nft`), /^define SSH_PORTS = \{ 22 \}\ntable inet fjord\n/);
        assert.match(read(`${files}/hosts`), /^# fjord: begin\n127\.0\.0\.1 api\./);
        assert.equal(fs.existsSync(path.join(folder, files, "kubernetes/fjord/encryption.yaml")), role === "control-plane");
    }
});

test("keys are in the manifests as the cluster wants them, in a folder that only its owner enters", () => {
    const secret = (name: string) => manifests("platform").find(({ kind, metadata }) => kind === "Secret" && metadata.name === name)?.data;
    assert.equal(Buffer.from(secret("key-2026")?.["tls.key"] ?? "", "base64").toString(), "the key");
    assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
});

test("pods come after what they need, and CRDs are apart", () => {
    const kinds = manifests("platform").map(({ kind }) => kind);
    const firstPod = kinds.findIndex((kind) => /^(Deployment|StatefulSet|DaemonSet)$/.test(kind));
    assert.ok(firstPod > 0);
    assert.ok(kinds.slice(firstPod).every((kind) => /^(Deployment|StatefulSet|DaemonSet)$/.test(kind)), kinds.join(", "));
    assert.ok(manifests("crds").every(({ kind }) => kind === "CustomResourceDefinition"));
});

test("joins use the token that init makes, and take the CA's hash later", () => {
    const [first, ...others] = region.machines.map(({ name }) => read(`kubeadm/${name}.yaml`));
    const { bootstrapTokens } = load(first?.split("---\n")[0] ?? "") as { bootstrapTokens: { token: string }[] };
    assert.equal(`${bootstrapTokens[0]?.token.split(".")[0]}\n`, read("kubeadm/token-id"));
    for (const join of others) {
        assert.ok(join.includes(bootstrapTokens[0]?.token ?? "?"));
        assert.match(join, /sha256:CA_CERT_HASH/);
    }
});
