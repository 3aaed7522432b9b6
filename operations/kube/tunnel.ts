import * as fs from "node:fs";
import { readAccess } from "../../components/cluster/access";
import { stackFiles } from "../../components/cluster/home";
import { operatorAccount, paths } from "../../components/cluster/paths";
import { connect, operatorCredentials, SshClient } from "../../components/remote/ssh";
import { seconds } from "../../infra/config/types";
import { ControlReply, ControlRequest, serveControl, Token } from "./control";
import { probeApi, Tunnel } from "./tunnel-server";

/** Without connections for this long, and with no token out that is still good, the tunnel ends. */
const idleLimit = seconds(600);
const lookAround = 5_000;

/** Mints a token of one hour on the control plane that the tunnel goes through. */
async function mint(client: SshClient): Promise<Token> {
    const { namespace, name } = operatorAccount;
    const sudo = client.server.user === "root" ? "" : "sudo -n ";
    const command = `${sudo}timeout 20 kubectl --kubeconfig ${paths.adminKubeconfig} create token ${name} -n ${namespace} --duration 1h -o json`;
    const { code, stdout, stderr } = await client.exec(command, { what: "mint a token", timeout: seconds(25) });
    if (code !== 0) {
        throw new Error(
            `fjord: ${client.server.name}: no token could be minted: ${stderr.trim().slice(-300)}\n  what to do: check that the cluster is set up (pulumi up) and its API healthy`,
        );
    }
    const { status } = JSON.parse(stdout) as { status: { token: string; expirationTimestamp: string } };
    return { token: status.token, expires: status.expirationTimestamp };
}

/**
 * The tunnel of one stack: a process of its own, started by `access.ts` when it is needed, one per stack and user. It
 * logs in with the operator's own key or agent.
 */
async function main(stack: string): Promise<void> {
    const files = stackFiles(stack);
    const { accessPort } = readAccess(stack);
    const log = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);
    let agent = process.env["SSH_AUTH_SOCK"];
    const tunnel = new Tunnel({
        access: () => readAccess(stack),
        connect: (server) => {
            const { identityFile } = readAccess(stack);
            return connect(server, operatorCredentials(identityFile && fs.readFileSync(identityFile, "utf8"), agent));
        },
        probe: probeApi,
        log,
    });
    // The port is what two tunnels of one stack cannot both have: whoever loses it ends here.
    await tunnel.listen(accessPort);

    let tokenGoodUntil = 0;
    const token = async (): Promise<Token> => {
        const client = await tunnel.route();
        try {
            return await mint(client);
        } catch (error) {
            tunnel.drop(client, (error as Error).message);
            return mint(await tunnel.route());
        }
    };
    const answer = async (request: ControlRequest): Promise<ControlReply> => {
        agent = request.agent ?? agent;
        const about = () => ({
            ok: true as const,
            stack,
            port: accessPort,
            pid: process.pid,
            ...(tunnel.through ? { through: tunnel.through } : {}),
        });
        if (request.op === "stop") {
            setImmediate(() => void end("asked to"));
            return about();
        }
        if (request.op === "status") {
            return about();
        }
        const minted = await token();
        tokenGoodUntil = Date.parse(minted.expires);
        return { ...about(), token: minted };
    };
    const control = await serveControl(files.tunnelSocket, answer);
    fs.writeFileSync(files.tunnelPid, `${process.pid}\n`, { mode: 0o600 });
    log(`listening on 127.0.0.1:${accessPort}`);

    const end = async (why: string): Promise<never> => {
        log(`ends: ${why}`);
        control.close();
        fs.rmSync(files.tunnelPid, { force: true });
        await Promise.race([tunnel.close(), new Promise((resolve) => setTimeout(resolve, 1000))]);
        process.exit(0);
    };
    const reasonToEnd = (): string | undefined => {
        try {
            if (readAccess(stack).accessPort !== accessPort) {
                return "the stack has another access port now";
            }
        } catch {
            return "the stack's access is gone";
        }
        // A process that holds a good token asks for no new one and so would not start the tunnel again.
        return tunnel.idle > idleLimit && Date.now() > tokenGoodUntil ? `no connection for ${idleLimit} s` : undefined;
    };
    setInterval(() => {
        const why = reasonToEnd();
        if (why) {
            void end(why);
        }
    }, lookAround);
    process.on("SIGTERM", () => void end("SIGTERM"));
    process.on("SIGINT", () => void end("SIGINT"));
}

main(process.argv[2] ?? "").catch((error: NodeJS.ErrnoException) => {
    process.stderr.write(`${error.code === "EADDRINUSE" ? "fjord: the access port is taken" : error.message}\n`);
    process.exit(1);
});
