import * as net from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { Seconds, seconds, SshTarget } from "../../infra/config/types";
import { atMost } from "./at-most";

/** Who logs in, on the machine and on its jump host alike. The key lives in memory only. */
export type SshCredentials =
    { readonly kind: "key"; readonly privateKey: string } | { readonly kind: "agent"; readonly socket: string };

/** A server with the name that messages call it by. */
export interface SshServer extends SshTarget {
    /** `cp-01.osl.node` */
    readonly name: string;
}

/**
 * What went wrong with a connection; every kind has its own advice. `jump`: the jump host does not answer, or lets nobody
 * through, which says nothing about the machine behind it.
 */
export type SshFailure = "no-answer" | "refused" | "host-key" | "key" | "broken" | "timeout" | "jump";

/** A failure of SSH itself, never of the command that ran over it. */
export class SshError extends Error {
    constructor(
        readonly kind: SshFailure,
        readonly server: string,
        readonly problem: string,
        fix: string,
    ) {
        super(`fjord: ${server}: ${problem}\n  what to do: ${fix}`);
        this.name = "SshError";
    }
}

/** What a command left behind. `code` is null where a signal ended it. */
export interface SshResult {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

export interface SshExecOptions {
    /** What the command does, for messages: `ask the API for its nodes`. */
    readonly what: string;
    readonly stdin?: string;
    /**
     * Longest run, after which the connection is dropped. Bound the command itself with `timeout` too. Default 60 s.
     */
    readonly timeout?: Seconds;
}

/** An open connection. */
export interface SshClient {
    readonly server: SshServer;
    /** Runs a command line; it must hold no secret (others on the machine can read it), stdin may. */
    exec(command: string, options: SshExecOptions): Promise<SshResult>;
    /** A channel to a port as the machine sees it. */
    forward(host: string, port: number): Promise<Duplex>;
    /** Called once when the connection has ended, for whatever reason. */
    onClose(listener: () => void): void;
    close(): void;
}

export interface SshConnectOptions {
    /** Time for the whole way in, jump host included. Default 20 s. */
    readonly timeout?: Seconds;
}

/** Three missed answers, 5 s apart: a dead peer is noticed in 15 s. */
const keepAlive = { keepaliveInterval: 5_000, keepaliveCountMax: 3 };

/** sshd drops early connections at random when many knock at once (MaxStartups 10:30:100): those are tried again. */
const tries = 6;

/** Algorithms under which a pinned key may be shown; without the bound a server could show a key of another type. */
function hostKeyAlgorithms(type: string): ServerHostKeyAlgorithm[] {
    const algorithms = type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type];
    return algorithms as ServerHostKeyAlgorithm[];
}

function address(target: Omit<SshTarget, "jump">): string {
    return `${target.address}:${target.port}`;
}

/** The error in the words of the house. `verified` is false when it was the host key that was turned down. */
function explain(
    server: string,
    target: Omit<SshTarget, "jump">,
    limit: Seconds,
    verified: boolean,
    error: Error,
): SshError {
    const { level, code } = error as Error & { level?: string; code?: string };
    const at = address(target);
    if (!verified) {
        return new SshError(
            "host-key",
            server,
            `the SSH server at ${at} has another host key than the stack expects`,
            "if the machine was reinstalled, put its new host key into fjord:machines; if not, find out who answers there before going on",
        );
    }
    if (level === "client-authentication") {
        return new SshError(
            "key",
            server,
            `the SSH server at ${at} refused the key of user ${target.user}`,
            "check fjord:ssh (user, identityFile or agent) and the user's authorized_keys on the machine",
        );
    }
    if (level === "agent") {
        return new SshError(
            "key",
            server,
            "the SSH agent did not answer",
            "start it and add the key (ssh-add), or set fjord:ssh.identityFile",
        );
    }
    if (code === "ECONNREFUSED") {
        return new SshError(
            "refused",
            server,
            `nothing listens at ${at}`,
            "check that the SSH server runs there and that address and port are right",
        );
    }
    if (
        level === "client-timeout" ||
        code === "ETIMEDOUT" ||
        code === "EHOSTUNREACH" ||
        code === "ENETUNREACH" ||
        code === "ENOTFOUND"
    ) {
        return new SshError(
            "no-answer",
            server,
            `the machine did not answer at ${at} within ${limit} s`,
            "check that it is powered on and reachable from here, then run again: the stack goes on from there",
        );
    }
    return new SshError(
        "broken",
        server,
        `the SSH connection to ${at} broke (${error.message})`,
        "run again: a script that still runs there is waited for",
    );
}

