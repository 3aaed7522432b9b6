import { Role, Seconds, seconds, SshTarget } from "../../infra/config/types";
import { readAccess } from "./access";
import { aside, waitHealthy } from "./aside";
import { alone } from "./change";
import { findLive } from "./live";
import { paths } from "./paths";
import { Session, StepError } from "./session";
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
}

/** A node that has been joined has this file. A machine that does not answer is taken for one that has not. */
async function isMember(session: Session, member: Member): Promise<boolean> {
    const { code } = await session
        .run(member, `test -e ${paths.kubeletKubeconfig}`, { what: "see whether it is a member" })
        .catch(() => ({ code: null }));
    return code === 0;
}

/**
 * Restarts a machine: where it is a member of the region's cluster, alone, with the cluster healthy before and after,
 * and its pods moved away meanwhile. The control planes are those that the region's program wrote down for access.
 */
export async function restartMachine(
    session: Session,
    machine: RestartedMachine,
    work: () => Promise<void>,
): Promise<void> {
    const { region, name, fqdn, role, nodeAddress, ssh, drainTimeout, limit } = machine;
    const member: Member = { name, fqdn, role, nodeAddress, ssh, labels: {}, taints: [] };
    if (!(await isMember(session, member))) {
        return work();
    }
    const controlPlanes = readAccess(region).controlPlanes.map(
        ({ name: full, nodeAddress: at, ...target }): Member => ({
            ...member,
            name: full,
            fqdn: full,
            role: "control-plane",
            nodeAddress: at,
            ssh: target,
        }),
    );
    await alone(region, fqdn, async () => {
        const others = controlPlanes.filter((other) => other.fqdn !== fqdn);
        const live = (await findLive(session, others)) ?? (await findLive(session, [member]));
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
        await aside(
            session,
            live,
            { member, ready, drainTimeout, limit, back: (node) => node.bootId !== before },
            work,
        );
    });
}
