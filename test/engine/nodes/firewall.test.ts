import assert from "node:assert/strict";
import { ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FirewallSettings, renderFirewall } from "../../../components/nodes/firewall";
import { firewallUnit } from "../../../components/nodes/firewall-unit";
import { firewallStep } from "../../../components/nodes/steps";
import { renderScript, ScriptExit, ScriptMode } from "../../../components/remote/script";
import { seconds } from "../../../infra/config/types";
import { examplePlan } from "../../unit/nodes/example";

/** Folders of a node that are written to; each is bound over the real one in a mount namespace of its own. */
const folders = ["/usr/local/sbin", "/etc/systemd/system", "/etc/fjord", "/var/lib/fjord", "/var/log/fjord", "/run/fjord"];

/** The SSH server, and systemd: a unit that is started loads the table, one that is active stays as it is. */
const tools: Readonly<Record<string, string>> = {
    sshd: "echo port 22",
    systemctl: `case $1 in
        is-*) [[ -e /etc/fjord/active ]] ;;
        start) touch /etc/fjord/active; nft -f /etc/fjord/firewall.nft ;;
        enable | daemon-reload) ;;
        *) exit 1 ;;
    esac`,
};

/** The machine itself, and who asks it: a control plane, a worker, and one that never was of the region. */
const own = "10.99.0.1";
const addresses = { controlPlane: "10.99.0.12", worker: "10.99.0.22", stranger: "10.99.0.99" } as const;
type Who = keyof typeof addresses;

const all: FirewallSettings = {
    holder: { role: "control-plane", ingress: false },
    ports: { loadBalancerPort: 7443, httpPort: 80, httpsPort: 443 },
    nodes: [
        { nodeAddress: own, role: "control-plane" },
        { nodeAddress: addresses.controlPlane, role: "control-plane" },
        { nodeAddress: "10.99.0.13", role: "control-plane" },
        { nodeAddress: addresses.worker, role: "worker" },
    ],
    podCidr: "10.244.0.0/16",
    sshFrom: ["192.0.2.0/24"],
    leavingFor: seconds(3600),
};

const without = (settings: FirewallSettings, ...gone: readonly Who[]): FirewallSettings => ({
    ...settings,
    nodes: settings.nodes.filter(({ nodeAddress }) => !gone.some((who) => addresses[who] === nodeAddress)),
});

/** A process that holds namespaces; they end with its input. */
async function hold(t: TestContext, flags: readonly string[], line: string): Promise<ChildProcess> {
    const holder = spawn("unshare", [...flags, "bash", "-c", `set -e; ${line}; echo ready; read -r || true`], { stdio: "pipe" });
    let words = "";
    holder.stderr.on("data", (data: Buffer) => (words += String(data)));
    t.after(() => holder.stdin.end());
    const [first] = await Promise.race([once(holder.stdout, "data"), once(holder, "close")]);
    assert.ok(first instanceof Buffer, `namespaces could not be made (they need root): ${words}`);
    return holder;
}

class Node {
    private constructor(
        private readonly machine: ChildProcess,
        private readonly others: ChildProcess,
    ) {}

