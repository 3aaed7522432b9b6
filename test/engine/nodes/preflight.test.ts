import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { PreflightReport, parseReport } from "../../../components/nodes/preflight";
import { boundParams, Check, judge } from "../../../components/nodes/report";
import { preflightStep } from "../../../components/nodes/steps";
import { renderScript, ScriptExit, ScriptValue } from "../../../components/remote/script";
import { examplePlan } from "../../unit/nodes/example";
import { Outcome, PrivateRoot } from "../machines/private-root";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-preflight-"));
/** On a bridge without ports: packets leave, and no answer comes. */
const deaf = ["10.9.9.1", "10.9.9.2"];

let machine: PrivateRoot;
before(async () => {
    machine = await PrivateRoot.start();
    machine.run("ip link add br9 type bridge; ip addr add 10.9.9.9/24 dev br9; ip link set br9 up");
});
after(async () => {
    fs.rmSync(folder, { recursive: true });
    await machine?.stop();
});

function run(file: string, params: Readonly<Record<string, ScriptValue>>): Outcome {
    return machine.enter(["bash", "-s"], renderScript({ file, node: "cp-01", step: "preflight", mode: "apply", params }));
}

/** Measures without bounds, so that whatever runs the tests passes. */
function measure(name: "cp-01" | "worker-01", params: Readonly<Record<string, ScriptValue>> = {}): PreflightReport {
    const step = preflightStep(examplePlan(name));
    const { code, stdout, stderr } = run(step.script, { ...step.params, BOUNDS: [], PEERS: [], ...params });
    assert.equal(code, ScriptExit.ok, stderr);
    return parseReport("cp-01", stdout);
}

test("a control plane is measured with its disk, a worker without; both with clocks that answer", () => {
    const controlPlane = measure("cp-01", { PEERS: ["127.0.0.2", "127.0.0.3"] });
    assert.match(controlPlane.os, /^debian-\d+$/);
    assert.match(controlPlane.kernel, /^\d+\.\d+$/);
    assert.match(controlPlane.disk, /^\d+$/);
    assert.match(controlPlane.synchronised, /^(yes|no)$/);
    assert.match(controlPlane.fdatasync, /^\d+\.\d\d$/);
    assert.match(controlPlane.steal, /^\d+\.\d$/);
    assert.equal(controlPlane.foreign, "none");
    assert.equal(controlPlane.ports, "none");
    // Both clocks are this machine's; what is left is half of a round trip.
    assert.match(controlPlane.clock, /^\d+\.\d$/);
    assert.ok(Number(controlPlane.clock) < 200, controlPlane.clock);
    assert.ok(Number(controlPlane.cpus) >= 1 && Number(controlPlane.memory) > 100);

    const worker = measure("worker-01");
    assert.equal(worker.fdatasync, "");
    assert.equal(worker.clock, "0");
});

test("clocks that do not answer are left out; where none answers, nothing is measured", () => {
    machine.run(deaf.map((address, index) => `ip neigh add ${address} lladdr 02:00:00:00:00:0${index + 1} dev br9`).join("; "));
    assert.match(measure("worker-01", { PEERS: [...deaf, "127.0.0.2"] }).clock, /^\d+\.\d$/);
    assert.equal(measure("worker-01", { PEERS: deaf }).clock, "");
});

/** A command of the machine's that stands before its packages'; without a body it is taken away. */
function command(name: string, body?: string): void {
    const file = machine.file(`/usr/local/sbin/${name}`);
    if (body === undefined) {
        fs.rmSync(file);
    } else {
        fs.writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    }
}

/** Loads a ruleset in place of what was there. */
function load(ruleset: string): void {
    const { code, stderr } = machine.enter(["nft", "-f", "-"], `flush ruleset\n${ruleset}`);
    assert.equal(code, 0, stderr);
}

test("another firewall that refuses what comes in is named, whatever of its programs is there", () => {
    assert.equal(measure("worker-01").firewall, "none");

    machine.run("mv /usr/sbin/nft /usr/sbin/nft.away");
    command("ufw", "echo Status: inactive");
    command("iptables-save", "printf '*filter\\n:INPUT ACCEPT [0:0]\\n:FORWARD ACCEPT [0:0]\\n-A INPUT -p tcp -j DROP\\nCOMMIT\\n'");
    assert.equal(measure("worker-01").firewall, "none", "installed, and open");
    command("ufw", "echo Status: active");
    command("systemctl", '[ "$*" = "is-active --quiet firewalld" ]');
    command("iptables-save", "printf '*filter\\n:INPUT ACCEPT [0:0]\\n:FORWARD DROP [9:9]\\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\\n'");
    assert.equal(measure("worker-01").firewall, "ufw, firewalld, iptables FORWARD, iptables INPUT");
    for (const name of ["ufw", "systemctl", "iptables-save"]) {
        command(name);
    }
    machine.run("mv /usr/sbin/nft.away /usr/sbin/nft");

    const input = "type filter hook input priority filter;";
    load(`
        table inet filter { chain input { ${input} policy accept; tcp dport 25 counter drop; jump refuse; }; chain refuse { drop; }; }
        table ip kube-proxy { chain filter-forward { type filter hook forward priority -110; policy accept; ct state new reject; }; }
        table ip6 filter { chain INPUT { ${input} policy drop; }; }
        table inet fjord { chain input { ${input} policy drop; }; }
        table ip nat { chain out { type nat hook output priority 0; policy accept; }; }`);
    assert.equal(measure("worker-01").firewall, "none", "nobody else's packets, or not all of them");
    load(`
        table inet filter { chain last { ${input} policy accept; tcp dport 22 accept; counter reject with icmp type host-prohibited; }; }
        table ip filter { chain INPUT { ${input} policy drop; tcp dport 22 accept; }; chain FORWARD { type filter hook forward priority 0; policy accept; drop comment "all"; }; }`);
    assert.equal(measure("worker-01").firewall, "inet filter last, ip filter INPUT, ip filter FORWARD");
    command("nft", "exit 1");
    assert.equal(measure("worker-01").firewall, "", "unknown is not fine");
    command("nft");
    load("");
});

