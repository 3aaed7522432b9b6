import assert from "node:assert/strict";
import { test } from "node:test";
import { fixedPorts } from "../../../components/nodes/ports";
import { platformNamespaces } from "../../../components/platform/namespaces";
import { accessPort } from "../../../infra/config/defaults";
import { loadStackConfig } from "../../../infra/config/load";
import { ExistingMachine, RegionConfig } from "../../../infra/config/types";
import { directory, Config, fromFile, loaded, problems, raw, region, set } from "./fixtures";

function regionOf(config: Config): RegionConfig {
    const result = loaded(config);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.config.kind, "region");
    return result.config as RegionConfig;
}

test("the example region loads, with every default filled in", () => {
    const config = regionOf(region());
    assert.deepEqual(
        config.machines.map(({ name, role }) => `${name} ${role}`),
        [
            "cp-01 control-plane",
            "cp-02 control-plane",
            "cp-03 control-plane",
            "worker-01 worker",
            "worker-02 worker",
            "worker-03 worker",
        ],
    );
    assert.deepEqual(config.kubernetes, {
        version: "1.36.4",
        podCidr: "10.244.0.0/16",
        serviceCidr: "10.96.0.0/12",
        apiName: "api.osl.node",
        loadBalancerPort: 7443,
        accessPort: accessPort("no-oslo-1"),
        cgroupDriver: "systemd",
        failCgroupV1: true,
        ignorePreflightErrors: [],
        restrictOomScoreAdj: false,
        conntrackMaxPerCore: 32768,
        maxPods: 110,
        evictionHard: {
            "memory.available": "100Mi",
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": "15%",
            "imagefs.inodesFree": "5%",
        },
        drainTimeout: 120,
    });
    assert.deepEqual(config.preflight, {
        fdatasyncP99: { warn: 5, fail: 10 },
        steal: { warn: 3, fail: 10 },
        clockOffset: { warn: 100, fail: 1000 },
        otherFirewall: "fail",
    });
    assert.deepEqual(config.platform.ingress, { backlog: 32768, httpPort: 80, httpsPort: 443 });
    assert.equal(config.platform.reconciliation, 120);
    assert.equal(config.trustStack, "organization/fjord/trust");
    assert.equal(config.lock, "stacks/upstream.lock.json");
    assert.deepEqual(config.applications, [
        {
            name: "payment-service-prod",
            project: "payments",
            repository: "git@gitlab.com:nordic-corp/infra-manifests.git",
            revision: "HEAD",
            path: "k8s/overlays/production",
            namespace: "payment-prod",
            podSecurity: "restricted",
            prune: true,
            selfHeal: true,
        },
    ]);
    assert.equal(config.mirrors.apt.kubernetes.url, "https://pkgs.k8s.io/core:/stable:/v1.36/deb/");
    assert.match(config.mirrors.apt.kubernetes.key, /^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
    assert.deepEqual(config.mirrors.images, []);
});

test("a machine takes user, port, node address, plan and taints from what is written elsewhere", () => {
    const base = set(region(), ["ssh", "user"], "debian");
    const jump = { address: "192.0.2.1", hostKey: (base["machines"] as { hostKey: string }[])[0]!.hostKey };
    const [first, , third, worker] = regionOf(
        set(set(base, ["machines", 0, "jump"], jump), ["machines", 2, "taints"], []),
    ).machines;
    assert.deepEqual((first as ExistingMachine).ssh, {
        address: "10.20.0.11",
        port: 22,
        user: "debian",
        hostKey: jump.hostKey,
        jump: { ...jump, port: 22, user: "debian" },
    });
    assert.equal(first!.nodeAddress, "10.20.0.11");
    assert.deepEqual(first!.taints, [
        { key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" },
    ]);
    assert.deepEqual(third!.taints, []);
    assert.deepEqual([worker!.taints, worker!.plan, worker!.labels], [[], "nvme-16gb", {}]);
});

test("the name is the stack's where none is given, and the access port follows it", () => {
    const config = regionOf(set(region(), ["name"], undefined));
    assert.equal(config.name, "test");
    assert.equal(config.kubernetes.accessPort, accessPort("test"));
    assert.notEqual(accessPort("no-oslo-1"), accessPort("no-oslo-2"));
});

test("one, three and five control planes are right; every other number says why not", () => {
    const withControlPlanes = (count: number) => {
        const machines = (region()["machines"] as Config[]).map((machine, index) => ({
            ...machine,
            role: index < count ? "control-plane" : "worker",
        }));
        return { ...region(), machines };
    };
    for (const count of [1, 3, 5]) {
        assert.deepEqual(problems(withControlPlanes(count)), []);
    }
    assert.deepEqual(problems(withControlPlanes(0)), [
        "fjord:machines: has 0 control planes: a cluster has at least one",
    ]);
    assert.match(
        problems(withControlPlanes(2)).join(),
        /has 2 control planes: etcd needs a majority: 2 members survive the loss of 0, as 1 do/,
    );
    assert.match(problems(withControlPlanes(4)).join(), /4 members survive the loss of 1, as 3 do/);
    assert.match(problems(withControlPlanes(6)).join(), /more than five only slow it down/);
});

test("a control plane that is out counts, and is no machine of the region until it is back", () => {
    const out = (...indexes: number[]) =>
        indexes.reduce<Config>((config, index) => set(config, ["machines", index, "out"], true), region());
    const all = (region()["machines"] as Config[]).map(({ name }) => name);
    assert.deepEqual(
        regionOf(out(0)).machines.map(({ name }) => name),
        all.slice(1),
    );
    assert.deepEqual(problems(out(0, 1, 2)), ["fjord:machines: has no control plane that is not out"]);
    assert.match(problems(out(...all.keys())).join(), /has no machine on which applications may run/);
});

test("without a worker applications have nowhere to run, unless a control plane is untainted", () => {
    const three = { ...region(), machines: (region()["machines"] as Config[]).slice(0, 3) };
    assert.match(problems(three).join(), /has no machine on which applications may run/);
    assert.deepEqual(problems(set(three, ["machines", 1, "taints"], [])), []);
});

test("ranges that overlap, or are too small for the machines, are refused", () => {
    assert.match(
        problems(set(region(), ["kubernetes", "podCidr"], "10.100.0.0/16")).join(),
        /10.100.0.0\/16 overlaps serviceCidr 10.96.0.0\/12/,
    );
    assert.match(
        problems(set(region(), ["kubernetes", "podCidr"], "10.244.0.0/22")).join(),
        /has a \/24 for 4 nodes, and there are 6 machines/,
    );
    assert.match(
        problems(set(region(), ["kubernetes", "serviceCidr"], "172.16.0.0/11")).join(),
        /outside \/12 to \/24/,
    );
    // A range that is no range says nothing about addresses, not even those of its default.
    const broken = set(set(region(), ["kubernetes", "serviceCidr"], "10.96"), ["hosts", "git.osl.node"], "10.96.0.9");
    assert.deepEqual(problems(broken), ['fjord:kubernetes.serviceCidr: "10.96" is not an IPv4 range in CIDR form']);
});

test("no setting takes a port that something else of the platform listens on", () => {
    const at = (port: number): string[] => problems(set(region(), ["kubernetes", "loadBalancerPort"], port));
    for (const { listener, protocol, first, last } of fixedPorts) {
        for (const port of [first, last]) {
            const expected = `fjord:kubernetes.loadBalancerPort: ${port} is the port of ${listener} on the same node`;
            assert.deepEqual(at(port), protocol === "tcp" ? [expected] : []);
        }
    }
    for (const port of [22, 80, 443, 30000, 32767]) {
        assert.equal(at(port).length, 1, String(port));
    }
    assert.deepEqual(at(7444), []);
});

test("SSH from anywhere has to be asked for", () => {
    const open = set(region(), ["ssh", "allowFrom"], ["0.0.0.0/0"]);
    assert.match(problems(open).join(), /whole internet/);
    assert.deepEqual(problems(set(open, ["ssh", "allowFromAnywhere"], true)), []);
    assert.match(problems(set(region(), ["ssh", "allowFrom"], [])).join(), /fjord:ssh.allowFrom: has 0 entries/);
});

test("applications of one namespace hold its pods to one standard", () => {
    const [first] = region()["applications"] as [Config];
    const two = (...levels: readonly (string | undefined)[]) =>
        problems(
            set(
                region(),
                ["applications"],
                levels.map((podSecurity, index) => ({ ...first, name: `payments-${index}`, ...(podSecurity && { podSecurity }) })),
            ),
        );
    assert.deepEqual(two("baseline", undefined, "restricted", "baseline"), [
        'fjord:applications[1].podSecurity: "restricted" is not what fjord:applications[0] says of the same namespace, which is "baseline"',
        'fjord:applications[2].podSecurity: "restricted" is not what fjord:applications[0] says of the same namespace, which is "baseline"',
    ]);
    assert.deepEqual(two("restricted", undefined), []);
    assert.deepEqual(two("baseline", "baseline"), []);
    // What is no level is told once, and says nothing about the other.
    assert.deepEqual(two("baseline", "privileged").length, 1);
    const elsewhere = set(region(), ["applications", 1], { ...first, name: "b", namespace: "b" });
    assert.deepEqual(problems(set(elsewhere, ["applications", 0, "podSecurity"], "baseline")), []);
});

test("the Git host of every repository is known, on its own port", () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf";
    const unknown = set(region(), ["applications", 0, "repository"], "git@git.osl.node:a/b.git");
    assert.match(problems(unknown).join(), /the host key of git.osl.node is not in/);
    const onPort = set(region(), ["applications", 0, "repository"], "ssh://git@gitlab.com:2222/a/b.git");
    assert.match(problems(onPort).join(), /the host key of \[gitlab.com\]:2222 is not in/);
    assert.deepEqual(
        problems(set(onPort, ["platform", "gitHosts", 0, "knownHosts", 1], `[gitlab.com]:2222 ${key}`)),
        [],
    );
    const line = (text: string) => problems(set(region(), ["platform", "gitHosts", 0, "knownHosts", 1], text)).join();
    assert.match(line(`github.com ${key}`), /is a line for github.com/);
    assert.match(line(`|1|abc=|def= ${key}`), /is hashed/);
    assert.match(line(`* ${key}`), /pattern/);
    assert.match(line("gitlab.com ssh-ed25519 AAAA"), /cut short/);
});

test("a machine is not its own jump host, and a jump has no jump", () => {
    const { address, hostKey } = (region()["machines"] as { address: string; hostKey: string }[])[0]!;
    assert.match(
        problems(set(region(), ["machines", 0, "jump"], { address, hostKey })).join(),
        /is the machine itself/,
    );
    const nested = { address: "192.0.2.1", hostKey, jump: { address: "192.0.2.2", hostKey } };
    assert.match(
        problems(set(region(), ["machines", 0, "jump"], nested)).join(),
        /fjord:machines\[0\].jump.jump: is not a key/,
    );
});

test("without a kind the rest is checked as what it looks like", () => {
    assert.deepEqual(problems(set(set(region(), ["kind"], undefined), ["domain"], "x")), [
        'fjord:domain: "x" is not a DNS domain of two labels or more',
        "fjord:kind: is missing",
    ]);
    assert.deepEqual(problems({ kind: "turst", organization: "x", sealingKeys: [{ name: "k", state: "active" }] }), [
        'fjord:kind: is "turst"',
    ]);
});

test("a text where YAML belongs, and a key of another namespace", () => {
    const map = { ...raw(region()), "fjord:hosts": "mirror=10.0.0.1", "pulumi:disable-default-providers": '["*"]' };
    const result = loadStackConfig(map, { stack: "test", directory });
    assert.deepEqual(result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`), [
        "fjord:hosts: is a plain text where a mapping or list belongs",
    ]);
});

test("values of secret keys are not quoted", () => {
    const map = raw(set(fromFile("trust"), ["sealingKeys", 0, "state"], "hunter2"));
    const hidden = loadStackConfig(map, { stack: "trust", directory, secretKeys: ["fjord:sealingKeys"] });
    assert.ok(!hidden.ok && !JSON.stringify(hidden).includes("hunter2"));
    const open = loadStackConfig(map, { stack: "trust", directory });
    assert.ok(!open.ok && JSON.stringify(open).includes("hunter2"));
});

test("no application may go to a namespace of Kubernetes or the platform, and the config says so with its path", () => {
    for (const namespace of [...Object.values(platformNamespaces), "default", "kube-system", "kube-flannel", "kube-own"]) {
        assert.deepEqual(problems(set(region(), ["applications", 0, "namespace"], namespace)), [
            `fjord:applications[0].namespace: "${namespace}" belongs to the platform: who writes there controls the cluster`,
        ]);
    }
    assert.deepEqual(problems(set(region(), ["applications", 0, "namespace"], "kubecost")), []);
});
