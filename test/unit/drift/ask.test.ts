import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, askAll } from "../../../operations/drift/ask";
import { parseKnownHosts } from "../../../operations/drift/known-hosts";
import { Target, targetsOf } from "../../../operations/drift/targets";
import { RegionConfig } from "../../../infra/config/types";
import { keyPair } from "../../support/ssh-key";
import { startServer, TestServerOptions } from "../cluster/ssh-server";
import { exampleLock, exampleRegion } from "../nodes/example";

const key = keyPair();
const credentials = { kind: "key", privateKey: key.private } as const;
const report = '{"node":"cp-01.osl.node","format":1}\n{"lines":1}\n';

/** A machine without a known host key. */
const target = (name: string): Target => ({ name, fqdn: `${name}.osl.node`, role: "worker", digests: new Map() });

/** A machine that answers like this. */
async function asked(run: TestServerOptions["run"], use = credentials): Promise<Awaited<ReturnType<typeof ask>>> {
    const server = await startServer({ name: "cp-01.osl.node", authorized: key.public, ...(run && { run }) });
    try {
        return await ask({ ...target("cp-01"), server: server.target }, use);
    } finally {
        await server.stop();
    }
}

test("a machine's report is read, with nothing sent to it", async () => {
    let sent = "";
    const answer = await asked((_command, stdin) => ((sent = stdin), { code: 0, stdout: report }));
    assert.deepEqual([answer, sent], [{ report: { node: "cp-01.osl.node", steps: [] } }, ""]);
});

test("an answer that is none says so, and what to do", async () => {
    const problems = await Promise.all([
        asked(() => ({ code: 1, stderr: "fjord: another check of this machine is running\n" })),
        asked(() => ({ code: 0, stdout: "hello\n" })),
        asked(() => ({ code: 0, stdout: report.replace("cp-01", "cp-02") })),
        asked(undefined, { kind: "key", privateKey: keyPair().private }),
        ask(target("guest"), credentials),
    ]);
    const patterns = [/another check/, /not a report/, /it says that it is cp-02/, /refused the key/, /host key is not known/];
    problems.forEach((problem, index) => {
        assert.ok("problem" in problem);
        assert.match(problem.problem, patterns[index]!);
        assert.notEqual(problem.todo, "");
    });
    assert.ok("todo" in problems[3]! && /fjord:ssh\.driftKeys/.test(problems[3].todo));
});

test("answers are in the machines' order, more of them than are asked at a time", async () => {
    const targets = Array.from({ length: 20 }, (_, i) => target(`worker-${i}`));
    assert.equal((await askAll(targets, credentials)).filter((answer) => "problem" in answer).length, 20);
});

const server = { address: "198.51.100.7", port: 2222, user: "ops", hostKey: "ssh-ed25519 AAAAexisting" };
const common = { role: "worker", plan: "nvme-16gb", labels: {}, taints: [] } as const;
const guest = { user: "root", address: "10.0.0.22", nodeAddress: "10.0.0.22" };
const region: RegionConfig = {
    ...exampleRegion,
    machines: [
        { ...common, kind: "existing", name: "worker-01", ssh: server, nodeAddress: "10.0.0.21" },
        { ...common, ...guest, kind: "libvirt", name: "worker-02", image: "debian-12" },
    ],
};

test("a machine that exists is known by the stack's file, a guest by known_hosts only", () => {
    const hosts = parseKnownHosts("# comment\n|1|x|y ssh-ed25519 AAAAhashed\nother,10.0.0.22 ssh-ed25519 AAAAguest\n");
    const [existing, made] = targetsOf(region, exampleLock, hosts);
    assert.deepEqual(existing?.server, { ...server, name: "worker-01.osl.node", user: "fjord-drift" });
    assert.equal(made?.server?.hostKey, "ssh-ed25519 AAAAguest");
    assert.equal(targetsOf(region, exampleLock, parseKnownHosts(""))[1]?.server, undefined);
});

test("known_hosts: names with ports, the first line of a name", () => {
    const hosts = parseKnownHosts("[a]:2222,b ssh-rsa ONE\nb ssh-ed25519 TWO\n@revoked c ssh-rsa THREE\n");
    assert.equal(hosts(["a"], 2222), "ssh-rsa ONE");
    assert.equal(hosts(["a"], 22), undefined);
    assert.equal(hosts(["x", "b"], 22), "ssh-rsa ONE");
    assert.equal(hosts(["c"], 22), undefined);
});
