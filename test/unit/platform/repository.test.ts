import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as yaml from "js-yaml";
import { overlayPath, readTemplates, renderRepository, sampleSecret } from "../../../lab/repo";

const sealedSecret = yaml.dump({
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { name: sampleSecret.name, namespace: sampleSecret.namespace },
    spec: { encryptedData: { [sampleSecret.key]: "AgB" } },
});
const facts = {
    image: { name: "lab.fjord/payment-service", digest: `sha256:${"a".repeat(64)}` },
    host: "payments.other.node",
    sealedSecret,
};

interface Kustomization {
    readonly namespace: string;
    readonly resources: readonly string[];
    readonly images: readonly object[];
    readonly patches: readonly { readonly patch: string }[];
}

describe("the lab's repository", () => {
    const templates = readTemplates();
    const files = renderRepository(facts, templates);

    it("is the templates with the overlay filled in, and the sealed secret", () => {
        const added = Object.keys(files).filter((file) => !(file in templates));
        assert.deepEqual(added, [`${overlayPath}/sealed-secret.yaml`]);
        const changed = Object.keys(templates).filter((file) => files[file] !== templates[file]);
        assert.deepEqual(changed, [`${overlayPath}/kustomization.yaml`]);
    });

    it("has the lab's image by digest, and its host", () => {
        const overlay = yaml.load(files[`${overlayPath}/kustomization.yaml`] ?? "") as Kustomization;
        assert.equal(overlay.namespace, sampleSecret.namespace);
        assert.deepEqual(overlay.images, [
            { name: "payment-service", newName: facts.image.name, digest: facts.image.digest },
        ]);
        assert.deepEqual(yaml.load(overlay.patches[0]?.patch ?? ""), [
            { op: "replace", path: "/spec/rules/0/host", value: "payments.other.node" },
        ]);
    });

    it("names only files that it holds", () => {
        for (const folder of ["k8s/base", overlayPath]) {
            const { resources } = yaml.load(files[`${folder}/kustomization.yaml`] ?? "") as Kustomization;
            for (const resource of resources.filter((one) => one.endsWith(".yaml"))) {
                assert.ok(files[`${folder}/${resource}`], `${folder}/${resource}`);
            }
        }
    });

    it("refuses a secret that would not open there, and a plain one", () => {
        const elsewhere = sealedSecret.replace("payment-prod", "other");
        assert.throws(() => renderRepository({ ...facts, sealedSecret: elsewhere }, templates), /"other\/payment-service", not/);
        const plain = sealedSecret.replace("SealedSecret", "Secret");
        assert.throws(() => renderRepository({ ...facts, sealedSecret: plain }, templates), /is Secret/);
    });

    it("refuses templates without an overlay", () => {
        assert.throws(() => renderRepository(facts, {}), /no k8s\/overlays\/production\/kustomization\.yaml/);
    });
});