test("another owner and ports in use are told, unless the machine is this stack's already", () => {
    // Listening on TCP and bound on UDP is in use; a connection's own end is not, nor another protocol's same number.
    machine.run(`mkdir -p /var/lib/k0s; setsid perl -e '
        use Socket;
        sub opened { my ($family, $type, $address) = @_; socket(my $socket, $family, $type, 0) or die; bind($socket, $address) or die; return $socket }
        my @sockets = (
            opened(AF_INET6, SOCK_STREAM, pack_sockaddr_in6(10250, pack("x16"))),
            opened(AF_INET, SOCK_STREAM, pack_sockaddr_in(10256, INADDR_LOOPBACK)),
            opened(AF_INET, SOCK_DGRAM, pack_sockaddr_in(8472, INADDR_ANY)),
            opened(AF_INET, SOCK_DGRAM, pack_sockaddr_in(8475, INADDR_ANY)),
            opened(AF_INET, SOCK_STREAM, pack_sockaddr_in(10248, INADDR_LOOPBACK)),
        );
        listen($_, 1) for @sockets[0, 1];
        connect($sockets[4], pack_sockaddr_in(10256, INADDR_LOOPBACK)) or die;
        exit if fork;
        sleep 600;
    ' >/dev/null 2>&1 </dev/null`);
    const report = measure("worker-01");
    assert.equal(report.foreign, "/var/lib/k0s");
    assert.deepEqual(report.ports.split(" ").sort(), ["tcp:10250", "tcp:10256", "udp:8472"]);

    const { STACK } = preflightStep(examplePlan("worker-01")).params;
    machine.run(`mkdir -p /etc/fjord; echo '{ "stack": "${STACK as string}" }' >/etc/fjord/node.json`);
    const own = measure("worker-01");
    assert.equal(own.foreign, "none");
    assert.equal(own.ports, "none");
});

test("bounds stop a machine where they fail it in the report, all at once, with what to do", () => {
    const cases: readonly (readonly [Check["operator"], value: string, bound: string])[] = [
        ["at-most", "9.99", "10"],
        ["at-most", "10", "10"],
        ["at-most", "10.01", "10"],
        ["at-least", "6.12", "6.9"],
        ["at-least", "6.9", "6.12"],
        ["at-least", "6", "6.0"],
        ["at-least", "5.13", "5.13"],
        ["at-least", "4.19", "5.13"],
        ["at-least", "15999", "16000"],
        ["one-of", "yes", "yes,no"],
        ["one-of", "to be made", "present,to be made"],
        ["one-of", "present,to be made", "present,to be made"],
        ["one-of", "y", "yes,no"],
        ["none-of", "lxc", "docker,lxc"],
        ["none-of", "lx", "docker,lxc"],
        ["at-most", "", "0"],
    ];
    const checks = cases.map(([operator, , fail], index): Check => ({
        ...{ figure: `f${index}`, title: `f${index}`, unit: index % 2 ? "ms" : "", operator, fail },
        fix: `mend "it's" ${index}`,
    }));
    const figures = Object.fromEntries(cases.map(([, value], index) => [`f${index}`, value]));
    const file = path.join(folder, "judged.sh");
    fs.writeFileSync(
        file,
        [". measure.sh", ...Object.entries(figures).map(([name, value]) => `figure[${name}]='${value}'`), 'conclude "mend all"'].join("\n"),
    );

    const { code, stdout, stderr } = run(file, { BOUNDS: boundParams(checks) });
    assert.equal(code, ScriptExit.failed);
    assert.equal(stdout, "");
    const failed = judge(figures, checks).filter(({ verdict }) => verdict === "fail");
    assert.ok(failed.length > 0);
    const said = failed.map((finding) => {
        const { operator, fail, unit } = checks.find(({ figure }) => figure === finding.figure)!;
        return `${finding.figure} is ${finding.value}, must be ${operator.replace("-", " ")} ${fail}${unit && ` ${unit}`}: ${finding.fix}`;
    });
    assert.equal(stderr.split("\n")[0], `fjord: cp-01: step preflight failed: ${said.join("; ")}`);
    assert.match(stderr, /what to do: mend all\n/);
});

test("a figure cannot break the report that it is in", () => {
    const file = path.join(folder, "odd.sh");
    fs.writeFileSync(file, `. measure.sh\nfigure[odd]=$'a "b" \\\\ c\\nd|e ø'\nconclude "mend all"\n`);
    const { code, stdout, stderr } = run(file, { BOUNDS: [] });
    assert.equal(code, ScriptExit.ok, stderr);
    assert.equal((JSON.parse(stdout) as Record<string, string>)["odd"], "a b  cd|e ø");
});
