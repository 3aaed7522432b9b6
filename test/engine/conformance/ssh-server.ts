import { spawn } from "node:child_process";
import * as net from "node:net";
import { Server, utils, type AuthContext, type Connection, type Session } from "ssh2";
import { keyPair, type KeyPair } from "../../support/ssh-key";

/** The only variables that the server takes over, as AcceptEnv of an sshd would say it. */
const ACCEPTED_VARIABLES = ["GREETING", "PULUMI_COMMAND_STDOUT", "PULUMI_COMMAND_STDERR"];

/** A throwaway SSH server on 127.0.0.1 that runs commands as the user of the test, in /bin/sh. */
export class SshServer {
    /** The commands that were run, in order. */
    public readonly commands: string[] = [];
    /** Addresses that clients went on to through this server. */
    public readonly forwarded: string[] = [];
    /** How many connections were made, those included that were refused. */
    public connections = 0;
    private readonly open = new Set<Connection>();

    private constructor(
        private readonly server: Server,
        /** The server's own key. */
        public readonly hostKey: KeyPair,
        /** The key that the server lets in, as any user. */
        public readonly clientKey: KeyPair,
        /** The password that the server lets in, as any user. */
        public readonly password: string,
        public readonly port: number,
    ) {}

    /** Starts a server on a port of 127.0.0.1, a free one if none is named. */
    public static async start(port = 0): Promise<SshServer> {
        const hostKey = keyPair();
        const clientKey = keyPair();
        const server = new Server({ hostKeys: [hostKey.private] });
        await new Promise<void>((resolve, reject) => {
            server.once("error", reject);
            server.listen(port, "127.0.0.1", () => resolve());
        });
        const bound = server.address() as net.AddressInfo;
        const started = new SshServer(server, hostKey, clientKey, "let-me-in", bound.port);
        server.on("connection", (connection) => started.serve(connection));
        return started;
    }

    /** Ends all connections and stops listening. */
    public async stop(): Promise<void> {
        for (const connection of this.open) {
            connection.end();
        }
        await new Promise<void>((resolve) => this.server.close(() => resolve()));
    }

    private serve(connection: Connection): void {
        this.connections += 1;
        this.open.add(connection);
        connection
            // A client that hangs up in the middle of the handshake is what some tests are about.
            .on("error", () => connection.end())
            .on("close", () => this.open.delete(connection))
            .on("authentication", (context) =>
                this.admits(context) ? context.accept() : context.reject(["publickey", "password"]),
            )
            .on("session", (accept) => this.session(accept()))
            .on("tcpip", (accept, _reject, info) => {
                this.forwarded.push(`${info.destIP}:${info.destPort}`);
                const channel = accept();
                const socket = net.connect(info.destPort, info.destIP);
                socket.on("error", () => channel.end());
                channel.on("error", () => socket.destroy());
                channel.pipe(socket).pipe(channel);
            });
    }

    private admits(context: AuthContext): boolean {
        if (context.method === "password") {
            return context.password === this.password;
        }
        if (context.method !== "publickey") {
            return false;
        }
        const key = utils.parseKey(this.clientKey.public);
        if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) {
            return false;
        }
        return (
            context.signature === undefined ||
            key.verify(context.blob ?? "", context.signature, context.hashAlgo) === true
        );
    }

    private session(session: Session): void {
        const environment: NodeJS.ProcessEnv = { PATH: process.env.PATH };
        session.on("env", (accept, reject, info) => {
            if (!ACCEPTED_VARIABLES.includes(info.key)) {
                reject?.();
                return;
            }
            environment[info.key] = info.val;
            accept?.();
        });
        session.on("exec", (accept, _reject, info) => {
            this.commands.push(info.command);
            const channel = accept();
            const shell = spawn("/bin/sh", ["-c", info.command], { env: environment });
            channel.pipe(shell.stdin);
            // A command need not read what it is sent.
            shell.stdin.on("error", () => undefined);
            shell.stdout.on("data", (data: Buffer) => channel.write(data));
            shell.stderr.on("data", (data: Buffer) => channel.stderr.write(data));
            shell.on("close", (code) => {
                channel.exit(code ?? 255);
                channel.end();
            });
        });
    }
}
