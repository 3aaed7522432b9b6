import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { test, type TestContext } from "node:test";
import * as tls from "node:tls";
import { fileNames, imageNames, packageNames } from "../../../infra/config/lock-file";
import { announce, artefacts, formatArtefacts, standInsOf, unprovenOf, upstreamHosts } from "../../../lab/artefacts";
import { imageRecipe } from "../../../lab/images/recipes";
import { probeHost, probeHosts, type Probe } from "../../../lab/probe";
import { askedSource, decideSource, needsProbes, type AskedSource, type Source } from "../../../lab/source";

const up: Probe = { host: "up.example", answers: true, problem: "" };
const down: Probe = { host: "down.example", answers: false, problem: "ENOTFOUND" };

const decisions: readonly [AskedSource, Source | undefined, readonly Probe[], Source | RegExp, RegExp][] = [
    ["auto", undefined, [up, up], "upstream", /all 2 of upstream's hosts answer/],
    ["auto", undefined, [up, down], "lab", /1 of upstream's 2 hosts do not answer: down\.example \(ENOTFOUND\)/],
    ["auto", undefined, [], "lab", /0 of upstream's 0/],
    [
        "auto",
        undefined,
        [down, down, down, down, up],
        "lab",
        /^4 of upstream's 5 .*(down\.example \(ENOTFOUND\)(, )?){3} and 1 more$/,
    ],
    ["upstream", undefined, [], "upstream", /as asked/],
    ["upstream", undefined, [down], "upstream", /as asked/],
    ["lab", undefined, [up], "lab", /as asked/],
    ["auto", "lab", [up], "lab", /made from it/],
    ["auto", "upstream", [down], "upstream", /made from it/],
    ["lab", "lab", [], "lab", /made from it/],
    ["upstream", "lab", [], /made from source lab, and cannot be changed to upstream\n {2}what to do: .*lab:down/, /./],
    ["lab", "upstream", [], /made from source upstream, and cannot be changed to lab/, /./],
];

for (const [asked, made, probes, expected, why] of decisions) {
    test(`asked ${asked}, made ${made ?? "not yet"}, ${probes.length} probes: ${String(expected)}`, () => {
        if (expected instanceof RegExp) {
            assert.throws(() => decideSource({ asked, made, probes }), expected);
            return;
        }
        const decision = decideSource({ asked, made, probes });
        assert.equal(decision.source, expected);
        assert.match(decision.why, why);
    });
}

test("hosts are asked only where the answer decides", () => {
    assert.equal(needsProbes({ asked: "auto", made: undefined }), true);
    assert.equal(needsProbes({ asked: "auto", made: "lab" }), false);
    assert.equal(needsProbes({ asked: "lab", made: undefined }), false);
});

test("the option is stronger than the environment, and other words are refused", () => {
    assert.equal(askedSource(undefined, {}), "auto");
    assert.equal(askedSource(undefined, { FJORD_LAB_SOURCE: "lab" }), "lab");
    assert.equal(askedSource("upstream", { FJORD_LAB_SOURCE: "lab" }), "upstream");
    assert.throws(() => askedSource("internet", {}), /"internet" is not a source of a lab: use auto, upstream, lab/);
    assert.throws(() => askedSource(undefined, { FJORD_LAB_SOURCE: "" }), /"" is not a source/);
});

test("the table has everything that a lock pins, once, with a host for all that upstream serves", () => {
    const names = artefacts.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, "an artefact is listed twice");
    const pinned = [
        ...packageNames.map((name) => `package ${name}`),
        ...imageNames.map((name) => `image ${name}`),
        ...fileNames.map((name) => `file ${name}`),
    ];
    assert.deepEqual(
        pinned.filter((name) => !names.includes(name)),
        [],
    );
    for (const { name, upstream } of artefacts.filter(({ name: one }) => pinned.includes(one))) {
        assert.ok(upstream.hosts.length > 0, `${name} has no host`);
    }
    assert.ok(upstreamHosts.includes("registry-1.docker.io") && !upstreamHosts.includes("docker.io"));
    assert.equal(new Set(upstreamHosts).size, upstreamHosts.length);
});

test("upstream has no stand-in; the lab names all of its images' and Pulumi's", () => {
    assert.deepEqual(standInsOf("upstream"), []);
    const standIns = standInsOf("lab").join("\n");
    for (const image of imageNames.filter((name) => imageRecipe(name).standIn !== undefined)) {
        assert.match(standIns, new RegExp(`^image ${image}: `, "m"));
    }
    for (const plugin of ["command", "random", "tls"]) {
        assert.match(standIns, new RegExp(`^Pulumi plugin ${plugin}: `, "m"));
    }
    assert.match(standIns, /^Pulumi language host/m);
    assert.doesNotMatch(standIns, /image etcd|plugin kubernetes/);
});

test("what is printed names the source, why it, its stand-ins, and that it is unproven", () => {
    const lab = announce("lab", "as asked");
    assert.match(lab, /^source: lab \(as asked\)\nstand-ins in use:\n {2}- /);
    assert.deepEqual(unprovenOf("lab"), []);
    assert.doesNotMatch(lab, /unproven/);
    const upstream = announce("upstream", "as asked");
    assert.doesNotMatch(upstream, /stand-in/);
    assert.match(upstream, new RegExp(`unproven: ${unprovenOf("upstream").length} of ${artefacts.length} artefacts`));
    assert.ok(unprovenOf("upstream").includes("Pulumi CLI"));
    assert.match(
        formatArtefacts(),
        /^package kubelet\n {2}upstream {2}https:\/\/pkgs\.k8s\.io\S+ \[unproven\]\n {2}lab {7}Go module/m,
    );
});

/** A certificate for one name, signed by itself. */
function certificate(t: TestContext, name: string): { readonly key: string; readonly cert: string } {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    execFileSync("openssl", ["req", "-x509", ...options, ...subject, "-keyout", `${dir}/k`, "-out", `${dir}/c`], {
        stdio: "ignore",
    });
    return { key: fs.readFileSync(`${dir}/k`, "utf8"), cert: fs.readFileSync(`${dir}/c`, "utf8") };
}

async function listening(t: TestContext, server: net.Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    return (server.address() as net.AddressInfo).port;
}

test("a host answers only with a certificate of its own that is trusted", async (t) => {
    const { key, cert } = certificate(t, "registry.example");
    const port = await listening(
        t,
        tls.createServer({ key, cert }, (socket) => socket.end()),
    );
    const at = { port, address: "127.0.0.1" };
    assert.deepEqual(await probeHost("registry.example", { ...at, ca: cert }), {
        host: "registry.example",
        answers: true,
        problem: "",
    });
    assert.equal((await probeHost("other.example", { ...at, ca: cert })).problem, "ERR_TLS_CERT_ALTNAME_INVALID");
    assert.equal((await probeHost("registry.example", at)).problem, "DEPTH_ZERO_SELF_SIGNED_CERT");
});

test("a host that is silent costs the limit and no more, however many there are", async (t) => {
    const sockets = new Set<net.Socket>();
    const port = await listening(
        t,
        net.createServer((socket) => sockets.add(socket)),
    );
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    const start = Date.now();
    const probes = await probeHosts(["a.example", "b.example", "c.example"], {
        port,
        address: "127.0.0.1",
        limit: 300,
    });
    assert.deepEqual(
        probes.map(({ host, problem }) => [host, problem]),
        ["a.example", "b.example", "c.example"].map((host) => [host, "timeout"]),
    );
    assert.ok(Date.now() - start < 900, "one after the other");
});

test("a port that nobody listens on is no answer", async (t) => {
    const server = net.createServer();
    const port = await listening(t, server);
    await new Promise((resolve) => server.close(resolve));
    assert.equal((await probeHost("a.example", { port, address: "127.0.0.1" })).problem, "ECONNREFUSED");
});
