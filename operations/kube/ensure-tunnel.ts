import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readAccess } from "../../components/cluster/access";
import { stackFiles } from "../../components/cluster/home";
import { portTaken } from "../../components/remote/ssh";
import { ask, ControlReply, ControlRequest } from "./control";

/** A fresh process has loaded and listens within a second or two; a busy computer gets more. */
const startLimit = 20_000;
const project = path.resolve(__dirname, "../..");

type Running = Extract<ControlReply, { ok: true }>;

function request(op: ControlRequest["op"]): ControlRequest {
    const agent = process.env["SSH_AUTH_SOCK"];
    return { op, ...(agent ? { agent } : {}) };
}

async function running(stack: string, port: number): Promise<Running | undefined> {
    const reply = await ask(stackFiles(stack).tunnelSocket, request("status"));
    return reply?.ok && reply.stack === stack && reply.port === port ? reply : undefined;
}

/** Starts a tunnel that outlives this process. */
function start(stack: string): void {
    const log = fs.openSync(stackFiles(stack).tunnelLog, "w", 0o600);
    const child = spawn(process.execPath, ["--import", "tsx", "operations/kube/tunnel.ts", stack], {
        cwd: project,
        detached: true,
        stdio: ["ignore", log, log],
    });
    child.unref();
    fs.closeSync(log);
}

/**
 * Makes sure that the stack's tunnel runs, and that it is this stack's: a foreign listener on the port is an error.
 * @throws with what to do
 */
export async function ensureTunnel(stack: string): Promise<Running> {
    const { accessPort } = readAccess(stack);
    const files = stackFiles(stack);
    const found = await running(stack, accessPort);
    if (found) {
        return found;
    }
    if (await portTaken(accessPort)) {
        // It may be this stack's own tunnel, a moment before it can be asked.
        await sleep(1500);
        const late = await running(stack, accessPort);
        if (late) {
            return late;
        }
        throw new Error(
            `fjord: port ${accessPort} on this computer is taken, and not by the tunnel of ${stack}\n  what to do: end what listens there (ss -ltnp 'sport = :${accessPort}'), or choose another fjord:kubernetes.accessPort`,
        );
    }
    start(stack);
    const deadline = Date.now() + startLimit;
    while (Date.now() < deadline) {
        await sleep(100);
        const started = await running(stack, accessPort);
        if (started) {
            return started;
        }
    }
    const said = fs.readFileSync(files.tunnelLog, "utf8").trim().split("\n").slice(-3).join("\n  | ");
    throw new Error(
        `fjord: the tunnel of ${stack} did not start within ${startLimit / 1000} s\n  | ${said}\n  log: ${files.tunnelLog}`,
    );
}

/** Ends the stack's tunnel, if one runs. */
export async function stopTunnel(stack: string): Promise<void> {
    await ask(stackFiles(stack).tunnelSocket, request("stop"));
}

/** Has a token minted, through the tunnel. */
export async function mintToken(stack: string): Promise<Running> {
    await ensureTunnel(stack);
    const reply = await ask(stackFiles(stack).tunnelSocket, request("token"));
    if (!reply?.ok) {
        throw new Error(reply?.error ?? `fjord: the tunnel of ${stack} ended\n  log: ${stackFiles(stack).tunnelLog}`);
    }
    return reply;
}
