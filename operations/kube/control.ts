import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { Seconds, seconds } from "../../infra/config/types";

/**
 * What a tunnel can be asked. `agent` is the asker's SSH agent, which may be newer than the one the tunnel was started
 * with.
 */
export interface ControlRequest {
    readonly op: "status" | "token" | "stop";
    readonly agent?: string;
}

/** What it answers. */
export type ControlReply =
    | {
          readonly ok: true;
          readonly stack: string;
          readonly port: number;
          readonly pid: number;
          readonly through?: string;
          readonly token?: Token;
      }
    | { readonly ok: false; readonly error: string };

/** A token of the operator's account. */
export interface Token {
    readonly token: string;
    /** RFC 3339 */
    readonly expires: string;
}

/** Longest path of a Unix socket that every system takes (sun_path, less some room). */
const longestSocketPath = 100;

/**
 * The path itself, or a short stand-in for it where it is too long for a socket: in a folder that only this user can
 * enter.
 */
export function socketPath(file: string): string {
    if (Buffer.byteLength(file) <= longestSocketPath) {
        return file;
    }
    const folder = path.join(os.tmpdir(), `fjord-${os.userInfo().uid}`);
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = fs.lstatSync(folder);
    if (uid !== os.userInfo().uid || (mode & 0o777) !== 0o700) {
        throw new Error(
            `fjord: ${folder} belongs to somebody else\n  what to do: remove it, or set FJORD_HOME to a shorter path`,
        );
    }
    return path.join(folder, `${crypto.createHash("sha256").update(file).digest("hex").slice(0, 16)}.sock`);
}

/** Answers requests on a Unix socket, one JSON line each way. A socket that an ended process left is replaced. */
export function serveControl(
    file: string,
    answer: (request: ControlRequest) => Promise<ControlReply>,
): Promise<net.Server> {
    const at = socketPath(file);
    fs.rmSync(at, { force: true });
    const server = net.createServer((socket) => {
        let line = "";
        socket.setEncoding("utf8");
        socket.on("error", () => socket.destroy());
        socket.on("data", (text: string) => {
            line += text;
            if (!line.includes("\n")) {
                return;
            }
            const request = JSON.parse(line) as ControlRequest;
            line = "";
            answer(request).then(
                (reply) => socket.end(`${JSON.stringify(reply)}\n`),
                (error: Error) => socket.end(`${JSON.stringify({ ok: false, error: error.message })}\n`),
            );
        });
    });
    return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(at, () => {
            fs.chmodSync(at, 0o600);
            resolve(server);
        });
    });
}

/** Asks the tunnel of a stack; undefined where none listens. */
export function ask(
    file: string,
    request: ControlRequest,
    limit: Seconds = seconds(45),
): Promise<ControlReply | undefined> {
    return new Promise((resolve, reject) => {
        const socket = net.connect(socketPath(file));
        let text = "";
        const timer = setTimeout(() => {
            socket.destroy();
            reject(
                new Error(
                    `fjord: the tunnel did not answer within ${limit} s\n  what to do: end it (its pid is in tunnel.pid beside ${file}) and run again`,
                ),
            );
        }, limit * 1000);
        socket.setEncoding("utf8");
        socket.once("connect", () => socket.write(`${JSON.stringify(request)}\n`));
        socket.on("data", (chunk: string) => (text += chunk));
        socket.once("error", () => (clearTimeout(timer), resolve(undefined)));
        socket.once("close", () => {
            clearTimeout(timer);
            resolve(text.endsWith("\n") ? (JSON.parse(text) as ControlReply) : undefined);
        });
    });
}
