import { EtcdHealth, membersOf, removalProblem } from "./etcd";
import { NodeState, somewhereToGo } from "./nodes";

/** What a machine holds of a cluster (scripts/observe.sh). */
export interface Holding {
    /** A `kubeadm init` or `join` of fjord that was begun here, with its region; it may have been interrupted. */
    readonly started?: { readonly verb: "init" | "join"; readonly region: string };
    /** Written when such a run had come to its end. */
    readonly completed?: { readonly region: string; readonly settings: string };
    /** Data of an etcd member. */
    readonly etcdData: boolean;
    /** Keys or kubeconfigs in /etc/kubernetes. */
    readonly credentials: boolean;
    /** PEM of the CA that it trusts. */
    readonly ca?: string;
    /** Its own API server says it is ready. */
    readonly apiReady: boolean;
    /** `1.36.4`; absent where no kubelet is installed. */
    readonly kubeletVersion?: string;
}

/** One machine, asked. */
export type Observation =
    | { readonly machine: string; readonly answered: true; readonly holding: Holding }
    | { readonly machine: string; readonly answered: false; readonly problem: string };

/** A reason to stop, with what to do about it. */
export interface Refusal {
    readonly do: "refuse";
    readonly problem: string;
    readonly fix: string;
    /** It may be over in a minute: machines that have just been started. */
    readonly mayPass?: true;
}

/**
 * `nothing`: the cluster is there, `from` answers for it. `init`: begin one `on`, after a reset of what never came to
 * be.
 */
export type InitDecision =
    | { readonly do: "nothing"; readonly from: string }
    | { readonly do: "init"; readonly on: string; readonly reset: readonly string[] }
    | Refusal;

/** Whether what a machine holds was never part of a finished cluster, so that nothing is lost with it. */
function disposable(holding: Holding, region: string): boolean {
    if (holding.completed || holding.started?.region !== region) {
        return false;
    }
    // An interrupted join may have left a member that has a copy of everything; an interrupted init has nothing yet.
    return holding.started.verb === "init" || !holding.etcdData;
}

const holdsSomething = (holding: Holding): boolean => holding.etcdData || holding.credentials;

/** Whether a cluster begins. It must be impossible to begin a second one beside data of a first. */
export function decideInit(region: string, observations: readonly Observation[]): InitDecision {
    const answered = observations.flatMap((observation) => (observation.answered ? [observation] : []));
    const silent = observations.flatMap((observation) => (observation.answered ? [] : [observation]));
    for (const { machine, holding } of answered) {
        const other = holding.completed?.region ?? holding.started?.region;
        if (other !== undefined && other !== region) {
            return {
                do: "refuse",
                problem: `${machine} belongs to region ${other}, not to ${region}`,
                fix: `take it out of ${region}, or remove it from ${other} first`,
            };
        }
        if (holding.apiReady && other === undefined) {
            return {
                do: "refuse",
                problem: `${machine} runs a Kubernetes API that fjord did not set up`,
                fix: "take the machine out of the stack, or give it up by hand (kubeadm reset) if nothing on it is needed",
            };
        }
    }
    const live = answered.find(({ holding }) => holding.apiReady && holding.completed);
    if (live) {
        return { do: "nothing", from: live.machine };
    }
    const keeper = answered.find(({ holding }) => holdsSomething(holding) && !disposable(holding, region));
    if (keeper) {
        return {
            do: "refuse",
            problem: `no API server of ${region} answers, but ${keeper.machine} holds ${keeper.holding.etcdData ? "etcd data" : "keys"} of a cluster; a new one would bury it`,
            fix: `bring it back (on ${keeper.machine}: systemctl status kubelet containerd; crictl ps -a), then run again; or restore it; or, if the cluster is to be given up, run kubeadm reset there by hand`,
            ...(keeper.holding.completed ? { mayPass: true } : {}),
        };
    }
    const unknown = silent[0];
    if (unknown) {
        return {
            do: "refuse",
            problem: `no API server of ${region} answers, and ${unknown.machine} could not be asked whether it holds the cluster's data: ${unknown.problem}`,
            fix: "make it answer, or take it out of the stack, then run again",
        };
    }
    const first = answered[0];
    if (!first) {
        return {
            do: "refuse",
            problem: "the stack has no control plane",
            fix: "give at least one machine the role control-plane",
        };
    }
    const reset = answered
        .filter(({ holding }) => holding.started || holdsSomething(holding))
        .map(({ machine }) => machine);
    return { do: "init", on: first.machine, reset };
}

/** What a live cluster knows of a machine. */
export interface Standing {
    /** PEM of the cluster's CA. */
    readonly ca: string;
    readonly node?: NodeState;
    /** etcd members that stand for the machine; none for a worker. */
    readonly etcd: readonly EtcdHealth[];
}

/** Why a running node is not as the stack wants it. */
export interface RollReasons {
    readonly version?: { readonly from: string; readonly to: string };
    readonly settings?: boolean;
}

/**
 * `join`: `reset` the machine first, wait until a node of this name that is still Ready has gone silent
 * (`waitForSilence`), and take its stale traces (`removeNode`, `removeEtcd`: ids) out of the cluster. `roll`: change a
 * running node.
 */
export type MemberDecision =
    | { readonly do: "nothing" }
    | {
          readonly do: "join";
          readonly reset: boolean;
          readonly waitForSilence: boolean;
          readonly removeNode: boolean;
          readonly removeEtcd: readonly string[];
      }
    | ({ readonly do: "roll" } & RollReasons)
    | Refusal;

