import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../components/cluster/cluster";
import { flannelObjects } from "../../components/cluster/flannel";
import { connectionTo } from "../../components/machines/connection";
import { Machine } from "../../components/machines/machine";
import { ImageName, Lock, LockedImage } from "../../infra/config/lock";
import { RegionConfig } from "../../infra/config/types";
import { kubernetes, machine } from "../unit/cluster/fixtures";

/** A resource as its constructor asked for it. */
interface Asked {
    readonly type: string;
    readonly props: Record<string, unknown>;
    readonly dependsOn: readonly pulumi.Resource[];
    readonly ignoreChanges: readonly string[];
    readonly parent?: pulumi.Resource;
    readonly resource: pulumi.Resource;
}

const asked = new Map<string, Asked>();
const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-graph-"));

const imageNames: readonly ImageName[] = ["etcd", "coredns", "flannel", "flannel-cni-plugin"];
const images = Object.fromEntries(
    imageNames.map((name): [ImageName, LockedImage] => [
        name,
        { name: `registry.k8s.io/${name}`, tag: "v1", digest: `sha256:${name}` },
    ]),
) as Lock["images"];
const lock: Lock = {
    source: "upstream",
    packages: {
        "containerd.io": "2",
        kubelet: "1.36.4-1.1",
        kubeadm: "1.36.4-1.1",
        kubectl: "1.36.4-1.1",
        "kubernetes-cni": "1",
        "cri-tools": "1",
    },
    images,
    files: {
        "argocd-manifest": { url: "", path: "", sha256: "" },
        "sealed-secrets-crd": { url: "", path: "", sha256: "" },
    },
};

const members = [
    machine("cp-01", "control-plane", 11),
    machine("cp-02", "control-plane", 12),
    machine("cp-03", "control-plane", 13),
    machine("worker-01", "worker", 21),
    machine("worker-02", "worker", 22),
];
const machines: Machine[] = members.map((member) => ({
    ...member,
    plan: "nvme-16gb",
    operator: connectionTo(member.ssh, { kind: "agent" }),
    connection: connectionTo(member.ssh, { kind: "key", privateKey: pulumi.secret("k") }),
}));
const config = {
    kind: "region",
    name: "no-oslo-1",
    domain: "osl.node",
    ssh: { allowFrom: [] },
    machines: members.map((member) => ({ ...member, kind: "existing" as const, plan: "nvme-16gb" })),
    kubernetes,
} as unknown as RegionConfig;

let cluster: Cluster;
let nodes: Map<string, { prepared: pulumi.Resource; ready: pulumi.Resource }>;
const previousHome = process.env["FJORD_HOME"];

const note: pulumi.ResourceTransformation = ({ type, name, props, opts, resource }) => {
    const dependsOn = (opts.dependsOn ?? []) as pulumi.Resource[];
    asked.set(name, {
        type,
        props: props as Record<string, unknown>,
        dependsOn,
        ignoreChanges: opts.ignoreChanges ?? [],
        ...(opts.parent ? { parent: opts.parent } : {}),
        resource,
    });
    return undefined;
};

function resource(name: string): Asked {
    const found = asked.get(name);
    assert.ok(found, `no resource is named ${name}: ${[...asked.keys()].join(", ")}`);
    return found;
}

const value = <T>(output: pulumi.Output<T>): Promise<T> =>
    new Promise((resolve) => output.apply((result) => resolve(result)));

before(async () => {
    process.env["FJORD_HOME"] = home;
    await pulumi.runtime.setMocks({
        call: () => ({}),
        newResource: ({ type, name, inputs }) => ({
            id: name,
            state: type === "command:local:Command" ? { ...inputs, stdout: "CA" } : inputs,
        }),
    });
    nodes = new Map(
        members.map(({ name }) => [
            name,
            {
                prepared: new pulumi.ComponentResource("test:Node", `prepared-${name}`),
                ready: new pulumi.ComponentResource("test:Node", `node-${name}`),
            },
        ]),
    );
    // Plain on purpose: the component must make them secret by itself.
    const keys = { stackKey: "the stack key", encryptionKey: "the etcd key" };
    cluster = new Cluster("region-cluster", { config, lock, machines, nodes, ...keys }, { transformations: [note] });
    const provider = new k8s.Provider("kubernetes", { kubeconfig: cluster.kubeconfig });
    cluster.network(provider);
    await value(cluster.kubeconfig);
});

after(() => {
    fs.rmSync(home, { recursive: true, force: true });
    process.env["FJORD_HOME"] = previousHome;
});

const local = "command:local:Command";
const prepared = (name: string): pulumi.Resource => nodes.get(name)?.prepared as pulumi.Resource;
const ready = (name: string): pulumi.Resource => nodes.get(name)?.ready as pulumi.Resource;

test("one step begins the cluster, as soon as the first control plane is prepared; two let each machine join and leave", () => {
    const steps = [...asked].filter(([, { type }]) => type === local).map(([name]) => name);
    assert.deepEqual(steps, [
        "region-cluster-init",
        ...members.flatMap(({ name }) => [`region-cluster-${name}-leave`, `region-cluster-${name}`]),
    ]);
    assert.deepEqual(resource("region-cluster-init").dependsOn, [prepared("cp-01")]);
    for (const name of steps) {
        assert.equal(resource(name).parent, cluster);
    }
});

const dependsOn = (name: string) => resource(`region-cluster-${name}`).dependsOn;
const step = (name: string) => resource(`region-cluster-${name}`).resource;