function open(
    server: string,
    target: Omit<SshTarget, "jump">,
    credentials: SshCredentials,
    limit: Seconds,
    sock?: Duplex,
): Promise<Client> {
    const [type = "", key = ""] = target.hostKey.trim().split(/\s+/);
    const expected = Buffer.from(key, "base64");
    return new Promise((resolve, reject) => {
        const client = new Client();
        let verified = true;
        const config: ConnectConfig = {
            host: target.address,
            port: target.port,
            username: target.user,
            ...(sock ? { sock } : {}),
            ...(credentials.kind === "key" ? { privateKey: credentials.privateKey } : { agent: credentials.socket }),
            readyTimeout: limit * 1000,
            ...keepAlive,
            algorithms: { serverHostKey: hostKeyAlgorithms(type) },
            hostVerifier: (shown: Buffer) => (verified = expected.length > 0 && shown.equals(expected)),
        };
        client.once("ready", () => resolve(client));
        client.on("error", (error) => {
            // A server that has no key of the pinned type ends the handshake before it shows one.
            const otherType = /no matching host key format/i.test(error.message);
            client.destroy();
            reject(explain(server, target, limit, verified && !otherType, error));
        });
        client.once("close", () =>
            reject(explain(server, target, limit, verified, new Error("closed before the login was over"))),
        );
        try {
            client.connect(config);
        } catch (error) {
            reject(
                new SshError(
                    "key",
                    server,
                    `the private key cannot be used (${(error as Error).message})`,
                    "give an unencrypted OpenSSH or PEM key, or use the agent",
                ),
            );
        }
    });
}

async function openPatiently(
    server: string,
    target: Omit<SshTarget, "jump">,
    credentials: SshCredentials,
    deadline: number,
    sock?: () => Promise<Duplex>,
) {
    for (let attempt = 1; ; attempt++) {
        const left = seconds(Math.max(1, Math.ceil((deadline - Date.now()) / 1000)));
        try {
            return await open(server, target, credentials, left, await sock?.());
        } catch (error) {
            if (!(error instanceof SshError) || error.kind !== "broken" || attempt === tries || Date.now() > deadline) {
                throw error;
            }
            await sleep(200 * attempt + Math.random() * 300);
        }
    }
}

function channel(client: Client, host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) =>
        client.forwardOut("127.0.0.1", 0, host, port, (error, stream) => (error ? reject(error) : resolve(stream))),
    );
}

/** A jump host's silence, told apart from that of the machine. */
function ofJumpHost(error: Error): Error {
    return error instanceof SshError && (error.kind === "no-answer" || error.kind === "refused")
        ? new SshError(
              "jump",
              error.server,
              error.problem,
              "check the jump host and the way to it; nothing is known of the machine behind it, so run again when it answers",
          )
        : error;
}

/** SSH_OPEN_CONNECT_FAILED (RFC 4254, section 5.1): the jump host tried. Any other reason is the jump host's own. */
const connectFailed = 2;

/** Why a jump host opened no way to a machine. */
function noWay(server: SshServer, error: Error & { reason?: unknown }): SshError {
    return error.reason === connectFailed
        ? new SshError(
              "no-answer",
              server.name,
              `its jump host cannot reach ${address(server)} (${error.message})`,
              "check that the machine is powered on and reachable from the jump host, then run again",
          )
        : new SshError(
              "jump",
              server.name,
              `its jump host opens no way to ${address(server)} (${error.message})`,
              "check the jump host's SSH server (AllowTcpForwarding, PermitOpen, load), then run again",
          );
}

/**
 * Logs in, with the host key verified and the jump host's too.
 * @throws SshError naming the machine, the address and what to do
 */
