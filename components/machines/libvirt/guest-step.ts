import { setTimeout as sleep } from "node:timers/promises";
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { Seconds, seconds } from "../../../infra/config/types";
import { finishRestart, RestartedMachine, restartMachine } from "../../cluster/machine-restart";
import { Session } from "../../cluster/session";
import { connect, operatorCredentials, SshClient, SshError, SshResult, SshServer } from "../../remote/ssh";
import { runScript as runOn } from "../../remote/run";
import { ScriptMode, ScriptValue } from "../../remote/script";
import { expandHome } from "../expand-home";
import { consolePath, domainName } from "./identity";
import { bootLimits, GuestVerb, guestParams, ownLimit } from "./guest-script";
import { GuestTask } from "./guest-task";
import { domainIsOff } from "./power";
import { reachToRemove } from "./reach";

/** Kinds of SSH failure of a guest that boots: nobody is there yet, or sshd is started anew by cloud-init. */
const booting = ["no-answer", "refused", "broken", "timeout"];

/** cloud-init's exit codes since 23.4: done; done with errors that it recovered from. */
const cloudInitDone = [0, 2];

function hypervisorCredentials({ identityFile }: GuestTask) {
    const key = identityFile === undefined ? undefined : fs.readFileSync(expandHome(identityFile), "utf8");
    return operatorCredentials(key, process.env["SSH_AUTH_SOCK"]);
}

const guestServer = ({ fqdn, guest, hostKey }: GuestTask): SshServer => ({
    name: fqdn,
    address: guest.address,
    port: 22,
    user: guest.user,
    hostKey: hostKey.publicKey,
});

interface Script {
    readonly file: "base-image.sh" | "guest.sh" | "grow.sh";
    readonly step: string;
    readonly mode?: ScriptMode;
    readonly params: Readonly<Record<string, ScriptValue>>;
    /** What it may take for itself. */
    readonly timeout: Seconds;
    /** How long to wait for another script on the machine; default 300 s. */
    readonly lockWait?: Seconds;
}

/** Runs a script of this folder; `drift` only in check mode. */
async function runScript(client: SshClient, script: Script): Promise<"done" | "drift"> {
    const file = path.join(__dirname, "scripts", script.file);
    const { drift } = await runOn(client, { mode: "apply", ...script, node: client.server.name, file });
    return drift ? "drift" : "done";
}

const onHypervisor = (client: SshClient, task: GuestTask, verb: GuestVerb, mode?: ScriptMode): Promise<"done" | "drift"> =>
    runScript(client, {
        file: "guest.sh",
        step: `guest-${task.guest.name}`,
        ...(mode && { mode }),
        params: guestParams(verb, task),
        timeout: ownLimit(verb),
    });

/** Lets the guest's file system take what its disk has got. */
async function growFileSystem(task: GuestTask): Promise<void> {
    const guest = await connect(guestServer(task), { kind: "key", privateKey: task.privateKey });
    await runScript(guest, { file: "grow.sh", step: "grow", params: {}, timeout: seconds(120) });
    guest.close();
}

/** The end of what the guest wrote to its console, as lines that an error can hold. */
async function consoleTail(client: SshClient, { guest, hypervisor }: GuestTask): Promise<string> {
    const sudo = hypervisor.user === "root" ? "" : "sudo -n ";
    const file = consolePath(domainName(guest.region, guest.name));
    const { stdout } = await client
        .exec(`${sudo}tail -c 4000 ${file}`, { what: "read the guest's console", timeout: seconds(20) })
        .catch(() => ({ stdout: "" }));
    const lines = stdout
        .replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "")
        .replaceAll(/[^\n\x20-\x7e]/g, "")
        .split("\n")
        .filter((line) => line.trim() !== "");
    return lines.slice(-12).map((line) => `\n  | ${line.slice(0, 160)}`).join("");
}

/** Waits until the guest lets the stack in, whatever its first boot does to sshd meanwhile. */
async function enterGuest(task: GuestTask, deadline: number): Promise<SshClient> {
    for (;;) {
        try {
            return await connect(guestServer(task), { kind: "key", privateKey: task.privateKey }, { timeout: seconds(10) });
        } catch (error) {
            if (!(error instanceof SshError) || !booting.includes(error.kind) || Date.now() > deadline) {
                throw error;
            }
            await sleep(1000);
        }
    }
}

/**
 * What cloud-init says when it is done. A connection that breaks meanwhile, as it does on a machine that is short of CPU,
 * is made anew.
 */
async function cloudInit(task: GuestTask, deadline: number): Promise<SshResult> {
    for (;;) {
        const guest = await enterGuest(task, deadline);
        const left = seconds(Math.max(30, Math.ceil((deadline - Date.now()) / 1000)));
        try {
            return await guest.exec(`timeout ${left} cloud-init status --wait --long`, {
                what: "wait for cloud-init",
                timeout: seconds(left + 10),
            });
        } catch (error) {
            if (!(error instanceof SshError) || Date.now() > deadline) {
                throw error;
            }
        } finally {
            guest.close();
        }
    }
}

