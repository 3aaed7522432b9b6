import assert from "node:assert/strict";
import { test } from "node:test";
import {
    configVersion,
    registryHosts,
    renderContainerdConfig,
    renderContainerdUnit,
} from "../../../components/nodes/containerd";
import { exampleLock, exampleRegion } from "./example";

const settings = {
    version: "2.3.7-1~debian.12~bookworm",
    cgroupDriver: "systemd",
    restrictOomScoreAdj: false,
    pause: exampleLock.images.pause,
} as const;

test("the configuration's version follows containerd's", () => {
    assert.equal(configVersion("2.3.7-1~debian.12~bookworm"), 4);
    assert.equal(configVersion("2.12.0-1"), 4);
    assert.equal(configVersion("2.2.1-1"), 3);
    assert.equal(configVersion("5:2.3.0-1"), 4);
    assert.throws(() => configVersion("1.7.27-1"), /containerd\.io 1\.7\.27-1 is not supported/);
});

test("the cgroup driver decides on SystemdCgroup", () => {
    assert.match(renderContainerdConfig(settings), /SystemdCgroup = true/);
    assert.match(renderContainerdConfig({ ...settings, cgroupDriver: "cgroupfs" }), /SystemdCgroup = false/);
});

test("the pause image is named by digest and without a tag, or containerd would not protect it", () => {
    assert.match(renderContainerdConfig(settings), /sandbox = "registry\.k8s\.io\/pause@sha256:0{64}"/);
});

test("a mirror replaces its registry; the private CA is named only where there is one", () => {
    const [file] = registryHosts(exampleRegion.mirrors.images, true);
    assert.equal(file?.registry, "registry.k8s.io");
    assert.match(file.content, /^server = "https:\/\/mirror\.osl\.node:5000"$/m);
    assert.match(file.content, /^ {2}ca = "\/etc\/fjord\/mirror-ca\.crt"$/m);
    assert.doesNotMatch(file.content, /"https:\/\/registry\.k8s\.io"/);
    assert.doesNotMatch(registryHosts(exampleRegion.mirrors.images, false)[0]?.content ?? "", /ca = /);
});

test("the unit has a limit of open files, and touches the OOM score only where it must", () => {
    assert.match(renderContainerdUnit(false), /^LimitNOFILE=65536:524288$/m);
    assert.doesNotMatch(renderContainerdUnit(false), /OOMScoreAdjust/);
    assert.match(renderContainerdUnit(true), /^OOMScoreAdjust=0$/m);
});
