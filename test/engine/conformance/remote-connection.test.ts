import assert from "node:assert/strict";
import * as net from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { Provider, type Resource } from "./provider";
import { SshServer } from "./ssh-server";
import { secret, type Properties } from "./values";
import { keyPair } from "../../support/ssh-key";

describe("the connection of command:remote:Command", () => {
    let provider: Provider;
    let command: Resource;
    let server: SshServer;

    function to(connection: Properties, extra: Properties = {}): Properties {
        const base = { host: "127.0.0.1", port: server.port, user: "root", dialErrorLimit: 1 };
        return { connection: secret({ ...base, ...connection }), create: "echo reached", ...extra };
    }

    before(async () => {
        provider = await Provider.start("command");
        command = provider.resource("command:remote:Command");
        server = await SshServer.start();
    });
    afterEach(() => {
        server.commands.splice(0);
        provider.takeMessages();
    });
    after(async () => {
        await provider.stop();
        await server.stop();
    });

    test("a key lets in, the server's key is verified", async () => {
        const made = await command.create(to({ privateKey: server.clientKey.private, hostKey: server.hostKey.public }));
        assert.equal(made.state.stdout, "reached");
    });

    test("a password lets in", async () => {
        const made = await command.create(to({ password: server.password, hostKey: server.hostKey.public }));
        assert.equal(made.state.stdout, "reached");
    });

    test("without a host key any server is accepted", async () => {
        const made = await command.create(to({ privateKey: server.clientKey.private }));
        assert.equal(made.state.stdout, "reached");
    });

    test("another host key than the given one is an error, and nothing is run", async () => {
        const input = to({ privateKey: server.clientKey.private, hostKey: keyPair().public });
        await assert.rejects(
            command.create(input),
            /after 1 failed attempts: ssh: handshake failed: .*host key mismatch/s,
        );
        assert.deepEqual(server.commands, []);
    });

    test("a host key that is none is an error without an attempt", async () => {
        const before = server.connections;
        const input = to({ privateKey: server.clientKey.private, hostKey: "no key" });
        await assert.rejects(command.create(input), /failed to parse host key/);
        assert.equal(server.connections, before);
    });

    test("a private key that is none is an error that does not show it", async () => {
        await assert.rejects(command.create(to({ privateKey: "my-private-text" })), (error: Error) => {
            assert.match(error.message, /ssh: no key found/);
            assert.doesNotMatch(error.message, /my-private-text/);
            return true;
        });
    });

    test("a key that the server does not know is an error after all attempts", async () => {
        const before = server.connections;
        const input = to({ privateKey: keyPair().private, hostKey: server.hostKey.public });
        await assert.rejects(
            command.create(input),
            /after 1 failed attempts: ssh: handshake failed: ssh: unable to authenticate/,
        );
        assert.equal(server.connections, before + 2, "a refused login is tried again");
    });

    test("a port that refuses is an error that names the address", async () => {
        const port = await freePort();
        const started = Date.now();
        const input = to({ port, privateKey: server.clientKey.private, dialErrorLimit: 2 });
        await assert.rejects(
            command.create(input),
            new RegExp(`after 2 failed attempts: dial tcp 127\\.0\\.0\\.1:${port}: connect: connection refused`),
        );
        assert.ok(Date.now() - started < 10_000);
        const status = provider.takeMessages().map((message) => message.text.trim());
        assert.deepEqual(status, ["Dial 1/2 failed: retrying", "Dial 2/2 failed: retrying"]);
    });

    test("a server that comes up between two attempts is reached", async () => {
        const port = await freePort();
        const late = new Promise<SshServer>((resolve, reject) =>
            setTimeout(() => void SshServer.start(port).then(resolve, reject), 300),
        );
        const made = await command.create(to({ port, password: "let-me-in", dialErrorLimit: 10 }));
        assert.equal(made.state.stdout, "reached");
        await (await late).stop();
    });

    test("perDialTimeout bounds the TCP connection: one that is taken in silence is waited for", async () => {
        const sockets = new Set<net.Socket>();
        const silent = net.createServer((socket) => sockets.add(socket));
        await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
        const { port } = silent.address() as net.AddressInfo;
        const input = to({ port, privateKey: server.clientKey.private, dialErrorLimit: 0, perDialTimeout: 1 });
        const outcome = command.create(input).then(
            () => "made",
            () => "failed",
        );
        const pause = new Promise((resolve) => setTimeout(resolve, 2_500, "waiting"));
        assert.equal(await Promise.race([outcome, pause]), "waiting");
        sockets.forEach((socket) => socket.destroy());
        silent.close();
        assert.equal(await outcome, "failed");
    });

    test("a proxy is gone through, with its own key", async () => {
        const jump = await SshServer.start();
        const proxy = {
            host: "127.0.0.1",
            port: jump.port,
            privateKey: jump.clientKey.private,
            hostKey: jump.hostKey.public,
        };
        const made = await command.create(
            to({ privateKey: server.clientKey.private, hostKey: server.hostKey.public, proxy }),
        );
        assert.equal(made.state.stdout, "reached");
        assert.deepEqual(jump.forwarded, [`127.0.0.1:${server.port}`]);
        assert.deepEqual(jump.commands, []);
        await jump.stop();
    });

    test("an error on the way to a proxy says so", async () => {
        const proxy = { host: "127.0.0.1", port: await freePort(), password: "x", dialErrorLimit: 0 };
        await assert.rejects(
            command.create(to({ privateKey: server.clientKey.private, proxy })),
            /proxy: after 0 failed attempts: dial tcp .*connection refused/,
        );
    });

    test("a command that fails is an error with status, command and output, without the stdin", async () => {
        const input = to(
            { privateKey: server.clientKey.private },
            { create: "cat >/dev/null; echo said; echo complained >&2; exit 3", stdin: secret("hidden-stdin") },
        );
        await assert.rejects(command.create(input), (error: Error) => {
            assert.match(error.message, /Process exited with status 3: running "cat >\/dev\/null; echo said;.*":\n/);
            // Each line as it was printed: by its beginning it is known for a script's own words.
            assert.match(error.message, /^said$/m);
            assert.match(error.message, /^complained$/m);
            assert.doesNotMatch(error.message, /hidden-stdin/);
            assert.doesNotMatch(error.message, /PRIVATE KEY/);
            return true;
        });
    });

    test("an agent that is not there is an error even when there is a key", async () => {
        const input = to({ privateKey: server.clientKey.private, agentSocketPath: "/nonexistent/agent" });
        await assert.rejects(command.create(input), /dial unix \/nonexistent\/agent/);
    });
});

async function freePort(): Promise<number> {
    const probe = net.createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const { port } = probe.address() as net.AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    return port;
}
