/** A member as `etcdctl member list` shows it. */
export interface EtcdMember {
    /** Hexadecimal id. */
    readonly id: string;
    /** Name of the node; empty until the member has started for the first time. */
    readonly name: string;
    readonly peerUrl: string;
    readonly clientUrl: string;
    readonly learner: boolean;
}

/** A member, and whether it answers. */
export interface EtcdHealth extends EtcdMember {
    readonly healthy: boolean;
}

/** Members that must answer for anything to be written. */
export function quorum(members: number): number {
    return Math.floor(members / 2) + 1;
}

/** Reads `etcdctl member list -w simple`: `id, status, name, peer URLs, client URLs, is learner`. */
export function parseMembers(text: string): EtcdMember[] {
    return text
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => {
            const fields = line.split(", ");
            const [id, , name, peerUrl, clientUrl, learner] = fields;
            if (id === undefined || !/^[0-9a-f]+$/.test(id) || fields.length !== 6) {
                throw new Error(`etcdctl member list printed a line that is not understood: "${line}"`);
            }
            return {
                id,
                name: name ?? "",
                peerUrl: peerUrl ?? "",
                clientUrl: clientUrl ?? "",
                learner: learner?.trim() === "true",
            };
        });
}

/** Reads `etcdctl endpoint health -w json` for the members' client URLs. */
export function withHealth(members: readonly EtcdMember[], health: string): EtcdHealth[] {
    const answers = JSON.parse(health.trim() || "[]") as { endpoint: string; health: boolean }[];
    const healthy = new Set(answers.filter((answer) => answer.health).map((answer) => answer.endpoint));
    return members.map((member) => ({ ...member, healthy: healthy.has(member.clientUrl) }));
}

/** The members that stand for a machine: by name, or by address where it never started and has no name. */
export function membersOf<T extends EtcdMember>(members: readonly T[], fqdn: string, nodeAddress: string): T[] {
    return members.filter((member) => member.name === fqdn || member.peerUrl === `https://${nodeAddress}:2380`);
}

/**
 * Why a member must not be taken out now; undefined where it may. Taking out needs a quorum to agree on it, and what is
 * left must have a quorum of its own. Learners have no vote.
 */
export function removalProblem(members: readonly EtcdHealth[], leaving: string): string | undefined {
    const voters = members.filter((member) => !member.learner);
    if (!voters.some((member) => member.id === leaving)) {
        return undefined;
    }
    const answering = voters.filter((member) => member.healthy).length;
    if (answering < quorum(voters.length)) {
        return `only ${answering} of ${voters.length} etcd members answer, ${quorum(voters.length)} are needed to agree on anything`;
    }
    const left = voters.filter((member) => member.id !== leaving);
    const leftAnswering = left.filter((member) => member.healthy).length;
    if (left.length > 0 && leftAnswering < quorum(left.length)) {
        return `etcd would be left with ${left.length} members of which ${leftAnswering} answer, ${quorum(left.length)} are needed`;
    }
    return undefined;
}
