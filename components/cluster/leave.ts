import { seconds } from "../../infra/config/types";
import { SshError } from "../remote/ssh";
import { alone } from "./change";
import { decideLeave, LeavePlan } from "./decide";
import { drain } from "./drain";
import { resetConfiguration, toYaml } from "./kubeadm";
import { findLive, LiveCluster } from "./live";
import { Session, StepError } from "./session";
import { MemberInput } from "./spec";

/** `kubeadm reset` on the machine that leaves, if it answers. A machine that is gone has nothing to reset. */
async function reset(session: Session, input: MemberInput): Promise<string> {
    try {
        await session.script(input.member, {
            script: "reset",
            params: { CONFIG: toYaml(resetConfiguration()) },
            timeout: seconds(300),
        });
        return "the machine is reset";
    } catch (error) {
        if (error instanceof SshError && (error.kind === "no-answer" || error.kind === "refused")) {
            return `the machine did not answer and was not reset (${error.kind})`;
        }
        throw error;
    }
}

async function depart(session: Session, input: MemberInput, live: LiveCluster, plan: LeavePlan): Promise<string[]> {
    const { member, spec } = input;
    const said: string[] = [];
    if (plan.drain === true) {
        const result = await drain(live, member.fqdn, spec.kubernetes.drainTimeout);
        said.push(result.drained ? "drained" : `not drained to the end: ${result.left}`);
    } else {
        said.push(`not drained: ${plan.drain.skipped}`);
    }
    for (const id of plan.removeEtcd) {
        await live.removeEtcd(id);
        said.push("etcd member removed");
    }
    said.push(await reset(session, input));
    // Last, or its kubelet would register the node again.
    if (plan.deleteNode) {
        await live.kubectl(["delete", "node", member.fqdn, "--ignore-not-found", "--wait=false"], {
            what: `delete node ${member.fqdn}`,
        });
        said.push("node deleted");
    }
    return said;
}

/** Nobody else can be asked, but the machine's own API server may say that the cluster lives and counts on it. */
async function refuseIfNeeded(session: Session, { member }: MemberInput): Promise<void> {
    const own = member.role === "control-plane" ? await findLive(session, [member]) : undefined;
    const others = own ? (await own.etcd()).filter(({ learner }) => !learner).length - 1 : 0;
    if (others > 0) {
        throw StepError.of(
            member.fqdn,
            "leave",
            `its API server says that etcd has ${others} other members, but no other control plane answers here`,
            "make them reachable, then run again; if the whole cluster is to be given up, run again with FJORD_GIVE_UP_CLUSTER set to the region's name",
        );
    }
}

/**
 * Takes a machine out of its cluster: drained, out of etcd, deleted, reset. Where nobody else answers, or the machine
 * was the last control plane, there is nothing to leave and only the machine is reset.
 * @returns what was done, one line each
 */
export async function leave(session: Session, input: MemberInput): Promise<string[]> {
    const { member, spec } = input;
    if (process.env["FJORD_GIVE_UP_CLUSTER"] === spec.region) {
        return ["the cluster is given up (FJORD_GIVE_UP_CLUSTER)", await reset(session, input)];
    }
    const others = input.controlPlanes.filter(({ name }) => name !== member.name);
    const live = await findLive(session, others);
    if (!live) {
        await refuseIfNeeded(session, input);
        return [
            others.length === 0 ? "the last control plane" : "no other control plane answers",
            await reset(session, input),
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
