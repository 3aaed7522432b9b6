import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { defaultMachines, hostNumber, hypervisorNumber, labHosts, labNode, labServers, planLab } from "../../../lab/plan";

const labName = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const range = fc
    .tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255))
    .map((parts) => `${parts.join(".")}.0/24`);
const machines = fc.uniqueArray(
    fc.oneof(
        fc.integer({ min: 1, max: 9 }).map((n) => `cp-0${n}`),
        fc.integer({ min: 1, max: 79 }).map((n) => `worker-${String(n).padStart(2, "0")}`),
    ),
    { minLength: 1, maxLength: 20 },
);

test("the default lab has three control planes and two workers", () => {
    const lab = planLab({ labsDir: "/cache/labs" });
    assert.deepEqual(
        lab.nodes.map((node) => node.name),
        defaultMachines,
    );
    assert.deepEqual(
        [
            lab.dir,
            lab.bridge,
            lab.gateway,
            lab.services.dns,
            lab.services.git,
            lab.nodes[0]?.address,
            lab.nodes[4]?.address,
        ],
        ["/cache/labs/lab", "fj-lab", "10.77.0.1", "10.77.0.2", "10.77.0.6", "10.77.0.11", "10.77.0.22"],
    );
    assert.deepEqual(labNode(lab, "worker-02.lab.node").role, "worker");
    assert.equal(labHosts(lab)["registry.lab.node"], "10.77.0.3");
});

test("names of interfaces fit the kernel, and every name and address is used once", () => {
    fc.assert(
        fc.property(labName, range, machines, (name, cidr, list) => {
            const lab = planLab({ name, range: cidr, machines: list, labsDir: "/l" });
            const links = [lab.bridge, lab.servicesLink, ...lab.nodes.map((node) => node.link)];
            assert.ok(
                links.every((link) => link.length <= 15),
                links.join(),
            );
            const unique = (values: readonly string[]): void => assert.equal(new Set(values).size, values.length);
            unique(links);
            unique([lab.servicesNetns, ...lab.nodes.map((node) => node.machine)]);
            unique([lab.gateway, ...Object.values(lab.services), ...lab.nodes.map((node) => node.address)]);
            unique(lab.nodes.map((node) => node.mac));
            assert.ok(
                lab.nodes.every(
                    (node) =>
                        node.address.startsWith(cidr.replace("0/24", "")) && /^(02)(:[0-9a-f]{2}){5}$/.test(node.mac),
                ),
            );
        }),
    );
});

test("two labs share nothing", () => {
    fc.assert(
        fc.property(labName, labName, range, range, (one, other, first, second) => {
            fc.pre(one !== other && first !== second);
            const names = (name: string, cidr: string): string[] => {
                const lab = planLab({ name, range: cidr, labsDir: "/l" });
                return [
                    lab.dir,
                    lab.bridge,
                    lab.gateway,
                    lab.servicesNetns,
                    lab.servicesLink,
                    lab.cgroup,
                    ...lab.nodes.flatMap((n) => [n.machine, n.link, n.address, n.mac, n.dir]),
                ];
            };
            const taken = new Set(names(one, first));
            assert.deepEqual(
                names(other, second).filter((name) => taken.has(name)),
                [],
            );
        }),
    );
});

test("hypervisors are made only where they are asked for, beside the machines and not among them", () => {
    assert.deepEqual(planLab({ labsDir: "/l" }).hypervisors, []);
    const lab = planLab({ labsDir: "/l", machines: ["cp-01"], hypervisors: ["hv-01", "hv-02"] });
    assert.deepEqual(
        lab.nodes.map(({ name }) => name),
        ["cp-01"],
    );
    assert.deepEqual(
        lab.hypervisors.map(({ name, role, address, link }) => [name, role, address, link]),
        [
            ["hv-01", "hypervisor", "10.77.0.201", "fj-lab-201"],
            ["hv-02", "hypervisor", "10.77.0.202", "fj-lab-202"],
        ],
    );
    assert.equal(labNode(lab, "hv-02").mac, "02:00:0a:4d:00:ca");
    assert.equal(labHosts(lab)["hv-01.lab.node"], "10.77.0.201");
});

test("no hypervisor has the address of a machine, or of a guest that is one", () => {
    const machinesThere = [...Array(9).keys()].map((n) => `cp-0${n + 1}`);
    const workers = [...Array(79).keys()].map((n) => `worker-${String(n + 1).padStart(2, "0")}`);
    const hypervisors = [...Array(9).keys()].map((n) => `hv-0${n + 1}`);
    const lab = planLab({ name: "maximum1", machines: [...machinesThere, ...workers], hypervisors, labsDir: "/l" });
    const servers = labServers(lab);
    assert.equal(servers.length, 97);
    for (const of of ["address", "mac", "machine", "link", "dir"] as const) {
        assert.equal(new Set(servers.map((server) => server[of])).size, 97, of);
    }
    assert.ok(servers.every(({ link }) => link.length <= 15));
});

test("a machine keeps its address when others come and go", () => {
    fc.assert(
        fc.property(machines, machines, (before, after) => {
            const addresses = (list: readonly string[]): Map<string, string> =>
                new Map(planLab({ machines: list, labsDir: "/l" }).nodes.map((n) => [n.name, n.address]));
            const then = addresses(before);
            for (const [name, address] of addresses(after)) {
                assert.equal(then.get(name) ?? address, address);
            }
        }),
    );
});

test("what cannot be a lab is refused, with what would be right", () => {
    const plan =
        (inputs: object): (() => unknown) =>
        () =>
            planLab({ labsDir: "/l", ...inputs });
    assert.throws(plan({ name: "Lab" }), /"Lab" is not a name for a lab: use 1 to 8/);
    assert.throws(plan({ name: "toolonglab" }), /1 to 8/);
    assert.throws(plan({ range: "10.77.0.0/16" }), /"10.77.0.0\/16" is not a range for a lab: use a private \/24/);
    assert.throws(plan({ range: "10.300.0.0/24" }), /is not a range/);
    assert.throws(plan({ range: "127.0.0.0/24" }), /is not a range/);
    assert.throws(plan({ machines: ["cp-01", "cp-01"] }), /"cp-01" is listed twice/);
    assert.throws(() => hostNumber("db-01"), /use cp-01 to cp-09 or worker-01 to worker-79/);
    assert.throws(plan({ machines: ["cp-01"], hypervisors: ["hv-01", "hv-01"] }), /"hv-01" is listed twice/);
    assert.throws(plan({ machines: ["hv-01"] }), /"hv-01" is not a machine of a lab/);
    assert.throws(() => hypervisorNumber("worker-01"), /"worker-01" is not a hypervisor of a lab: use hv-01 to hv-09/);
    assert.throws(() => hypervisorNumber("hv-10"), /use hv-01 to hv-09/);
    assert.throws(() => hypervisorNumber("hv-00"), /use hv-01 to hv-09/);
    assert.throws(() => hostNumber("cp-10"), /cp-01 to cp-09/);
    assert.throws(() => hostNumber("worker-00"), /worker-01/);
    assert.throws(() => labNode(planLab({ labsDir: "/l" }), "cp-09"), /has no machine "cp-09"; it has cp-01, cp-02/);
});