test("machines join once the cluster has begun, none after another; each can leave before it joins", () => {
    assert.deepEqual(dependsOn("cp-01"), [step("init"), step("cp-01-leave")]);
    assert.deepEqual(dependsOn("cp-02"), [step("init"), step("cp-02-leave")]);
    assert.deepEqual(dependsOn("cp-03"), [step("init"), step("cp-03-leave")]);
    assert.deepEqual(dependsOn("worker-01"), [step("init"), step("worker-01-leave")]);
    assert.deepEqual(dependsOn("worker-02"), [step("init"), step("worker-02-leave")]);
    assert.equal(cluster.begun, step("init"));
    assert.deepEqual([...cluster.members], members.map(({ name }) => [name, step(name)]));
});

test("machines leave in the other order, before they are given back, and what depends on it waits for no join", () => {
    assert.deepEqual(dependsOn("cp-01-leave"), [ready("cp-01")]);
    assert.deepEqual(dependsOn("cp-02-leave"), [step("cp-01-leave"), ready("cp-02")]);
    assert.deepEqual(dependsOn("cp-03-leave"), [step("cp-02-leave"), ready("cp-03")]);
    assert.deepEqual(dependsOn("worker-01-leave"), [step("cp-01-leave"), ready("worker-01")]);
    assert.deepEqual(dependsOn("worker-02-leave"), [step("cp-01-leave"), ready("worker-02")]);
    assert.equal(cluster.firstLeaves, step("cp-01-leave"));
    assert.deepEqual(cluster.workersLeave, ["worker-01-leave", "worker-02-leave"].map(step));
});

test("keys pass on stdin only, as a secret; command lines hold neither secrets nor paths of this computer", async () => {
    for (const [name, { type, props }] of asked) {
        if (type !== local) {
            continue;
        }
        const stdin = props["stdin"] as pulumi.Output<string>;
        assert.equal(await pulumi.isSecret(stdin), true, name);
        assert.equal(props["logging"], name.endsWith("-leave") ? "stderr" : "none", name);
        assert.equal(props["dir"], "..");
        const input = JSON.parse(await value(stdin)) as Record<string, unknown>;
        assert.equal(input["privateKey"], "the stack key");
        const rest = JSON.stringify({
            create: props["create"],
            delete: props["delete"],
            environment: props["environment"],
        });
        assert.ok(!rest.includes("key") && !rest.includes(process.cwd()), rest);
    }
    const verb = (name: string) => `node --require tsx/cjs components/cluster/steps.ts ${name}`;
    const command = (name: string) => [resource(name).props["create"], resource(name).props["delete"]];
    assert.deepEqual(command("region-cluster-init"), [verb("init"), undefined]);
    assert.deepEqual(command("region-cluster-cp-01"), [verb("member"), undefined]);
    assert.deepEqual(command("region-cluster-cp-01-leave"), [":", verb("leave")]);
});

test("a cluster that has begun does not begin again with a change, every other step takes its input", () => {
    const ignoring = [...asked].filter(([, { ignoreChanges }]) => ignoreChanges.length > 0).map(([name]) => name);
    assert.deepEqual(ignoring, ["region-cluster-init"]);
    assert.deepEqual(resource("region-cluster-init").ignoreChanges, ["stdin"]);
});

test("the component publishes what policies look at", () => {
    const { props } = resource("region-cluster");
    assert.deepEqual(props["controlPlanes"], ["cp-01.osl.node", "cp-02.osl.node", "cp-03.osl.node"]);
    assert.deepEqual(props["encryption"], { resources: ["secrets"], providers: ["secretbox", "identity"] });
});

test("kubeconfig holds no secret and is on this computer for the operator", async () => {
    const text = await value(cluster.kubeconfig);
    assert.equal(await pulumi.isSecret(cluster.kubeconfig), false);
    assert.equal(fs.readFileSync(path.join(home, "no-oslo-1", "kubeconfig"), "utf8"), text);
});

test("flannel's objects go through the provider that was given, its DaemonSet last", () => {
    const names = [...asked.keys()].filter((name) => name.startsWith("region-cluster-network-"));
    assert.deepEqual(
        names.map((name) => resource(name).type),
        [
            "kubernetes:core/v1:Namespace",
            "kubernetes:core/v1:ServiceAccount",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
            "kubernetes:core/v1:ConfigMap",
            "kubernetes:apps/v1:DaemonSet",
        ],
    );
    const daemonSet = resource("region-cluster-network-daemonset");
    assert.ok(daemonSet.dependsOn.includes(resource("region-cluster-network-config").resource));
});

test("flannel runs pinned images, in the stack's network, with nftables, on every node", () => {
    const { daemonSet, config: map } = flannelObjects({ podCidr: "10.9.0.0/16", images: lock.images });
    const pod = daemonSet.spec.template.spec;
    for (const { image } of [...pod.initContainers, ...pod.containers]) {
        assert.match(image, /^registry\.k8s\.io\/flannel.*@sha256:/);
    }
    assert.deepEqual(JSON.parse(map.data["net-conf.json"]), {
        Network: "10.9.0.0/16",
        EnableNFTables: true,
        Backend: { Type: "vxlan" },
    });
    assert.deepEqual(pod.tolerations, [{ operator: "Exists", effect: "NoSchedule" }]);
    const volumes = new Set(pod.volumes.map(({ name }) => name));
    for (const container of [...pod.initContainers, ...pod.containers]) {
        assert.ok(container.volumeMounts.every(({ name }) => volumes.has(name)));
    }
});
