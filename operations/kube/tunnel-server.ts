import * as net from "node:net";
import * as tls from "node:tls";
import { Duplex } from "node:stream";
import { Seconds, seconds } from "../../infra/config/types";
import { Access } from "../../components/cluster/access";
import { apiPort } from "../../components/cluster/paths";
import { SshClient, SshServer } from "../../components/remote/ssh";

/** What a tunnel needs of the world; tests put their own in. */
export interface TunnelWorld {
    /** The facts as they are now; they are read again before every choice. */
    readonly access: () => Access;
    readonly connect: (server: SshServer) => Promise<SshClient>;
    /** Rejects where the API at the other end of a connection is not ready. */
    readonly probe: (client: SshClient, access: Access) => Promise<void>;
    readonly log: (line: string) => void;
}

/** How often a standing connection is looked at, and how many misses end it. */
const probeInterval = seconds(10);
const probeMisses = 2;

/** How long a control plane that failed is passed over while there is another. */
const avoidFor = seconds(15);

/** Tries of one incoming connection before it is given up. */
const tries = 3;

/**
 * Asks the API server behind a connection whether it is ready. The SSH host key has told who is there, so the
 * certificate is left to the client of the tunnel.
 */
export async function probeApi(client: SshClient, access: Access): Promise<void> {
    const channel = await client.forward("127.0.0.1", apiPort);
    try {
        await askReady(channel, access.apiName, seconds(5));
    } finally {
        channel.destroy();
    }
}

function askReady(channel: Duplex, servername: string, limit: Seconds): Promise<void> {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({
            socket: channel,
            servername,
            rejectUnauthorized: false,
            ALPNProtocols: ["http/1.1"],
        });
        const timer = setTimeout(
            () => reject(new Error(`the API server did not answer within ${limit} s`)),
            limit * 1000,
        );
        socket.once("secureConnect", () =>
            socket.write(`GET /readyz HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`),
        );
        socket.once("data", (chunk: Buffer) => {
            clearTimeout(timer);
            // 401 and 403 are the answers of a ready server that knows no anonymous.
            const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(chunk.toString("latin1"))?.[1]);
            socket.destroy();
            return [200, 401, 403].includes(status)
                ? resolve()
                : reject(new Error(`the API server is not ready (HTTP ${status})`));
        });
        socket.once("error", (error) => (clearTimeout(timer), reject(error)));
        socket.once("close", () => (clearTimeout(timer), reject(new Error("the API server closed the connection"))));
    });
}

/**
 * A listener on 127.0.0.1 whose connections go through one kept SSH connection to a control plane whose API answers.
 * When that one dies or stops being ready, its connections are ended (their clients come again) and another is chosen.
 */
export class Tunnel {
    private current: SshClient | undefined;
    private choosing: Promise<SshClient> | undefined;
    private readonly avoided = new Map<string, number>();
    private readonly sockets = new Set<net.Socket>();
    private readonly server = net.createServer({ allowHalfOpen: true }, (socket) => void this.serve(socket));
    private probing: NodeJS.Timeout | undefined;
    private lastUse = Date.now();
    private misses = 0;

    constructor(private readonly world: TunnelWorld) {}

    /** Rejects with EADDRINUSE where somebody else listens already. Port 0 takes a free one. */
    listen(port: number): Promise<number> {
        return new Promise((resolve, reject) => {
            this.server.once("error", reject);
            this.server.listen({ host: "127.0.0.1", port }, () => {
                this.probing = setInterval(() => void this.check(), probeInterval * 1000);
                resolve((this.server.address() as net.AddressInfo).port);
            });
        });
    }

    /** Name of the control plane that is used now. */
    get through(): string | undefined {
        return this.current?.server.name;
    }

    /** Since when no connection has been open; 0 while one is. */
    get idle(): Seconds {
        return seconds(this.sockets.size > 0 ? 0 : (Date.now() - this.lastUse) / 1000);
    }

    /** The connection in use, or a new one to a control plane whose API answers. */
    route(): Promise<SshClient> {
        if (this.current) {
            return Promise.resolve(this.current);
        }
        this.choosing ??= this.choose().finally(() => (this.choosing = undefined));
        return this.choosing;
    }

    /** Gives a control plane up for a while. */
    drop(client: SshClient, reason: string): void {
        this.avoided.set(client.server.name, Date.now() + avoidFor * 1000);
        if (this.current === client) {
            this.current = undefined;
            this.world.log(`${client.server.name} is given up: ${reason}`);
        }
        client.close();
    }

    async close(): Promise<void> {
        clearInterval(this.probing);
        this.current?.close();
        this.current = undefined;
        for (const socket of this.sockets) {
            socket.destroy();
        }
        await new Promise<void>((resolve) => this.server.close(() => resolve()));
    }

    private async choose(): Promise<SshClient> {
        const access = this.world.access();
        const fresh = access.controlPlanes.filter(({ name }) => (this.avoided.get(name) ?? 0) < Date.now());
        const candidates = fresh.length > 0 ? fresh : access.controlPlanes;
        const opening = candidates.map(async (server) => {
            const client = await this.world.connect(server);
            try {
                await this.world.probe(client, access);
            } catch (error) {
                client.close();
                throw new Error(`${server.name}: ${(error as Error).message}`);
            }
            return client;
        });
        let chosen: SshClient;
        try {
            chosen = await Promise.any(opening);
        } catch (error) {
            for (const { name } of candidates) {
                this.avoided.delete(name);
            }
            const reasons = (error as AggregateError).errors.map((reason: Error) =>
                reason.message.replaceAll(/^/gm, "  "),
            );
            throw new Error(`fjord: no API server of ${access.stack} can be reached\n${reasons.join("\n")}`);
        }
        for (const other of opening) {
            other.then(
                (client) => client !== chosen && client.close(),
                () => undefined,
            );
        }
        chosen.onClose(() => {
            if (this.current === chosen) {
                this.current = undefined;
                this.world.log(`the connection to ${chosen.server.name} has ended`);
            }
        });
        this.current = chosen;
        this.world.log(`through ${chosen.server.name}`);
        return chosen;
    }

    private async serve(socket: net.Socket): Promise<void> {
        this.sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.once("close", () => {
            this.sockets.delete(socket);
            this.lastUse = Date.now();
        });
        for (let attempt = 1; attempt <= tries && !socket.destroyed; attempt++) {
            let client: SshClient | undefined;
            try {
                client = await this.route();
                const channel = await client.forward("127.0.0.1", apiPort);
                join(socket, channel);
                return;
            } catch (error) {
                if (client) {
                    this.drop(client, (error as Error).message);
                } else {
                    this.world.log((error as Error).message);
                    break;
                }
            }
        }
        socket.destroy();
    }

    private async check(): Promise<void> {
        const client = this.current;
        if (!client) {
            return;
        }
        try {
            const access = this.world.access();
            if (!access.controlPlanes.some(({ name }) => name === client.server.name)) {
                return this.drop(client, "it is no control plane of the stack any more");
            }
            await this.world.probe(client, access);
            this.misses = 0;
        } catch (error) {
            this.misses += 1;
            if (this.misses >= probeMisses) {
                this.misses = 0;
                this.drop(client, (error as Error).message);
            }
        }
    }
}

/** Ties both ends together, so that either end's death is the other's. */
function join(socket: net.Socket, channel: Duplex): void {
    socket.pipe(channel).pipe(socket);
    channel.once("error", () => socket.destroy());
    channel.once("close", () => socket.destroy());
    socket.once("close", () => channel.destroy());
}
