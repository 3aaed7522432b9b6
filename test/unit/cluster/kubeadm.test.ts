import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { auditPolicy, encryptionConfiguration } from "../../../components/cluster/apiserver-files";
import {
    clusterConfiguration,
    initConfiguration,
    joinConfiguration,
    kubeletConfiguration,
    kubeProxyConfiguration,
    toYaml,
} from "../../../components/cluster/kubeadm";
import { settingsHash } from "../../../components/cluster/settings";
import { controlPlane, kubernetes, spec, worker } from "./fixtures";

interface Rendered {
    kind: string;
    controlPlaneEndpoint: string;
    apiServer: {
        certSANs: string[];
        extraArgs: { name: string; value: string }[];
        extraVolumes: { hostPath: string }[];
    };
    nodeRegistration: { name: string; taints: unknown; kubeletExtraArgs: unknown };
    controlPlane: unknown;
}

test("init has four documents that survive YAML", () => {
    const documents = initConfiguration(spec, controlPlane, "abcdef.0123456789abcdef");
    const read = loadAll(toYaml(documents)) as Rendered[];
    assert.deepEqual(read, JSON.parse(JSON.stringify(documents)));
    assert.deepEqual(
        read.map(({ kind }) => kind),
        ["InitConfiguration", "ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"],
    );
});

test("the API is found by name through each node's own load balancer, and its certificate holds where the tunnel ends", () => {
    const cluster = clusterConfiguration(spec) as unknown as Rendered;
    assert.equal(cluster.controlPlaneEndpoint, "api.osl.node:7443");
    assert.deepEqual(cluster.apiServer.certSANs, ["api.osl.node", "localhost", "127.0.0.1"]);
});

test("encryption and audit files lie inside a mounted folder", () => {
    const { apiServer } = clusterConfiguration(spec) as unknown as Rendered;
    const value = (name: string) => apiServer.extraArgs.find((arg) => arg.name === name)?.value ?? "";
    for (const name of ["encryption-provider-config", "audit-policy-file", "audit-log-path"]) {
        assert.ok(
            apiServer.extraVolumes.some(({ hostPath }) => value(name).startsWith(`${hostPath}/`)),
            name,
        );
    }
});

test("kubelets and API servers offer the same suites, which the certificates of kubeadm (RSA) can use", () => {
    const { apiServer } = clusterConfiguration(spec) as unknown as Rendered;
    const offered = apiServer.extraArgs.find(({ name }) => name === "tls-cipher-suites")?.value.split(",");
    assert.deepEqual(offered, kubeletConfiguration(kubernetes)["tlsCipherSuites"]);
    // HTTP/2 demands the first of them (RFC 9113, 9.2.2).
    assert.ok(offered?.includes("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
});

test("plugins that are named beside kubeadm's own do not take its place", () => {
    const { apiServer } = clusterConfiguration(spec) as unknown as Rendered;
    const plugins = apiServer.extraArgs.find(({ name }) => name === "enable-admission-plugins")?.value.split(",");
    assert.deepEqual(plugins, ["NodeRestriction", "DenyServiceExternalIPs"]);
});

test("a node is registered with the taints of its configuration and no others", () => {
    const registered = (documents: readonly unknown[]) => (documents[0] as Rendered).nodeRegistration;
    const tainted = { ...controlPlane, taints: worker.taints };
    assert.deepEqual(registered(initConfiguration(spec, tainted)).taints, [
        { key: "dedicated", value: "ingress", effect: "NoSchedule" },
    ]);
    const material = { token: "abcdef.0123456789abcdef", caCertHash: "sha256:00" };
    assert.deepEqual(registered(joinConfiguration(spec, { ...worker, taints: [] }, material)).taints, []);
    assert.equal((joinConfiguration(spec, worker, material)[0] as unknown as Rendered).controlPlane, undefined);
    assert.deepEqual((joinConfiguration(spec, controlPlane, material)[0] as unknown as Rendered).controlPlane, {
        localAPIEndpoint: { advertiseAddress: "10.0.0.11", bindPort: 6443 },
    });
});

test("kernel defaults are demanded only where the kernel is the node's own", () => {
    assert.equal(kubeletConfiguration(kubernetes)["protectKernelDefaults"], true);
    assert.equal(kubeletConfiguration({ ...kubernetes, cgroupDriver: "cgroupfs" })["protectKernelDefaults"], false);
});

test("conntrack at zero leaves the kernel's figures, floor included", () => {
    assert.deepEqual(kubeProxyConfiguration({ ...kubernetes, conntrackMaxPerCore: 0 })["conntrack"], {
        maxPerCore: 0,
        min: 0,
    });
    assert.deepEqual(kubeProxyConfiguration(kubernetes)["conntrack"], { maxPerCore: 32768, min: 131072 });
});

test("the encryption key must be one, and secrets are read back even if written before", () => {
    const key = Buffer.alloc(32, 7).toString("base64");
    assert.match(JSON.stringify(encryptionConfiguration(key)), /"secretbox".*"identity":\{\}/);
    assert.throws(() => encryptionConfiguration("c2hvcnQ="), /32 bytes/);
});

test("the audit log never holds a body of a Secret", () => {
    const rules = auditPolicy()["rules"] as { level: string; resources?: { group: string; resources: string[] }[] }[];
    const first = rules.find(
        ({ level, resources }) => level !== "None" && resources?.some((entry) => entry.resources.includes("secrets")),
    );
    assert.equal(first?.level, "Metadata");
    const wide = rules.findIndex(({ level }) => level === "Request" || level === "RequestResponse");
    assert.ok(rules.indexOf(first as (typeof rules)[number]) < wide);
});

test("the settings hash follows settings, and neither the version, nor where a region is reached, nor its machines", () => {
    const hash = settingsHash(spec);
    const changed = (change: Partial<typeof kubernetes>) =>
        settingsHash({ ...spec, kubernetes: { ...kubernetes, ...change } });
    assert.notEqual(changed({ maxPods: 200 }), hash);
    assert.notEqual(changed({ conntrackMaxPerCore: 0 }), hash);
    assert.equal(changed({ version: "1.36.5" }), hash);
    assert.equal(changed({ accessPort: 1 }), hash);
    const packaged = (packages: Partial<typeof spec.packages>) => settingsHash({ ...spec, packages: { ...spec.packages, ...packages } });
    assert.equal(packaged({ kubelet: "x", kubeadm: "x", kubectl: "x" }), hash, "versions of Kubernetes roll by another path");
    for (const name of ["containerd.io", "kubernetes-cni", "cri-tools"] as const) {
        assert.notEqual(packaged({ [name]: "x" }), hash, name);
    }
});
