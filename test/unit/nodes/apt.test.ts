import assert from "node:assert/strict";
import { test } from "node:test";
import { aptFiles, pinnedPackages, renderAptCa, renderSource } from "../../../components/nodes/apt";
import { exampleLock, exampleRegion } from "./example";

const { mirrors } = exampleRegion;

test("a flat repository has no components, another has them", () => {
    assert.doesNotMatch(renderSource("kubernetes", mirrors.apt.kubernetes), /Components/);
    assert.match(renderSource("containerd", mirrors.apt.containerd), /^Components: stable$/m);
});

test("each source trusts its own key only", () => {
    const files = aptFiles(mirrors.apt);
    assert.deepEqual(
        files.map((file) => file.name),
        ["kubernetes", "containerd"],
    );
    assert.deepEqual(
        files.map((file) => file.key),
        ["KEY-K\n", "KEY-C\n"],
    );
    for (const file of files) {
        assert.match(file.sources, new RegExp(`^Signed-By: /etc/apt/keyrings/fjord-${file.name}\\.asc$`, "m"));
    }
});

test("one repository for both is written once, with the components of both", () => {
    const source = { ...mirrors.apt.containerd, components: ["a"] };
    const files = aptFiles({ kubernetes: source, containerd: { ...source, components: ["b", "a"] } });
    assert.equal(files.length, 1);
    assert.match(files[0]?.sources ?? "", /^Components: a b$/m);
});

test("a private CA is trusted for the mirrors' hosts only, and only over HTTPS", () => {
    assert.match(renderAptCa(mirrors), /Acquire::https::mirror\.osl\.node::CAInfo "\/etc\/fjord\/mirror-ca\.crt";\n$/);
    assert.equal(renderAptCa({ apt: mirrors.apt, images: [] }), "");
    const plain = { ...mirrors.apt.kubernetes, url: "http://mirror.osl.node/" };
    assert.equal(renderAptCa({ ...mirrors, apt: { kubernetes: plain, containerd: plain } }), "");
});

test("every locked package is asked for at its exact version", () => {
    assert.deepEqual(
        [...pinnedPackages(exampleLock)].sort(),
        Object.entries(exampleLock.packages)
            .map(([name, version]) => `${name}=${version}`)
            .sort(),
    );
});
