import assert from "node:assert/strict";
import * as net from "node:net";
import { once } from "node:events";
import { test, TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Access } from "../../../components/cluster/access";
import { connect, SshClient } from "../../../components/remote/ssh";
import { Tunnel } from "../../../operations/kube/tunnel-server";
import { startServer, TestServer } from "./ssh-server";
import { keyPair } from "../../support/ssh-key";

const key = keyPair();

interface ControlPlane {
    readonly ssh: TestServer;
    api: "up" | "down";
    ready: boolean;
}

/** A control plane whose "API" says its name and then echoes. */
async function controlPlane(t: TestContext, name: string): Promise<ControlPlane> {
    const api = net.createServer((socket) => {
        socket.on("error", () => undefined);
        socket.write(`${name}\n`);
        socket.pipe(socket);
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    const state: { api: "up" | "down"; ready: boolean } = { api: "up", ready: true };
    const ssh = await startServer({
        name,
        authorized: key.public,
        forwardTo: () => (state.api === "up" ? (api.address() as net.AddressInfo).port : undefined),
    });
    t.after(async () => {
        api.close();
        await ssh.stop().catch(() => undefined);
    });
    return Object.assign(state, { ssh });
}

async function tunnelThrough(
    t: TestContext,
    controlPlanes: readonly ControlPlane[],
    slow?: string,
): Promise<{ tunnel: Tunnel; port: number; log: string[] }> {
    const log: string[] = [];
    const access: Access = {
        stack: "test",
        accessPort: 0,
        apiName: "api",
        controlPlanes: controlPlanes.map(({ ssh }) => ({ ...ssh.target, nodeAddress: ssh.target.address })),
    };
    const tunnel = new Tunnel({
        access: () => access,
        connect: async (server) => {
            await sleep(server.name === slow ? 400 : 0);
            return connect(server, { kind: "key", privateKey: key.private });
        },
        probe: async (client: SshClient) => {
            if (!controlPlanes.find(({ ssh }) => ssh.target.name === client.server.name)?.ready) {
                throw new Error("not ready");
            }
        },
        log: (line) => log.push(line),
    });
    const port = await tunnel.listen(0);
    t.after(() => tunnel.close());
    return { tunnel, port, log };
}

/** Opens a connection and reads who is at the other end; undefined where it is closed at once. */
async function talk(port: number): Promise<{ name: string | undefined; socket: net.Socket }> {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.on("error", () => undefined);
    socket.setEncoding("utf8");
    const first = await Promise.race([once(socket, "data"), once(socket, "close").then(() => [undefined])]);
    return { name: (first[0] as string | undefined)?.trim(), socket };
}

test("connections reach the API of a control plane that is ready, and only of one", async (t) => {
    const [a, b] = [await controlPlane(t, "cp-01"), await controlPlane(t, "cp-02")];
    a.ready = false;
    const { tunnel, port } = await tunnelThrough(t, [a, b]);
    const { name, socket } = await talk(port);
    assert.equal(name, "cp-02");
    assert.equal(tunnel.through, "cp-02");
    assert.equal(tunnel.idle, 0);
    socket.write("hello\n");
    assert.equal(String((await once(socket, "data"))[0]), "hello\n");
    socket.destroy();
});

test("a control plane that dies ends its connections, and the next one goes to another", async (t) => {
    const [a, b] = [await controlPlane(t, "cp-01"), await controlPlane(t, "cp-02")];
    b.ready = false;
    const { port } = await tunnelThrough(t, [a, b]);
    const { name, socket } = await talk(port);
    assert.equal(name, "cp-01");
    b.ready = true;
    const ended = once(socket, "close");
    await a.ssh.stop();
    await ended;
    assert.equal((await talk(port)).name, "cp-02");
});

test("an API server that refuses connections is passed over within the same connection", async (t) => {
    const [a, b] = [await controlPlane(t, "cp-01"), await controlPlane(t, "cp-02")];
    const { port, log } = await tunnelThrough(t, [a, b], "cp-02");
    assert.equal((await talk(port)).name, "cp-01");
    // It still says that it is ready, and it is the quicker one to log in to.
    a.api = "down";
    assert.equal((await talk(port)).name, "cp-02");
    assert.ok(
        log.some((line) => line.startsWith("cp-01 is given up")),
        log.join("\n"),
    );
});

test("with nobody left a connection is closed, and the reasons are told; it works again when one is back", async (t) => {
    const a = await controlPlane(t, "cp-01");
    a.ready = false;
    const { tunnel, port } = await tunnelThrough(t, [a]);
    assert.equal((await talk(port)).name, undefined);
    await assert.rejects(tunnel.route(), /no API server of test can be reached\n {2}cp-01: not ready/);
    a.ready = true;
    assert.equal((await talk(port)).name, "cp-01");
});

test("connections that come at once share one SSH connection", async (t) => {
    const a = await controlPlane(t, "cp-01");
    const { port, log } = await tunnelThrough(t, [a]);
    const all = await Promise.all(Array.from({ length: 20 }, () => talk(port)));
    assert.ok(all.every(({ name }) => name === "cp-01"));
    assert.equal(log.filter((line) => line === "through cp-01").length, 1);
    all.forEach(({ socket }) => socket.destroy());
});

test("a port can be had once", async (t) => {
    const a = await controlPlane(t, "cp-01");
    const { port } = await tunnelThrough(t, [a]);
    const second = new Tunnel({
        access: () => ({ stack: "x", accessPort: port, apiName: "", controlPlanes: [] }),
        connect: () => Promise.reject(new Error()),
        probe: async () => undefined,
        log: () => undefined,
    });
    await assert.rejects(second.listen(port), { code: "EADDRINUSE" });
});
