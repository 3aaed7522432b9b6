import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FirewallSettings, renderFirewall } from "../../../components/nodes/firewall";
import { firewallUnit } from "../../../components/nodes/firewall-unit";
import { formatCidr, parseCidr } from "../../../infra/config/network";
import { seconds } from "../../../infra/config/types";

const octet = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
const cidr = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([base, prefix]) => `${base}/${prefix}`);
const port = fc.integer({ min: 1, max: 65535 });
const role = fc.constantFrom("control-plane" as const, "worker" as const);

const settings: fc.Arbitrary<FirewallSettings> = fc.record({
    holder: fc.record({ role, ingress: fc.boolean() }),
    ports: fc.record({ loadBalancerPort: port, httpPort: port, httpsPort: port }),
    nodes: fc.array(fc.record({ nodeAddress: address, role }), { minLength: 1, maxLength: 6 }),
    podCidr: cidr,
    sshFrom: fc.array(cidr, { maxLength: 5 }),
    leavingFor: fc.integer({ min: 1, max: 100_000 }).map(seconds),
});

/** Elements of one of the ruleset's sets. */
function elementsOf(ruleset: string, set: string): string[] {
    const body = ruleset.split(`    set ${set} {\n`)[1]?.split("\n    }")[0];
    const [, list] = /elements = \{ (.*) \}/.exec(body ?? "") ?? [];
    return (list ?? "").split(", ").filter(Boolean);
}

const canonical = (text: string): string => formatCidr(parseCidr(text.includes("/") ? text : `${text}/32`)!);

test("the ruleset touches its own table and nothing else", () => {
    fc.assert(
        fc.property(settings, (given) => {
            const ruleset = renderFirewall(given);
            assert.doesNotMatch(ruleset, /flush/);
            for (const [, table] of ruleset.matchAll(/^\s*(?:delete )?table (.*?)(?: \{)?$/gm)) {
                assert.equal(table, "inet fjord");
            }
        }),
    );
    assert.doesNotMatch(firewallUnit, /flush/);
});

test("every given address and CIDR is in its set, and no other", () => {
    fc.assert(
        fc.property(settings, (given) => {
            const ruleset = renderFirewall(given);
            const expected: Record<string, string[]> = {
                ssh_from: [...given.sshFrom],
                pods: [given.podCidr],
                nodes: given.nodes.map((node) => node.nodeAddress),
                control_planes: given.nodes
                    .filter((node) => node.role === "control-plane")
                    .map((node) => node.nodeAddress),
            };
            for (const [set, list] of Object.entries(expected)) {
                assert.deepEqual(elementsOf(ruleset, set).sort(), [...new Set(list.map(canonical))].sort(), set);
            }
        }),
    );
});

const example: FirewallSettings = {
    holder: { role: "control-plane", ingress: false },
    ports: { loadBalancerPort: 7443, httpPort: 80, httpsPort: 443 },
    nodes: [
        { nodeAddress: "10.0.0.11", role: "control-plane" },
        { nodeAddress: "10.0.0.21", role: "worker" },
    ],
    podCidr: "10.244.0.0/16",
    sshFrom: ["192.0.2.0/24"],
    leavingFor: seconds(1920),
};

/** Lines that accept a port. */
function accepting(ruleset: string, dport: string): string[] {
    return ruleset
        .split("\n")
        .filter((line) => line.includes(`dport ${dport} accept`))
        .map((line) => line.trim());
}

test("etcd is open to control planes, the API to nodes and pods, and to nobody else", () => {
    const ruleset = renderFirewall(example);
    assert.deepEqual(accepting(ruleset, "2379-2380"), [
        'ip saddr @control_planes tcp dport 2379-2380 accept comment "etcd"',
        'ip saddr @control_planes_leaving tcp dport 2379-2380 accept comment "etcd"',
    ]);
    assert.deepEqual(accepting(ruleset, "6443"), [
        'ip saddr @nodes tcp dport 6443 accept comment "kube-apiserver"',
        'ip saddr @nodes_leaving tcp dport 6443 accept comment "kube-apiserver"',
        'ip saddr @pods tcp dport 6443 accept comment "kube-apiserver"',
    ]);
    const worker = renderFirewall({ ...example, holder: { role: "worker", ingress: true } });
    assert.deepEqual(accepting(worker, "2379-2380"), []);
    assert.deepEqual(accepting(worker, "6443"), []);
    assert.deepEqual(accepting(worker, "443"), ['tcp dport 443 accept comment "ingress (https)"']);
});

test("what is not named is dropped, and nothing without a source but the ingress is accepted by port", () => {
    const ruleset = renderFirewall(example);
    assert.match(ruleset, /hook input priority filter - 5; policy drop;/);
    const open = ruleset.split("\n").filter((line) => /^\s*(tcp|udp) dport/.test(line));
    assert.deepEqual(open, []);
});

test("NodePorts are dropped before they are translated, but answers and the region's own nodes pass", () => {
    const [, chain] = /chain node_ports \{([\s\S]*?)\n {4}\}/.exec(renderFirewall(example)) ?? [];
    const lines = (chain ?? "")
        .trim()
        .split("\n")
        .map((line) => line.trim());
    assert.match(lines[0] ?? "", /hook prerouting priority mangle; policy accept;/);
    const drop = lines.findIndex((line) => line.includes("tcp dport 30000-32767 counter drop"));
    assert.ok(drop > 0);
    const passing = ["ct state established,related", "ip saddr @nodes", "ip saddr @nodes_leaving", "ip saddr @pods"];
    for (const rule of passing.map((source) => `${source} accept`)) {
        const index = lines.indexOf(rule);
        assert.ok(index > 0 && index < drop, `"${rule}" must come before the drop`);
    }
});

test("who leaves is let in where it was, but not to SSH, for a time after which the kernel forgets it", () => {
    const ruleset = renderFirewall(example);
    for (const set of ["nodes", "control_planes"]) {
        const rules = ruleset.split("\n").filter((line) => line.includes(`@${set} `) && !line.includes("SSH"));
        assert.ok(rules.length > 0);
        for (const rule of rules) {
            assert.ok(ruleset.includes(`${rule.replace(`@${set} `, `@${set}_leaving `)}\n`), rule);
        }
        assert.match(ruleset, new RegExp(`set ${set}_leaving \\{\n +typeof ip saddr\n +flags timeout\n +timeout 1920s\n +\\}`));
    }
    assert.doesNotMatch(ruleset, /leaving.*SSH/);
});

test("the table is loaded again after whatever flushes it: a boot, a restart and a reload of nftables", () => {
    for (const line of ["After=nftables.service", "PartOf=nftables.service", "ReloadPropagatedFrom=nftables.service"]) {
        assert.ok(firewallUnit.split("[Service]")[0]?.includes(`\n${line}\n`), line);
    }
    assert.equal(/^ExecReload=(.*)$/m.exec(firewallUnit)?.[1], /^ExecStart=(.*)$/m.exec(firewallUnit)?.[1]);
});

test("text that is no address is refused, so that nothing can be smuggled into the ruleset", () => {
    assert.throws(
        () => renderFirewall({ ...example, sshFrom: ["10.0.0.0/8 }; flush ruleset; #"] }),
        /is no IPv4 address or CIDR/,
    );
});

test("sets are declared so that an older nft than the machine's can list them", () => {
    const [given] = fc.sample(settings, 1);
    assert.ok(given);
    const ruleset = renderFirewall(given);
    assert.ok(/^ +set /m.test(ruleset));
    assert.doesNotMatch(ruleset, /^ +type ipv4_addr/m);
});