    /** A machine with folders, tools and a network of its own, and a wire to the others. */
    static async make(t: TestContext): Promise<Node> {
        const root = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-firewall-"));
        t.after(() => fs.rmSync(root, { recursive: true, force: true }));
        folders.forEach((folder) => fs.mkdirSync(path.join(root, folder), { recursive: true }));
        for (const [name, body] of Object.entries(tools)) {
            fs.writeFileSync(path.join(root, "/usr/local/sbin", name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
        }
        const binds = folders.map((folder) => `mkdir -p ${folder}; mount --bind ${path.join(root, folder)} ${folder}`);
        const others = await hold(t, ["--net"], "true");
        const wire = `ip link add wire type veth peer name wire netns ${others.pid}; ip addr add ${own}/24 dev wire; ip link set wire up`;
        const machine = await hold(t, ["--mount", "--propagation", "private", "--net"], [...binds, wire].join("; "));
        const node = new Node(machine, others);
        node.inside(
            others,
            `${Object.values(addresses).map((address) => `ip addr add ${address}/24 dev wire`).join("; ")}; ip link set wire up`,
        );
        return node;
    }

    private inside(holder: ChildProcess, line: string, input = ""): { code: number | null; stdout: string; stderr: string } {
        const { status, stdout, stderr } = spawnSync(
            "nsenter",
            ["--target", String(holder.pid), "--mount", "--net", "--", "bash", "-c", line],
            { input, encoding: "utf8", timeout: 60_000 },
        );
        return { code: status, stdout, stderr };
    }

    run(line: string): string {
        const { code, stdout, stderr } = this.inside(this.machine, line);
        assert.equal(code, 0, `${line}: ${stderr}`);
        return stdout;
    }

    firewall(settings: FirewallSettings, mode: ScriptMode = "apply"): number | null {
        const { script, params, timeout: _, ...step } = firewallStep(examplePlan("cp-01"));
        const text = renderScript({
            ...{ ...step, file: script, node: "cp-01", step: "firewall", mode },
            params: { ...params, RULESET: renderFirewall(settings) },
        });
        const { code, stderr } = this.inside(this.machine, "unset SSH_CONNECTION; exec env -u SSH_CONNECTION bash -s", text);
        assert.ok(code === ScriptExit.ok || code === ScriptExit.drift, stderr);
        return code;
    }

    /** Whether a packet to a port comes in. Nothing listens there: what comes in is refused at once, what is dropped is not. */
    letsIn(who: Who, port: number): boolean {
        const dial = `
            use IO::Socket::INET;
            my $socket = IO::Socket::INET->new(LocalAddr => $ARGV[0], PeerAddr => "${own}", PeerPort => $ARGV[1], Timeout => 0.5);
            print $socket || $!{ECONNREFUSED} ? "in" : "dropped";`;
        const { stdout, stderr } = this.inside(this.others, `perl -MErrno -e '${dial}' ${addresses[who]} ${port}`);
        assert.match(stdout, /^(in|dropped)$/, stderr);
        return stdout === "in";
    }

    /** The addresses that are let in for a while, each with what is left of its time in seconds. */
    leaving(set: "nodes" | "control_planes"): Readonly<Record<string, number>> {
        const listing = JSON.parse(this.run(`nft -j list set inet fjord ${set}_leaving`)) as {
            nftables: { set?: { elem?: { elem: { val: string; expires: number } }[] } }[];
        };
        const elements = listing.nftables.flatMap((entry) => entry.set?.elem ?? []);
        return Object.fromEntries(elements.map(({ elem }) => [elem.val, elem.expires]));
    }
}

const kubelet = 10250;
const etcd = 2380;

test("who is taken out is let in until its time is over, and no step has to follow", async (t) => {
    const node = await Node.make(t);
    const brief = { ...all, leavingFor: seconds(6) };
    node.firewall(brief);
    assert.deepEqual([node.letsIn("worker", kubelet), node.letsIn("worker", etcd), node.letsIn("stranger", kubelet)], [true, false, false]);
    assert.equal(node.letsIn("controlPlane", etcd), true);

    node.firewall(without(brief, "worker", "controlPlane"));
    const until = Date.now() + 6000;
    assert.deepEqual(
        [node.letsIn("worker", kubelet), node.letsIn("worker", etcd), node.letsIn("stranger", kubelet)],
        [true, false, false],
        "as before, and nobody else",
    );
    assert.deepEqual([node.letsIn("controlPlane", etcd), node.letsIn("controlPlane", kubelet)], [true, true]);
    assert.equal(node.firewall(without(brief, "worker", "controlPlane"), "check"), ScriptExit.ok, "no drift while they are there");

    await sleep(until + 500 - Date.now());
    for (const [who, port] of [["worker", kubelet], ["controlPlane", kubelet], ["controlPlane", etcd]] as const) {
        assert.equal(node.letsIn(who, port), false, `${who} ${port}`);
    }
    assert.equal(node.firewall(without(brief, "worker", "controlPlane"), "check"), ScriptExit.ok, "no drift when they have gone");
});

test("a later run does not give more time, and one that changes something else takes none away", async (t) => {
    const node = await Node.make(t);
    node.firewall(all);
    assert.deepEqual(node.leaving("nodes"), {}, "a first run takes nobody out");
    const first = without(all, "worker");
    node.firewall(first);
    node.run(`nft delete element inet fjord nodes_leaving { ${addresses.worker} }`);
    node.run(`nft add element inet fjord nodes_leaving { ${addresses.worker} expires 100s }`);
    assert.equal(node.firewall(first, "check"), ScriptExit.ok);
    node.firewall(first);
    assert.ok(node.leaving("nodes")[addresses.worker]! <= 100, "a second run changes nothing");

    const second = without(first, "controlPlane");
    node.firewall(second);
    const left = node.leaving("nodes");
    assert.deepEqual(Object.keys(left).sort(), [addresses.controlPlane, addresses.worker].sort());
    assert.ok(left[addresses.worker]! <= 100 && left[addresses.worker]! > 50, JSON.stringify(left));
    assert.ok(left[addresses.controlPlane]! > 3500, JSON.stringify(left));
    assert.deepEqual(Object.keys(node.leaving("control_planes")), [addresses.controlPlane]);

    // A run that ended before it wrote the file, and a time that is shorter than what is left.
    node.run("sed -i s/10.244.0.0/10.245.0.0/ /etc/fjord/firewall.nft");
    node.firewall({ ...second, leavingFor: seconds(80) });
    assert.ok(Object.values(node.leaving("nodes")).every((rest) => rest <= 3600));
    assert.deepEqual(Object.keys(node.leaving("nodes")).sort(), [addresses.controlPlane, addresses.worker].sort());
});

test("a unit that is started loads the file anew, and those that leave are still let in", async (t) => {
    const node = await Node.make(t);
    node.firewall(all);
    node.run("rm /etc/fjord/active");
    node.firewall(without(all, "worker"));
    assert.deepEqual(Object.keys(node.leaving("nodes")), [addresses.worker]);
    assert.equal(node.firewall(without(all, "worker"), "check"), ScriptExit.ok);
});

test("an address that somebody put in for good is drift, and the next run takes it out", async (t) => {
    const node = await Node.make(t);
    node.firewall(all);
    node.run(`nft add element inet fjord nodes_leaving { ${addresses.stranger} timeout 100d }`);
    assert.equal(node.letsIn("stranger", kubelet), true);
    assert.equal(node.firewall(all, "check"), ScriptExit.drift);
    node.firewall(all);
    assert.equal(node.letsIn("stranger", kubelet), false);
    assert.equal(node.firewall(all, "check"), ScriptExit.ok);
});

test("systemd knows every line of the unit", (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-unit-"));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, "fjord-firewall.service");
    fs.writeFileSync(file, firewallUnit);
    const { error, status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    assert.equal(error, undefined, "install systemd: apt-get install systemd");
    assert.deepEqual([status, stderr.split("\n").filter((line) => line.includes("fjord-firewall"))], [0, []]);
});
