import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { selectCrds } from "../../../components/platform/crd-task";
import { objectKey, parseManifest } from "../../../components/platform/manifest";
import { installManifest } from "../../fixtures/platform/manifest";

describe("a manifest", () => {
    it("gives its objects in order, without empty documents", () => {
        const text = "---\n---\napiVersion: v1\nkind: A\nmetadata: {name: x}\n---\napiVersion: v1\nkind: B\nmetadata: {name: y}\n";
        assert.deepEqual(parseManifest(text, "t").map(objectKey), ["A/x", "B/y"]);
    });

    it("that holds something else is refused, by name and number", () => {
        assert.throws(() => parseManifest("apiVersion: v1\nkind: A\n", "file.yaml"), /^Error: file\.yaml: document 1 is no/);
        assert.throws(() => parseManifest("just text", "file.yaml"), /document 1 is no Kubernetes object/);
        assert.throws(() => parseManifest("a: [", "file.yaml"), /file\.yaml|unexpected end/);
    });

    it("gives its CRDs, and is refused where there are none", () => {
        const objects = parseManifest(installManifest, "install.yaml");
        assert.deepEqual(selectCrds(objects).map(objectKey), ["CustomResourceDefinition/applications.argoproj.io"]);
        assert.throws(() => selectCrds(objects.slice(1)), /no CustomResourceDefinition/);
    });
});
