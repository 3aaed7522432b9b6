import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { planLab } from "../../../lab/plan";
import { until } from "../../../lab/process";
import { dnsmasqConfig, hostsLines } from "../../../lab/services/dns";

// One network namespace with two servers: the lab's, and one that stands for the machine's resolver.

const namespace = `fjt${process.pid}-dns`;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
const lab = planLab({ labsDir: dir });
const children: ChildProcess[] = [];

const inside = (...words: string[]): string[] => ["netns", "exec", namespace, ...words];

/** Addresses of a name, or the error's code, from a server. */
function lookup(server: string, name: string): string {
    const code = `
        const resolver = new (require("dns").promises.Resolver)({ timeout: 1000, tries: 1 });
        resolver.setServers(["${server}"]);
        resolver.resolve4("${name}").then((found) => console.log(found.sort().join()), (error) => console.log(error.code));`;
    return spawnSync("ip", inside(process.execPath, "-e", code), { encoding: "utf8" }).stdout.trim();
}

function start(...words: string[]): void {
    children.push(
        spawn("ip", inside("dnsmasq", "--keep-in-foreground", `--pid-file=${dir}/${children.length}.pid`, ...words)),
    );
}

before(async () => {
    execFileSync("ip", ["netns", "add", namespace]);
    execFileSync("ip", ["-n", namespace, "link", "set", "lo", "up"]);
    execFileSync("ip", ["-n", namespace, "address", "add", `${lab.services.dns}/24`, "dev", "lo"]);
    const resolver = ["--listen-address=192.0.2.53", "--bind-interfaces", "--no-hosts", "--no-resolv"];
    execFileSync("ip", ["-n", namespace, "address", "add", "192.0.2.53/24", "dev", "lo"]);
    start(
        "--conf-file=/dev/null",
        ...resolver,
        "--user=root",
        "--address=/registry.example/192.0.2.7",
        "--address=/lab.node/192.0.2.8",
    );
    fs.writeFileSync(path.join(dir, "resolv.conf"), "nameserver 192.0.2.53\n");
    fs.mkdirSync(path.join(dir, "names"));
    fs.writeFileSync(
        path.join(dir, "names", "hosts"),
        hostsLines(lab, { "pay.lab.node": ["10.77.0.21", "10.77.0.22"] }),
    );
    fs.writeFileSync(
        path.join(dir, "conf"),
        dnsmasqConfig(lab, path.join(dir, "names"), path.join(dir, "resolv.conf")),
    );
    start(`--conf-file=${dir}/conf`);
    assert.ok(await until(10_000, () => lookup(lab.services.dns, "git.lab.node") === lab.services.git), "no answer");
});

after(() => {
    children.forEach((child) => child.kill("SIGKILL"));
    execFileSync("ip", ["netns", "delete", namespace]);
    fs.rmSync(dir, { recursive: true, force: true });
});

test("the lab's names are answered by the lab, with all of their addresses", () => {
    assert.equal(lookup(lab.services.dns, "cp-01.lab.node"), "10.77.0.11");
    assert.equal(lookup(lab.services.dns, "pay.lab.node"), "10.77.0.21,10.77.0.22");
});

test("all other names are asked of the machine's resolver, and the lab's own never are", () => {
    assert.equal(lookup(lab.services.dns, "registry.example"), "192.0.2.7");
    assert.equal(lookup("192.0.2.53", "unknown.lab.node"), "192.0.2.8");
    assert.equal(lookup(lab.services.dns, "unknown.lab.node"), "ENOTFOUND");
});

test("a name that is added later is seen without a restart", async () => {
    fs.writeFileSync(path.join(dir, "names", "hosts"), hostsLines(lab, { "new.lab.node": ["10.77.0.23"] }));
    assert.ok(await until(5_000, () => lookup(lab.services.dns, "new.lab.node") === "10.77.0.23"));
});