/** Waits until a guest that was started has booted and is set up; on failure its console is part of the error. */
async function waitForGuest(client: SshClient, task: GuestTask): Promise<void> {
    const limit: Seconds = bootLimits[task.guest.acceleration];
    const deadline = Date.now() + limit * 1000;
    const failed = async (problem: string, fix: string): Promise<Error> =>
        new Error(
            `fjord: ${task.fqdn}: step boot failed: ${problem}; the end of its console:${await consoleTail(client, task)}\n  what to do: ${fix}\n` +
                `  log: ${consolePath(domainName(task.guest.region, task.guest.name))} on ${task.hypervisor.name}`,
        );
    let result: SshResult;
    try {
        result = await cloudInit(task, deadline);
    } catch (error) {
        const reason = (error as Error).message.split("\n")[0]?.replace(/^fjord: /, "") ?? "";
        throw await failed(
            `it could not be entered within ${limit} s (${reason})`,
            "see whether it boots, and whether its address and the bridge are right; run again: it goes on from there",
        );
    }
    const { code, stdout } = result;
    if (code === null || !cloudInitDone.includes(code)) {
        throw await failed(
            `cloud-init did not end well (code ${code}): ${stdout.trim().split("\n").slice(-3).join(" ")}`,
            "see /var/log/cloud-init.log on the guest, mend the image, run again",
        );
    }
}

/**
 * The base is there where the stack's own step has just put it there. That step is not run again for a guest that comes
 * later, and meanwhile another region on the same hypervisor may have found the base unused and removed it.
 */
async function putBase(client: SshClient, { guest, base }: GuestTask): Promise<void> {
    await runScript(client, {
        file: "base-image.sh",
        step: `base-${guest.name}`,
        params: base.params,
        timeout: base.timeout,
        // Another guest's may be loading it.
        lockWait: seconds(900),
    });
}

async function create(client: SshClient, task: GuestTask): Promise<void> {
    await putBase(client, task);
    await onHypervisor(client, task, "create");
    await waitForGuest(client, task);
    await onHypervisor(client, task, "settle");
}

/** What can be changed while it runs, and then, where there is need, a restart with its pods moved away. */
async function update(client: SshClient, task: GuestTask): Promise<void> {
    const session = new Session({ kind: "key", privateKey: task.privateKey });
    const machine = restarted(client, task);
    try {
        await onHypervisor(client, task, "change");
        if ((await onHypervisor(client, task, "restart", "check")) === "drift") {
            await restartMachine(session, machine, async () => {
                await onHypervisor(client, task, "restart");
                await waitForGuest(client, task);
            });
        }
        // Whether or not the disk has just been made larger: an earlier run may have ended in between.
        await growFileSystem(task);
        // As may have one that restarted it: pulumi runs a failed or killed update again, with no drift left.
        await finishRestart(session, machine);
    } finally {
        session.close();
    }
}

/** The guest as a machine that is restarted alone, and with its pods moved away. */
function restarted(client: SshClient, task: GuestTask): RestartedMachine {
    const { guest, fqdn, role, drainTimeout, hypervisor } = task;
    const { name: _, ...ssh } = guestServer(task);
    const domain = domainName(guest.region, guest.name);
    return {
        region: guest.region,
        name: guest.name,
        fqdn,
        role,
        nodeAddress: guest.address,
        ssh,
        drainTimeout,
        limit: bootLimits[guest.acceleration],
        off: () => domainIsOff(client, domain),
        switchOff: `virsh destroy ${domain} on ${hypervisor.name}`,
    };
}

const verbs: Readonly<Record<string, (client: SshClient, task: GuestTask) => Promise<void>>> = {
    create,
    update,
    delete: async (client, task) => void (await onHypervisor(client, task, "delete")),
};

async function main(verb: string): Promise<void> {
    const run = verbs[verb];
    if (!run) {
        throw new Error(`fjord: no step is named "${verb}"; there are ${Object.keys(verbs).join(", ")}`);
    }
    const task = JSON.parse(await text(process.stdin)) as GuestTask;
    const { hypervisor, guest } = task;
    const reach = () => connect(hypervisor, hypervisorCredentials(task));
    const client =
        verb === "delete" ? await reachToRemove(hypervisor.name, domainName(guest.region, guest.name), reach) : await reach();
    // Where the hypervisor was given up, so was the guest.
    if (client) {
        await run(client, task);
        client.close();
    }
}

// Ended by hand: a connection that is still being tried would keep the process for its timeout.
main(process.argv[2] ?? "").then(
    () => process.exit(0),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    },
);
