import { Role, Seconds, seconds, SshTarget } from "../../infra/config/types";
import { SshError } from "../remote/ssh";
import { readAccess } from "./access";
import { aside, waitHealthy } from "./aside";
import { alone } from "./change";
import { finishAside } from "./finish-aside";
import { findLive, LiveCluster, waitFor } from "./live";
import { paths } from "./paths";
import { Session, StepError } from "./session";
import { letIn } from "./set-aside";
import { Member } from "./spec";

/** A machine that is going to be restarted by its maker. */
export interface RestartedMachine {
    /** `no-oslo-1` */
    readonly region: string;
    readonly name: string;
    /** `worker-01.osl.node` */
    readonly fqdn: string;
    readonly role: Role;
    readonly nodeAddress: string;
    readonly ssh: SshTarget;
    readonly drainTimeout: Seconds;
    /** How long it may take from the work's end until its node is Ready again. */
    readonly limit: Seconds;
    /** Whether its maker says that it is switched off. Asked where it does not answer. */
    readonly off: () => Promise<boolean>;
    /** How a person switches it off, for messages: `virsh destroy no-oslo-1-worker-01 on hv-01`. */
    readonly switchOff: string;
}

const memberOf = ({ name, fqdn, role, nodeAddress, ssh }: RestartedMachine): Member => ({
    name,
    fqdn,
    role,
    nodeAddress,
    ssh,
    labels: {},
    taints: [],
});

/** The control planes are those that the region's program wrote down for access. */
function controlPlanesOf(machine: RestartedMachine): readonly Member[] {
    return readAccess(machine.region).controlPlanes.map(
        ({ name, nodeAddress, ...ssh }): Member => ({
            ...memberOf(machine),
            name,
            fqdn: name,
            role: "control-plane",
            nodeAddress,
            ssh,
        }),
    );
}

/** A node that has been joined has this file. Said in words: sudo that fails ends with code 1 too. */
const question = `sh -c 'if test -e ${paths.kubeletKubeconfig}; then echo member; else echo none; fi'`;

/**
 * Whether pods may run on a machine. One that does not answer may well serve: its silence is taken for a no only where
 * it is switched off.
 */
async function serves(session: Session, machine: RestartedMachine): Promise<boolean> {
    let problem: string;
    try {
        const { code, stdout, stderr } = await session.run(memberOf(machine), question, {
            what: "see whether it is a member",
        });
        const answer = stdout.trim();
        if (answer === "member" || answer === "none") {
            return answer === "member";
        }
        problem = stderr.trim().split("\n").at(-1)?.slice(0, 300) || `the question ended with code ${code}`;
    } catch (error) {
        problem = error instanceof SshError ? error.problem : (error as Error).message;
    }
    if (await machine.off()) {
        return false;
    }
    throw StepError.of(
        machine.fqdn,
        "restart",
        `it runs, but cannot be asked whether it is a member of the cluster: ${problem}; nothing was restarted`,
        `see that SSH answers there from here (its firewall lets in fjord:ssh.allowFrom), then run again; a machine that hangs is started anew once it is switched off (${machine.switchOff})`,
    );
}

/** An API server that answers, rather another one than the machine's own. */
async function liveFor(session: Session, machine: RestartedMachine): Promise<LiveCluster | undefined> {
    const others = controlPlanesOf(machine).filter((other) => other.fqdn !== machine.fqdn);
    const own = machine.role === "control-plane" ? [memberOf(machine)] : [];
    return (await findLive(session, others)) ?? (await findLive(session, own));
}

/**
 * Restarts a machine: where it is a member of the region's cluster, alone, with the cluster healthy before and after,
 * and its pods moved away meanwhile.
 *
 * @throws StepError where it runs and does not answer, and where no API server does: nothing was restarted then
 */
export async function restartMachine(
    session: Session,
    machine: RestartedMachine,
    work: () => Promise<void>,
): Promise<void> {
    const { region, fqdn, drainTimeout, limit } = machine;
    if (!(await serves(session, machine))) {
        return work();
    }
    await alone(region, fqdn, async () => {
        const live = await liveFor(session, machine);
        if (!live) {
            throw StepError.of(
                fqdn,
                "restart",
                "it is a member of a cluster of which no API server answers",
                "bring a control plane back, then run again; nothing was restarted",
            );
        }
        const nodes = await live.nodes();
        const ready = new Set(nodes.filter((node) => node.ready).map((node) => node.name));
        const before = nodes.find((node) => node.name === fqdn)?.bootId;
        await waitHealthy(live, fqdn, seconds(300), ready);
        const back = (node: { readonly bootId: string }): boolean => node.bootId !== before;
        try {
            await aside(
                session,
                live,
                { member: memberOf(machine), ready, drainTimeout, limit, back, reason: "restart" },
                work,
            );
        } catch (error) {
            // Where it was not even stopped: the stack may be set back, and no run would look at the node again.
            const node = await live.node(fqdn).catch(() => undefined);
            if (node?.ready && !back(node)) {
                await letIn(live, fqdn).catch(() => undefined);
            }
            throw error;
        }
    });
}

/** How long an API server may take that was restarted itself a moment ago. */
const apiPatience = seconds(60);

/** Lets a machine's pods in again where an earlier run restarted it and did not come to its end. */
export async function finishRestart(session: Session, machine: RestartedMachine): Promise<void> {
    if (!(await serves(session, machine))) {
        return;
    }
    const live = await waitFor(apiPatience, () => liveFor(session, machine));
    if (!live) {
        throw StepError.of(
            machine.fqdn,
            "restart",
            "the machine is as the stack wants it, but no API server says whether its node takes pods again",
            "bring a control plane back, then run again",
        );
    }
    await finishAside(live, machine.region, machine.fqdn, machine.limit);
}
