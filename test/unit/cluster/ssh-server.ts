import * as net from "node:net";
import { Connection, Server, utils } from "ssh2";
import { SshServer } from "../../../components/remote/ssh";
import { keyPair } from "../../support/ssh-key";

/** A small SSH server on 127.0.0.1 with one user, one key, scripted commands and port forwarding. */
export interface TestServer {
    readonly target: SshServer;
    /** Ends every connection and the listener, as a machine that loses power. */
    stop(): Promise<void>;
}

export interface TestServerOptions {
    readonly name: string;
    /** The public key that may log in. */
    readonly authorized: string;
    readonly run?: (command: string, stdin: string) => { code: number; stdout?: string; stderr?: string } | "never";
    /** Where forwarded connections really go: nowhere where it says so. Absent: they are forbidden. */
    readonly forwardTo?: () => number | undefined;
}

export async function startServer(options: TestServerOptions): Promise<TestServer> {
    const host = keyPair();
    const connections = new Set<Connection>();
    const authorized = utils.parseKey(options.authorized);
    if (authorized instanceof Error) {
        throw authorized;
    }
    const server = new Server({ hostKeys: [host.private] }, (connection) => {
        connections.add(connection);
        connection.on("close", () => connections.delete(connection));
        connection.on("error", () => undefined);
        connection.on("authentication", (context) => {
            if (context.method !== "publickey" || !context.key.data.equals(authorized.getPublicSSH())) {
                return context.reject(["publickey"]);
            }
            return context.accept();
        });
        connection.on("session", (accept) => {
            accept().on("exec", (acceptExec, _reject, { command }) => {
                const channel = acceptExec();
                let stdin = "";
                channel.on("data", (chunk: Buffer) => (stdin += chunk.toString()));
                channel.on("end", () => {
                    const result = options.run?.(command, stdin) ?? { code: 0 };
                    if (result === "never") {
                        return;
                    }
                    channel.write(result.stdout ?? "");
                    channel.stderr.write(result.stderr ?? "");
                    channel.exit(result.code);
                    channel.end();
                });
            });
        });
        const { forwardTo } = options;
        if (!forwardTo) {
            return;
        }
        connection.on("tcpip", (accept, reject) => {
            const port = forwardTo();
            if (port === undefined) {
                return reject();
            }
            const upstream = net.connect({ host: "127.0.0.1", port });
            upstream.once("connect", () => {
                const channel = accept();
                channel.on("error", () => upstream.destroy());
                channel.on("close", () => upstream.destroy());
                channel.pipe(upstream).pipe(channel);
            });
            upstream.once("error", () => reject());
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    return {
        target: { name: options.name, address: "127.0.0.1", port, user: "root", hostKey: host.public },
        stop: async () => {
            for (const connection of connections) {
                connection.end();
            }
            await new Promise<void>((resolve) => server.close(() => resolve()));
        },
    };
}
