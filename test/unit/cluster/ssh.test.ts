import assert from "node:assert/strict";
import * as net from "node:net";
import { test } from "node:test";
import { connect, operatorCredentials, portTaken, SshError } from "../../../components/remote/ssh";
import { seconds } from "../../../infra/config/types";
import { startServer, TestServer } from "./ssh-server";
import { keyPair } from "../../support/ssh-key";

const key = keyPair();
const credentials = { kind: "key", privateKey: key.private } as const;

async function failure(promise: Promise<unknown>): Promise<SshError> {
    try {
        await promise;
    } catch (error) {
        assert.ok(error instanceof SshError, String(error));
        assert.ok(!error.message.includes("PRIVATE KEY"));
        assert.match(error.message, /^fjord: .*\n {2}what to do: /);
        return error;
    }
    throw new Error("it did not fail");
}

test("runs a command with stdin, and tells output, errors and code apart", async (t) => {
    const server = await startServer({
        name: "cp-01",
        authorized: key.public,
        run: (command, stdin) => ({ code: 7, stdout: `${command}|${stdin}`, stderr: "said" }),
    });
    t.after(() => server.stop());
    const client = await connect(server.target, credentials);
    const results = await Promise.all([
        client.exec("first", { what: "test", stdin: "a".repeat(200_000) }),
        client.exec("second", { what: "test" }),
    ]);
    assert.deepEqual(results[0], { code: 7, stdout: `first|${"a".repeat(200_000)}`, stderr: "said" });
    assert.equal(results[1]?.stdout, "second|");
    client.close();
});

test("another host key is refused, whatever its type", async (t) => {
    const server = await startServer({ name: "cp-01", authorized: key.public });
    t.after(() => server.stop());
    const wrong = await failure(connect({ ...server.target, hostKey: keyPair().public }, credentials));
    assert.equal(wrong.kind, "host-key");
    const otherType = await failure(connect({ ...server.target, hostKey: "ecdsa-sha2-nistp256 AAAA" }, credentials));
    assert.equal(otherType.kind, "host-key");
    const none = await failure(connect({ ...server.target, hostKey: "ssh-ed25519" }, credentials));
    assert.equal(none.kind, "host-key");
});

test("a key that is not authorized, and a port where nothing listens", async () => {
    const server = await startServer({ name: "cp-01", authorized: keyPair().public });
    const refused = await failure(connect(server.target, credentials));
    assert.equal(refused.kind, "key");
    assert.match(refused.message, /refused the key of user root/);
    await server.stop();
    assert.equal((await failure(connect(server.target, credentials))).kind, "refused");
    assert.equal((await failure(connect(server.target, { kind: "key", privateKey: "nonsense" }))).kind, "key");
});

test("a machine that accepts and says nothing is given up in time", async (t) => {
    const mute = net.createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    t.after(() => mute.close());
    const { port } = mute.address() as net.AddressInfo;
    const started = Date.now();
    const error = await failure(
        connect({ name: "cp-01", address: "127.0.0.1", port, user: "root", hostKey: key.public }, credentials, {
            timeout: seconds(1),
        }),
    );
    assert.equal(error.kind, "no-answer");
    assert.match(error.message, /cp-01: .* within 1 s/);
    assert.ok(Date.now() - started < 3000);
});

test("a command that hangs and a connection that breaks are errors, not waits", async () => {
    const server = await startServer({ name: "cp-01", authorized: key.public, run: () => "never" });
    const client = await connect(server.target, credentials);
    const late = await failure(client.exec("sleep", { what: "sleep", timeout: seconds(1) }));
    assert.equal(late.kind, "timeout");
    assert.match(late.message, /did not sleep within 1 s/);
    const again = await connect(server.target, credentials);
    const running = failure(again.exec("sleep", { what: "sleep" }));
    setTimeout(() => void server.stop(), 100);
    assert.equal((await running).kind, "broken");
});

test("goes through a jump host, whose key is verified too", async (t) => {
    const server = await startServer({
        name: "cp-01",
        authorized: key.public,
        run: () => ({ code: 0, stdout: "inside" }),
    });
    const jump = await startServer({ name: "bastion", authorized: key.public, forwardTo: () => server.target.port });
    t.after(() => Promise.all([server.stop(), jump.stop()]));
    const { name: _, ...hop } = jump.target;
    const client = await connect({ ...server.target, jump: hop }, credentials);
    assert.equal((await client.exec("x", { what: "test" })).stdout, "inside");
    client.close();
    const wrong = await failure(
        connect({ ...server.target, jump: { ...hop, hostKey: keyPair().public } }, credentials),
    );
    assert.equal(wrong.kind, "host-key");
    assert.equal(wrong.server, "jump host of cp-01");
});

test("a jump host that fails says nothing about the machine behind it", async (t) => {
    const down = await startServer({ name: "bastion", authorized: key.public });
    await down.stop();
    const forbids = await startServer({ name: "bastion", authorized: key.public });
    const alone = await startServer({ name: "bastion", authorized: key.public, forwardTo: () => undefined });
    t.after(() => Promise.all([forbids.stop(), alone.stop()]));
    const behind = ({ target: { name: _, ...hop } }: TestServer) =>
        failure(connect({ name: "cp-01", address: "10.0.0.11", port: 22, user: "root", hostKey: "x y", jump: hop }, credentials));
    for (const [jump, kind, words] of [
        [down, "jump", /jump host of cp-01: nothing listens at 127.*\n.*nothing is known of the machine behind it/],
        [forbids, "jump", /cp-01: its jump host opens no way to 10\.0\.0\.11:22 .*\n.*AllowTcpForwarding/],
        [alone, "no-answer", /cp-01: its jump host cannot reach 10\.0\.0\.11:22/],
    ] as const) {
        const error = await behind(jump);
        assert.deepEqual([error.kind, words.test(error.message)], [kind, true], error.message);
    }
});

test("the operator's key file wins over the agent, and having neither is said", () => {
    assert.deepEqual(operatorCredentials("k", "/agent"), { kind: "key", privateKey: "k" });
    assert.deepEqual(operatorCredentials(undefined, "/agent"), { kind: "agent", socket: "/agent" });
    assert.throws(() => operatorCredentials(undefined, undefined), /ssh-add/);
});

test("a taken port is seen", async (t) => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    assert.equal(await portTaken(port), true);
    assert.equal(await portTaken(1), false);
});
