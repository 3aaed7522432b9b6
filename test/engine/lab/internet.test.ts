import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { after, before, test } from "node:test";

// Three network namespaces stand for a server of a lab, the machine, and a host on the internet that knows no way back
// to the lab's range. The machine's own network is not touched.

const project = path.resolve(__dirname, "../../..");
const names = ["node", "machine", "internet"] as const;
type Name = (typeof names)[number];
const namespace = (name: Name): string => `fjt${process.pid}-${name}`;

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });
const inside = (
    name: Name,
    command: string,
    ...args: string[]
): { readonly status: number | null; readonly out: string } => {
    const { status, stdout, stderr } = spawnSync("ip", ["netns", "exec", namespace(name), command, ...args], {
        cwd: project,
        encoding: "utf8",
    });
    return { status, out: `${stdout}${stderr}` };
};

/** Calls a function of lab/internet.ts for a lab on the machine. */
function call(what: "connectToInternet" | "disconnectFromInternet" | "labTables", lab: string, range: string): string {
    const code = `
        const { planLab } = require("./lab/plan");
        Promise.resolve(require("./lab/internet").${what}(planLab({ name: "${lab}", range: "${range}", labsDir: "/none" })))
            .then((result) => console.log(JSON.stringify(result ?? null)));`;
    const { status, out } = inside("machine", process.execPath, "--import", "tsx", "-e", code);
    assert.equal(status, 0, out);
    return out.trim();
}

const reaches = (): boolean =>
    inside("node", "timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/192.0.2.2/7000").status === 0;
const forwarding = (): string => inside("machine", "cat", "/proc/sys/net/ipv4/ip_forward").out.trim();

let server: ChildProcess;

before(async () => {
    for (const name of names) {
        ip("netns", "add", namespace(name));
        ip("-n", namespace(name), "link", "set", "lo", "up");
    }
    const cable = (one: Name, first: string, other: Name, second: string): void => {
        ip(
            "-n",
            namespace(one),
            "link",
            "add",
            first,
            "type",
            "veth",
            "peer",
            "name",
            second,
            "netns",
            namespace(other),
        );
        ip("-n", namespace(one), "link", "set", first, "up");
        ip("-n", namespace(other), "link", "set", second, "up");
    };
    ip("-n", namespace("machine"), "link", "add", "fj-one", "type", "bridge");
    ip("-n", namespace("machine"), "link", "set", "fj-one", "up");
    ip("-n", namespace("machine"), "address", "add", "10.81.0.1/24", "dev", "fj-one");
    cable("machine", "fj-one-11", "node", "eth0");
    ip("-n", namespace("machine"), "link", "set", "fj-one-11", "master", "fj-one");
    ip("-n", namespace("node"), "address", "add", "10.81.0.11/24", "dev", "eth0");
    ip("-n", namespace("node"), "route", "add", "default", "via", "10.81.0.1");
    cable("machine", "uplink", "internet", "eth0");
    ip("-n", namespace("machine"), "address", "add", "192.0.2.1/24", "dev", "uplink");
    ip("-n", namespace("internet"), "address", "add", "192.0.2.2/24", "dev", "eth0");
    assert.equal(inside("machine", "sysctl", "-qw", "net.ipv4.ip_forward=0").status, 0);
    assert.equal(inside("machine", "nft", "add table ip other; add chain ip other c").status, 0);
    const listen = 'require("net").createServer((socket) => socket.end()).listen(7000, () => console.log("listens"))';
    server = spawn("ip", ["netns", "exec", namespace("internet"), process.execPath, "-e", listen]);
    await once(server.stdout as Readable, "data");
});

after(() => {
    server.kill("SIGKILL");
    names.forEach((name) => ip("netns", "delete", namespace(name)));
});

test("a server reaches the internet while its lab is connected, and only then", () => {
    assert.equal(reaches(), false, "without translation there is no way back");
    call("connectToInternet", "one", "10.81.0.0/24");
    assert.equal(reaches(), true);
    call("connectToInternet", "one", "10.81.0.0/24");
    assert.equal(reaches(), true, "a second run changes nothing");
    assert.equal(call("labTables", "one", "10.81.0.0/24"), '["fjord-one"]');
    call("disconnectFromInternet", "one", "10.81.0.0/24");
    assert.equal(reaches(), false);
    assert.equal(call("labTables", "one", "10.81.0.0/24"), "[]");
    assert.equal(forwarding(), "0", "forwarding is as it was");
});

test("the last lab to go switches forwarding off, and tables of others stay", () => {
    call("connectToInternet", "one", "10.81.0.0/24");
    call("connectToInternet", "two", "10.82.0.0/24");
    call("disconnectFromInternet", "one", "10.81.0.0/24");
    assert.equal(forwarding(), "1", "the other lab needs it");
    call("disconnectFromInternet", "two", "10.82.0.0/24");
    assert.equal(forwarding(), "0");
    assert.match(inside("machine", "nft", "list", "tables").out, /^table ip other$/m);
});

test("forwarding that was on before stays on", () => {
    inside("machine", "sysctl", "-qw", "net.ipv4.ip_forward=1");
    call("connectToInternet", "one", "10.81.0.0/24");
    call("disconnectFromInternet", "one", "10.81.0.0/24");
    call("disconnectFromInternet", "one", "10.81.0.0/24");
    assert.equal(forwarding(), "1");
});
