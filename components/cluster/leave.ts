import { Seconds, seconds } from "../../infra/config/types";
import { lostAfter, Reached } from "../remote/reach";
import { SshClient } from "../remote/ssh";
import { alone } from "./change";
import { decideLastLeave, decideLeave, LeavePlan } from "./decide";
import { drain } from "./drain";
import { resetConfiguration, toYaml } from "./kubeadm";
import { findLive, LiveCluster, waitFor } from "./live";
import { enterOrLost, givenUp, noteLost, notReset } from "./lost";
import { paths } from "./paths";
import { fallsSilent } from "./ready";
import { Session, StepError } from "./session";
import { Member, MemberInput } from "./spec";

/** Enters the machine that leaves, or finds it lost. Failures are kept until somebody asks. */
function entering(session: Session, { member, spec }: MemberInput): Promise<Reached<SshClient>> {
    const reaching = enterOrLost(spec.region, (timeout) => session.client(member, timeout), lostAfter);
    reaching.catch(() => undefined);
    return reaching;
}

/** `kubeadm reset` on the machine that leaves. One that is lost has nothing to reset, but may come back: that is said. */
async function reset(
    session: Session,
    { member, spec }: MemberInput,
    reached: Reached<SshClient>,
    clusterLives: boolean,
): Promise<string> {
    if ("lost" in reached) {
        noteLost(spec.region, member.fqdn);
        process.stderr.write(`${notReset(member.fqdn, reached, clusterLives)}\n`);
        return `the machine did not answer and was not reset (${reached.lost.kind})`;
    }
    await session.script(member, {
        script: "reset",
        params: { CONFIG: toYaml(resetConfiguration()) },
        timeout: seconds(300),
    });
    return "the machine is reset";
}

/**
 * How much longer the cluster may take to notice that a machine is silent: its controllers may have run there, and others
 * take over after 20 s and wait 50 s again.
 */
const noticing = seconds(60);

/**
 * A machine that is silent, but whose kubelet still reports to the cluster, is not lost.
 *
 * @throws StepError where that is so
 */
export async function refuseIfItRuns(
    live: Pick<LiveCluster, "node">,
    fqdn: string,
    patience: Seconds = noticing,
): Promise<void> {
    if (!(await fallsSilent(live, fqdn, patience))) {
        throw StepError.of(
            fqdn,
            "leave",
            "it does not answer on SSH, but its kubelet still reports to the cluster: it runs, and would not be reset",
            "let SSH in again (its server, the firewall, fjord:ssh.allowFrom), or switch the machine off; then run again",
        );
    }
}

async function depart(session: Session, input: MemberInput, live: LiveCluster, plan: LeavePlan): Promise<string[]> {
    const { member, spec } = input;
    const said: string[] = [];
    // Beside the drain, whose time counts.
    const reaching = entering(session, input);
    if (plan.drain === true) {
        const result = await drain(live, member.fqdn, spec.kubernetes.drainTimeout);
        said.push(result.drained ? "drained" : `not drained to the end: ${result.left}`);
    } else {
        said.push(`not drained: ${plan.drain.skipped}`);
    }
    const reached = await reaching;
    if ("lost" in reached) {
        await refuseIfItRuns(live, member.fqdn);
    }
    for (const id of plan.removeEtcd) {
        await live.removeEtcd(id);
        said.push("etcd member removed");
    }
    said.push(await reset(session, input, reached, true));
    // Last, or its kubelet would register the node again.
    if (plan.deleteNode) {
        await live.kubectl(["delete", "node", member.fqdn, "--ignore-not-found", "--wait=false"], {
            what: `delete node ${member.fqdn}`,
        });
        said.push("node deleted");
    }
    return said;
}

/** An API server whose etcd has just lost another member answers again after its election. */
const ownPatience = seconds(30);

/** Nobody else can be asked, but the machine's own API server may say that the cluster lives and counts on it. */
async function refuseIfNeeded(session: Session, member: Member): Promise<void> {
    const { code } = await session.run(member, `test -e ${paths.adminKubeconfig}`, {
        what: "see whether it was a control plane",
    });
    const own = code === 0 ? await waitFor(ownPatience, () => findLive(session, [member])) : undefined;
    if (!own) {
        return;
    }
    const [nodes, etcd] = await Promise.all([own.nodes(), own.etcd()]);
    const refusal = decideLastLeave(member.fqdn, { nodes, etcd });
    if (refusal) {
        throw StepError.of(member.fqdn, "leave", refusal.problem, refusal.fix);
    }
}

/**
 * Takes a machine out of its cluster: drained, out of etcd, deleted, reset. Where nobody else answers, or the machine
 * was the last control plane, there is nothing to leave and only the machine is reset; not while nodes depend on it.
 * @returns what was done, one line each
 */
export async function leave(session: Session, input: MemberInput): Promise<string[]> {
    const { member, spec } = input;
    if (givenUp(spec.region)) {
        const reached = await entering(session, input);
        return ["the cluster is given up (FJORD_GIVE_UP_CLUSTER)", await reset(session, input, reached, false)];
    }
    const others = input.controlPlanes.filter(({ name }) => name !== member.name);
    const live = await findLive(session, others);
    if (!live) {
        const reached = await entering(session, input);
        if ("entered" in reached && member.role === "control-plane") {
            await refuseIfNeeded(session, member);
        }
        return [
            others.length === 0 ? "the last control plane" : "no other control plane answers",
            await reset(session, input, reached, false),
        ];
    }
    const [nodes, etcd] = await Promise.all([live.nodes(), member.role === "control-plane" ? live.etcd() : []]);
    const plan = decideLeave(member, { nodes, etcd });
    if (plan.do === "refuse") {
        throw StepError.of(member.fqdn, "leave", plan.problem, plan.fix);
    }
    const go = (): Promise<string[]> => depart(session, input, live, plan);
    return member.role === "control-plane" ? alone(spec.region, member.fqdn, go) : go();
}
