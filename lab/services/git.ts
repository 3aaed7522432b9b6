import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Server, utils, type ParsedKey, type Session } from "ssh2";

/** Who may do what, as the server reads it at each login. Lines are `ssh-ed25519 AAAA...`, as in authorized_keys. */
export interface GitAccess {
    /** File of keys that may fetch and push. */
    readonly writers: string;
    /** File of keys that may only fetch: what a Git host calls deploy keys. */
    readonly readers: string;
}

/** A Git command that a client may run. */
export interface GitCommand {
    readonly service: "upload-pack" | "receive-pack";
    /** Path of the repository below the server's folder: `payments/infra-manifests.git`. */
    readonly repository: string;
}

/** Reads the command line that Git sends; undefined for anything else. Pure. */
export function gitCommand(line: string): GitCommand | undefined {
    const match = /^git[- ](upload-pack|receive-pack) '\/?([A-Za-z0-9_][\w.-]*(?:\/[A-Za-z0-9_][\w.-]*)*\.git)'$/.exec(
        line,
    );
    return match ? { service: match[1] as GitCommand["service"], repository: match[2] ?? "" } : undefined;
}

function readKeys(file: string): ParsedKey[] {
    if (!fs.existsSync(file)) {
        return [];
    }
    return fs
        .readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "")
        .flatMap((line) => {
            const key = utils.parseKey(line);
            return key instanceof Error ? [] : [key];
        });
}

const holds = (file: string, data: Buffer): boolean => readKeys(file).some((key) => key.getPublicSSH().equals(data));

function runGit(root: string, writer: boolean, session: Session): void {
    let protocol: string | undefined;
    session.on("env", (accept, _reject, info) => {
        protocol = info.key === "GIT_PROTOCOL" ? info.val : protocol;
        accept?.();
    });
    session.on("exec", (accept, _reject, { command }) => {
        const channel = accept();
        const refuse = (why: string): void => {
            process.stdout.write(`${new Date().toISOString()} refused: ${why}\n`);
            channel.stderr.write(`${why}\n`);
            channel.exit(1);
            channel.end();
        };
        const asked = gitCommand(command);
        const repository = path.join(root, asked?.repository ?? "");
        if (!asked) {
            refuse("only git-upload-pack and git-receive-pack are served here");
            return;
        }
        if (asked.service === "receive-pack" && !writer) {
            refuse(`this key may only read ${asked.repository}`);
            return;
        }
        if (!fs.existsSync(repository)) {
            refuse(`there is no repository ${asked.repository}`);
            return;
        }
        process.stdout.write(`${new Date().toISOString()} ${asked.service} ${asked.repository}\n`);
        const child = spawn("git", [asked.service, repository], {
            env: { ...process.env, ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }) },
        });
        channel.pipe(child.stdin);
        child.stdin.on("error", () => undefined);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
            channel.exit(code ?? 1);
            channel.end();
        });
        channel.on("close", () => child.kill());
    });
}

/** A Git server over SSH for one user name, `git`: no shell, no forwarding, two kinds of keys. */
export function gitServer(
    listen: { readonly address: string; readonly port: number },
    hostKey: string,
    root: string,
    access: GitAccess,
): Promise<Server> {
    const server = new Server({ hostKeys: [hostKey] }, (client) => {
        let writer = false;
        client.on("error", () => undefined);
        client.on("authentication", (context) => {
            const key = context.method === "publickey" ? context.key : undefined;
            if (context.method !== "publickey" || key === undefined || context.username !== "git") {
                context.reject(["publickey"]);
                return;
            }
            writer = holds(access.writers, key.data);
            const known = [...readKeys(access.writers), ...readKeys(access.readers)].find((candidate) =>
                candidate.getPublicSSH().equals(key.data),
            );
            const proven =
                !context.signature ||
                (known && context.blob && known.verify(context.blob, context.signature, context.hashAlgo) === true);
            if (known && proven) {
                context.accept();
            } else {
                context.reject(["publickey"]);
            }
        });
        client.on("ready", () => {
            client.on("session", (accept) => {
                runGit(root, writer, accept());
            });
        });
    });
    return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(listen.port, listen.address, () => resolve(server));
    });
}