export interface Wanted {
    readonly region: string;
    readonly fqdn: string;
    readonly role: "control-plane" | "worker";
    readonly version: string;
    readonly settings: string;
}

const minorOf = (version: string): string => version.split(".").slice(0, 2).join(".");

/** A change of minor version needs more than new packages; until there is a path for it, it is refused. */
export function minorUpgradeProblem(from: string, to: string): Refusal | undefined {
    return minorOf(from) === minorOf(to)
        ? undefined
        : {
              do: "refuse",
              problem: `the node runs Kubernetes ${from} and the stack wants ${to}: only changes within a minor version (${minorOf(from)}.x) roll`,
              fix: `set kubernetes.version back to ${minorOf(from)}.x; for a new minor version bring up a fresh region and move over`,
          };
}

/** What to do with one machine, given that a cluster answers. */
export function decideMember(wanted: Wanted, holding: Holding, standing: Standing): MemberDecision {
    const sameCluster = holding.ca !== undefined && holding.ca.trim() === standing.ca.trim();
    const voter = standing.etcd.some((member) => !member.learner);
    const isMember =
        holding.completed?.region === wanted.region &&
        sameCluster &&
        standing.node &&
        (wanted.role === "worker" || voter);
    if (isMember) {
        const from = holding.kubeletVersion ?? wanted.version;
        const version = from === wanted.version ? undefined : { from, to: wanted.version };
        const settings = holding.completed?.settings !== wanted.settings;
        if (!version && !settings) {
            return { do: "nothing" };
        }
        return (
            (version && minorUpgradeProblem(version.from, version.to)) ?? {
                do: "roll",
                ...(version ? { version } : {}),
                ...(settings ? { settings } : {}),
            }
        );
    }
    const ours = holding.completed ?? holding.started;
    if (holdsSomething(holding) && ours?.region !== wanted.region) {
        return {
            do: "refuse",
            problem: ours
                ? `the machine belongs to region ${ours.region}`
                : "the machine belongs to a cluster that fjord did not make",
            fix: ours
                ? `remove it from ${ours.region} first`
                : "take it out of the stack, or give it up by hand (kubeadm reset) if nothing on it is needed",
        };
    }
    const reset = ours !== undefined || holdsSomething(holding);
    return {
        do: "join",
        reset,
        // A node that is Ready and is not this machine is another machine that still runs under its name.
        waitForSilence: (standing.node?.ready ?? false) && !(sameCluster && reset),
        removeNode: standing.node !== undefined,
        removeEtcd: standing.etcd.map(({ id }) => id),
    };
}

/** What a cluster looks like to a machine that leaves it. */
export interface Surroundings {
    readonly nodes: readonly NodeState[];
    readonly etcd: readonly EtcdHealth[];
}

/** How a machine leaves. `drain` says why not where it is not done. */
export interface LeavePlan {
    readonly do: "leave";
    readonly drain: true | { readonly skipped: string };
    readonly removeEtcd: readonly string[];
    readonly deleteNode: boolean;
}

const giveUp = "if the whole cluster is to be given up, run again with FJORD_GIVE_UP_CLUSTER set to the region's name";

/** What leaving means when some member other than the machine itself answers. */
export function decideLeave(
    machine: { fqdn: string; nodeAddress: string; role: "control-plane" | "worker" },
    cluster: Surroundings,
): LeavePlan | Refusal {
    const node = cluster.nodes.find(({ name }) => name === machine.fqdn);
    const members = machine.role === "control-plane" ? membersOf(cluster.etcd, machine.fqdn, machine.nodeAddress) : [];
    for (const member of members) {
        const problem = removalProblem(cluster.etcd, member.id);
        if (problem) {
            return {
                do: "refuse",
                problem: `taking this control plane out would end the cluster: ${problem}`,
                fix: `bring the other members back, or take the dead ones out of the stack first; ${giveUp}`,
            };
        }
    }
    return {
        do: "leave",
        drain: drainOrReason(node, cluster.nodes, machine.fqdn),
        removeEtcd: members.map(({ id }) => id),
        deleteNode: node !== undefined,
    };
}

/**
 * Why a control plane must not leave where no other one answers and its own API server says how the cluster is;
 * undefined where it may: when a region goes, workers and other control planes have left before, and their nodes are
 * deleted, those of lost machines too.
 */
export function decideLastLeave(fqdn: string, own: Surroundings): Refusal | undefined {
    const others = own.etcd.filter(({ learner }) => !learner).length - 1;
    if (others > 0) {
        return {
            do: "refuse",
            problem: `its API server says that etcd has ${others} other members, but no other control plane answers here`,
            fix: `make them reachable, then run again; ${giveUp}`,
        };
    }
    const nodes = own.nodes.map(({ name }) => name).filter((name) => name !== fqdn);
    if (nodes.length > 0) {
        const more = nodes.length > 5 ? ` and ${nodes.length - 5} more` : "";
        return {
            do: "refuse",
            problem: `it is the last control plane of a cluster that still has nodes: ${nodes.slice(0, 5).join(", ")}${more}`,
            fix: `keep it, or take those machines out of the stack first (kubectl delete node for one that is gone for good), then run again; ${giveUp}`,
        };
    }
    return undefined;
}

function drainOrReason(node: NodeState | undefined, nodes: readonly NodeState[], leaving: string): LeavePlan["drain"] {
    if (!node) {
        return { skipped: "the cluster has no node of that name" };
    }
    if (!node.ready) {
        return { skipped: "the node is not Ready, its pods cannot end in order" };
    }
    if (!somewhereToGo(nodes, leaving)) {
        return { skipped: "there is no other node that could take its pods" };
    }
    return true;
}
