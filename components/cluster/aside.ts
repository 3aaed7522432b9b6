import { Seconds, seconds } from "../../infra/config/types";
import { drain } from "./drain";
import { findLive, LiveCluster, waitFor } from "./live";
import { NodeState, somewhereToGo } from "./nodes";
import { Session, StepError } from "./session";
import { letIn, setAside } from "./set-aside";
import { Member } from "./spec";

/**
 * Why the cluster is not in a state to take a node out of service; undefined where it is. `except` is the node that
 * rolls.
 */
async function unhealthy(live: LiveCluster, except: string, before: ReadonlySet<string>): Promise<string | undefined> {
    const [nodes, etcd] = await Promise.all([live.nodes(), live.etcd()]);
    const down = nodes
        .filter((node) => node.name !== except && !node.ready && before.has(node.name))
        .map(({ name }) => name);
    if (down.length > 0) {
        return `not Ready: ${down.join(", ")}`;
    }
    const silent = etcd.filter(({ healthy }) => !healthy).map(({ name, id }) => name || id);
    return silent.length > 0 ? `etcd members that do not answer: ${silent.join(", ")}` : undefined;
}

/** Waits until no other node is down and all of etcd answers; `before` are the nodes that can be expected to be Ready. */
export async function waitHealthy(
    live: LiveCluster,
    fqdn: string,
    limit: Seconds,
    before: ReadonlySet<string>,
): Promise<void> {
    let last = "";
    const healthy = await waitFor(limit, async () => {
        const problem = await unhealthy(live, fqdn, before).catch(
            (error: Error) => error.message.split("\n")[0] ?? "no answer",
        );
        last = problem ?? "";
        return problem === undefined ? true : undefined;
    });
    if (!healthy) {
        throw StepError.of(
            fqdn,
            "roll",
            `the cluster is not healthy (${last}); no node is taken out of service`,
            "mend that first, then run again: it goes on from there",
        );
    }
}

/** The node that is taken out of service for a while. */
export interface Aside {
    readonly member: Member;
    /** Nodes that were Ready before: only they can be expected to be Ready again. */
    readonly ready: ReadonlySet<string>;
    readonly drainTimeout: Seconds;
    /** What more than Ready the node must be when it is back. Default: nothing. */
    readonly back?: (node: NodeState) => boolean;
    /** Why it is set aside, for who looks at its node: `roll`. Default: that. */
    readonly reason?: string;
    /** How long it may take until the node is back. Default 300 s: a server that boots, and its pods' images. */
    readonly limit?: Seconds;
}

/**
 * Does something to a node that its pods would suffer from: they are moved away first, respecting their disruption
 * budgets, and let in again when the node is back and the cluster healthy. Left cordoned and marked where it does not
 * come back or the run is ended: the next run finishes that (`finish-aside.ts`). What a person cordoned stays so.
 */
export async function aside(
    session: Session,
    live: LiveCluster,
    { member, ready, drainTimeout, back = () => true, reason = "roll", limit = seconds(300) }: Aside,
    work: () => Promise<void>,
): Promise<void> {
    const nodes = await live.nodes();
    if (somewhereToGo(nodes, member.fqdn)) {
        await setAside(live, nodes.find(({ name }) => name === member.fqdn), reason);
        const result = await drain(live, member.fqdn, drainTimeout);
        if (!result.drained) {
            await letIn(live, member.fqdn);
            throw StepError.of(
                member.fqdn,
                "roll",
                `it could not be drained: ${result.left}`,
                "look at its pods and their disruption budgets (kubectl get pdb -A), then run again",
            );
        }
    }
    await work();
    const returned = await waitFor(limit, async () => {
        const node = await live.node(member.fqdn).catch(() => undefined);
        return node && back(node) && (node.ready || !ready.has(member.fqdn)) ? true : undefined;
    });
    if (!returned) {
        throw StepError.of(
            member.fqdn,
            "roll",
            `its kubelet did not come back as Ready within ${limit} s`,
            "look at it (journalctl -u kubelet), then run again; the node stays cordoned until then",
        );
    }
    await letIn(live, member.fqdn);
    if (member.role === "control-plane" && !(await waitFor(seconds(240), () => findLive(session, [member])))) {
        throw StepError.of(
            member.fqdn,
            "roll",
            "its API server did not come back within 240 s",
            "look at it (crictl ps -a; crictl logs), then run again",
        );
    }
    await waitHealthy(live, "", seconds(300), ready);
}
