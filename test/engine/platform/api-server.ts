import { ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { AddressInfo, createServer } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What kubectl said. */
export interface KubectlResult {
    readonly code: number | null;
    readonly output: string;
}

/** A real etcd and kube-apiserver on loopback ports of their own, without nodes or controllers. */
export interface ApiServer {
    kubectl(args: readonly string[], stdin?: string): KubectlResult;
    stop(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
    const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
    await Promise.all(servers.map((server) => once(server, "listening")));
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    await Promise.all(servers.map((server) => once(server.close(), "close")));
    return ports;
}

function start(folder: string, binary: string, args: readonly string[]): ChildProcess {
    const log = fs.openSync(path.join(folder, `${path.basename(binary)}.log`), "w");
    const child = spawn(binary, args, { stdio: ["ignore", log, log] });
    fs.closeSync(log);
    return child;
}

async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
    }
}

function accessFile(folder: string, port: number, token: string): string {
    const file = path.join(folder, "kubeconfig");
    const server = `https://127.0.0.1:${port}`;
    const config = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "test", cluster: { server, "certificate-authority": path.join(folder, "apiserver.crt") } }],
        users: [{ name: "test", user: { token } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
        "current-context": "test",
    };
    fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
}

/**
 * Starts them and waits until the API is ready.
 * @throws after a minute, with the end of the API server's log.
 */
export async function startApiServer(binaries: string): Promise<ApiServer> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-api-"));
    const [client, peer, secure] = (await freePorts(3)) as [number, number, number];
    const token = randomBytes(16).toString("hex");
    const account = path.join(folder, "account.pem");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    fs.writeFileSync(account, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    fs.writeFileSync(path.join(folder, "tokens.csv"), `${token},test,test,system:masters\n`, { mode: 0o600 });

    const urls = { client: `http://127.0.0.1:${client}`, peer: `http://127.0.0.1:${peer}` };
    const etcd = start(folder, path.join(binaries, "etcd"), [
        `--data-dir=${path.join(folder, "etcd")}`,
        `--listen-client-urls=${urls.client}`,
        `--advertise-client-urls=${urls.client}`,
        `--listen-peer-urls=${urls.peer}`,
        `--initial-advertise-peer-urls=${urls.peer}`,
        `--initial-cluster=default=${urls.peer}`,
        "--unsafe-no-fsync",
    ]);
    const api = start(folder, path.join(binaries, "kube-apiserver"), [
        `--etcd-servers=${urls.client}`,
        "--bind-address=127.0.0.1",
        `--secure-port=${secure}`,
        `--cert-dir=${folder}`,
        "--service-account-issuer=https://test",
        `--service-account-key-file=${account}`,
        `--service-account-signing-key-file=${account}`,
        `--token-auth-file=${path.join(folder, "tokens.csv")}`,
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        // There is no controller that would make the accounts that pods name.
        "--disable-admission-plugins=ServiceAccount",
    ]);
    const kubeconfig = accessFile(folder, secure, token);
    const kubectl: ApiServer["kubectl"] = (args, stdin) => {
        const options = { input: stdin ?? "", encoding: "utf8", timeout: 60_000 } as const;
        const all = ["--kubeconfig", kubeconfig, ...args];
        const { status, stdout, stderr } = spawnSync(path.join(binaries, "kubectl"), all, options);
        return { code: status, output: `${stdout}${stderr}` };
    };
    const stop = async () => {
        await end(api);
        await end(etcd);
        fs.rmSync(folder, { recursive: true });
    };
    for (const deadline = Date.now() + 60_000; kubectl(["get", "--raw", "/readyz"]).code !== 0; ) {
        if (Date.now() > deadline || api.exitCode !== null) {
            const log = fs.readFileSync(path.join(folder, "kube-apiserver.log"), "utf8").slice(-2000);
            await stop();
            throw new Error(`the API server is not ready:\n${log}`);
        }
        await sleep(300);
    }
    return { kubectl, stop };
}