export async function connect(
    server: SshServer,
    credentials: SshCredentials,
    options: SshConnectOptions = {},
): Promise<SshClient> {
    const deadline = Date.now() + (options.timeout ?? 20) * 1000;
    if (!server.jump) {
        return wrap(server, await openPatiently(server.name, server, credentials, deadline));
    }
    const hop = await openPatiently(`jump host of ${server.name}`, server.jump, credentials, deadline).catch(
        (error: Error) => {
            throw ofJumpHost(error);
        },
    );
    try {
        const client = await openPatiently(server.name, server, credentials, deadline, () =>
            channel(hop, server.address, server.port).catch((error: Error) => {
                throw noWay(server, error);
            }),
        );
        client.once("close", () => hop.end());
        return wrap(server, client);
    } catch (error) {
        hop.destroy();
        throw error;
    }
}

/**
 * Sessions of one connection at a time. sshd refuses the eleventh (MaxSessions), which is soon reached where a slow machine
 * is asked again and again; those that come after wait, as long as those before may take.
 */
const maxSessions = 6;

function wrap(server: SshServer, client: Client): SshClient {
    const inTurn = atMost(maxSessions);
    return {
        server,
        exec: (command, options) => inTurn(() => exec(server, client, command, options)),
        forward: (host, port) => channel(client, host, port),
        onClose: (listener) => void client.once("close", listener),
        close: () => void client.end(),
    };
}

function exec(server: SshServer, client: Client, command: string, options: SshExecOptions): Promise<SshResult> {
    const limit = options.timeout ?? 60;
    return new Promise((resolve, reject) => {
        const broken = () =>
            reject(
                new SshError(
                    "broken",
                    server.name,
                    `the SSH connection broke while it had to ${options.what}`,
                    "run again: a script that still runs there is waited for",
                ),
            );
        const timer = setTimeout(() => {
            client.off("close", broken);
            client.destroy();
            reject(
                new SshError(
                    "timeout",
                    server.name,
                    `it did not ${options.what} within ${limit} s`,
                    "look at the machine's load, disk and /var/log/fjord, then run again",
                ),
            );
        }, limit * 1000);
        client.once("close", broken);
        const settle = () => {
            clearTimeout(timer);
            client.off("close", broken);
        };
        const started = (error: Error | undefined, stream: ClientChannel): void => {
            if (error) {
                settle();
                return reject(
                    new SshError(
                        "broken",
                        server.name,
                        `no session to ${options.what} (${error.message})`,
                        "look at the machine's SSH server (MaxSessions, load), then run again",
                    ),
                );
            }
            const stdout: Buffer[] = [];
            const stderr: Buffer[] = [];
            let code: number | null = null;
            stream.on("data", (chunk: Buffer) => stdout.push(chunk));
            stream.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
            stream.on("exit", (status: number | null) => (code = status));
            stream.on("close", () => {
                settle();
                resolve({
                    code,
                    stdout: Buffer.concat(stdout).toString("utf8"),
                    stderr: Buffer.concat(stderr).toString("utf8"),
                });
            });
            // A command may end without reading all of its input.
            stream.on("error", () => undefined);
            stream.end(options.stdin ?? "");
        };
        try {
            client.exec(command, started);
        } catch {
            // The connection ended while this waited for its turn.
            settle();
            broken();
        }
    });
}

/** The operator's own credentials: the key file if one is configured, the agent if not. */
export function operatorCredentials(privateKey: string | undefined, agentSocket: string | undefined): SshCredentials {
    if (privateKey !== undefined) {
        return { kind: "key", privateKey };
    }
    if (agentSocket) {
        return { kind: "agent", socket: agentSocket };
    }
    throw new Error(
        "fjord: no SSH credentials: fjord:ssh.identityFile is not set and no SSH agent runs (SSH_AUTH_SOCK)\n  what to do: start an agent and add your key (ssh-add), or set fjord:ssh.identityFile",
    );
}

/** True where something accepts TCP connections on a port of this machine. */
export function portTaken(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = net.connect({ host: "127.0.0.1", port });
        socket.once("connect", () => (socket.destroy(), resolve(true)));
        socket.once("error", () => resolve(false));
    });
}
