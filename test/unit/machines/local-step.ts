import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { TestContext } from "node:test";
import { SshServer } from "../../../components/remote/ssh";
import { keyPair } from "../../support/ssh-key";
import { startServer, TestServer, TestServerOptions } from "../cluster/ssh-server";

/** A hypervisor's SSH server, and the file with the key that it lets in. */
export interface Reached {
    readonly server: TestServer;
    readonly hypervisor: SshServer;
    readonly identityFile: string;
}

/** Starts `hv-02` for the time of a test. */
export async function startHypervisor(t: TestContext, run?: TestServerOptions["run"]): Promise<Reached> {
    const key = keyPair();
    const server = await startServer({ name: "hv-02", authorized: key.public, ...(run && { run }) });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-step-"));
    t.after(async () => {
        fs.rmSync(folder, { recursive: true });
        await server.stop();
    });
    const identityFile = path.join(folder, "key");
    fs.writeFileSync(identityFile, key.private);
    return { server, hypervisor: server.target, identityFile };
}

/** Runs a step of components/machines/libvirt as Pulumi does: in the project's folder, with its task on stdin. */
export async function runStep(
    args: readonly string[],
    task: object,
    environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly code: number; readonly words: string }> {
    const [file = "", ...rest] = args;
    const child = spawn(process.execPath, ["--require", "tsx/cjs", `components/machines/libvirt/${file}`, ...rest], {
        cwd: path.join(__dirname, "../../.."),
        env: { ...process.env, ...environment },
    });
    child.stdin.end(JSON.stringify(task));
    let words = "";
    child.stderr.on("data", (data: Buffer) => (words += String(data)));
    const [code] = (await once(child, "close")) as [number];
    return { code, words };
}
