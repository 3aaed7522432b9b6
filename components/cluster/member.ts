import * as crypto from "node:crypto";
import { seconds } from "../../infra/config/types";
import { auditPolicy } from "./apiserver-files";
import { alone } from "./change";
import { decideMember, MemberDecision, Refusal, Standing, Wanted } from "./decide";
import { membersOf, removalProblem } from "./etcd";
import { fileParams, NodeFile } from "./files";
import { finishAside } from "./finish-aside";
import { recordedSettings } from "./init";
import { joinConfiguration, resetConfiguration, taintOf, toYaml } from "./kubeadm";
import { findLive, LiveCluster, waitFor } from "./live";
import { markNode } from "./marks";
import { observe } from "./observe";
import { paths, sharedPki } from "./paths";
import { awaitReady, fallsSilent } from "./ready";
import { roll } from "./roll";
import { Session, StepError } from "./session";
import { isAside } from "./set-aside";
import { settingsHash } from "./settings";
import { Member, MemberInput } from "./spec";

type Join = Extract<MemberDecision, { do: "join" }>;

/** A machine on its way into the cluster. */
export interface Joining {
    readonly end: Promise<void>;
}

/** A machine as it is, and what follows for it. */
interface Looked {
    readonly standing: Standing;
    readonly decision: MemberDecision;
}

/** kubeadm's pin of a CA: sha256 of its public key. */
export function caCertHash(pem: string): string {
    const key = new crypto.X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    return `sha256:${crypto.createHash("sha256").update(key).digest("hex")}`;
}

/** A control plane that answers, rather another than the machine itself: it may be the one that is half made. */
async function liveFor(session: Session, input: MemberInput): Promise<LiveCluster | undefined> {
    const others = input.controlPlanes.filter(({ name }) => name !== input.member.name);
    const self = input.controlPlanes.filter(({ name }) => name === input.member.name);
    return findLive(session, [...others, ...self]);
}

async function standingOf(live: LiveCluster, member: Member): Promise<Standing> {
    const [ca, node, etcd] = await Promise.all([
        live.ca(),
        live.node(member.fqdn),
        member.role === "control-plane" ? live.etcd() : Promise.resolve([]),
    ]);
    return { ca, ...(node ? { node } : {}), etcd: membersOf(etcd, member.fqdn, member.nodeAddress) };
}

/** What a new control plane must share with the others. It passes through memory only, from machine to machine. */
async function sharedFiles(live: LiveCluster): Promise<NodeFile[]> {
    const secret = sharedPki.map((name) => ({
        path: `${paths.pki}/${name}`,
        mode: /\.key$/.test(name) ? "0600" : "0644",
    }));
    const wanted = [...secret, { path: paths.encryption, mode: "0600" }];
    const contents = await live.readAll(wanted.map((file) => file.path));
    const files = wanted.map((file, index) => ({ ...file, content: contents[index] ?? "" }));
    return [...files, { path: paths.auditPolicy, mode: "0600", content: toYaml([auditPolicy()]) }];
}

async function clearTraces(live: LiveCluster, member: Member, join: Join): Promise<void> {
    if (join.waitForSilence) {
        // The control plane takes a node for lost 50 s after its last sign of life.
        if (!(await fallsSilent(live, member.fqdn, seconds(90)))) {
            throw StepError.of(
                member.fqdn,
                "member",
                "another machine runs as this node and is Ready",
                "stop that machine (or give this one another name), then run again",
            );
        }
    }
    if (join.removeNode) {
        await live.kubectl(["delete", "node", member.fqdn, "--ignore-not-found", "--wait=false"], {
            what: `delete the stale node ${member.fqdn}`,
        });
    }
    for (const id of join.removeEtcd) {
        const problem = removalProblem(await live.etcd(), id);
        if (problem) {
            throw StepError.of(
                member.fqdn,
                "member",
                `its stale etcd member cannot be taken out: ${problem}`,
                "bring the other members back, then run again",
            );
        }
        await live.removeEtcd(id);
    }
}

/** A bootstrap token of a quarter of an hour. kubeadm makes it up and prints it, so that it is in no command line. */
async function mintJoinToken(session: Session, live: LiveCluster): Promise<string> {
    const command = `timeout 30 kubeadm token create --kubeconfig ${paths.adminKubeconfig} --ttl 15m0s --description fjord-join`;
    let said = "";
    const token = await waitFor(seconds(30), async () => {
        const { code, stdout, stderr } = await session.run(live.through, command, { what: "mint a join token" });
        said = stderr.trim().slice(-300);
        return code === 0 && /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(stdout.trim()) ? stdout.trim() : undefined;
    });
    if (token === undefined) {
        throw StepError.of(
            live.through.fqdn,
            "member",
            `no join token could be minted: ${said}`,
            "check the API server's health, then run again",
        );
    }
    return token;
}

/** Mints a token, joins, and takes the token back. */
async function join(session: Session, live: LiveCluster, input: MemberInput, ca: string): Promise<void> {
    const { member, spec } = input;
    const minting = mintJoinToken(session, live);
    try {
        const [token, recorded, files] = await Promise.all([
            minting,
            recordedSettings(live),
            member.role === "control-plane" ? sharedFiles(live) : [],
        ]);
        await session.script(member, {
            script: "member",
            params: {
                VERB: "join",
                REGION: spec.region,
                // A node that joins takes the cluster's own copy of the settings, which may be older than the stack's.
                SETTINGS: recorded ?? settingsHash(spec),
                CONFIG: toYaml(joinConfiguration(spec, member, { token, caCertHash: caCertHash(ca) })),
                ...fileParams(files),
            },
            timeout: seconds(900),
        });
    } finally {
        await minting
            .then((token) => token.split(".")[0] ?? "")
            .then((id) =>
                session.run(live.through, `timeout 30 kubeadm token delete --kubeconfig ${paths.adminKubeconfig} ${id}`, {
                    what: "take the join token back",
                }),
            )
            .catch(() => undefined);
    }
    const seen = await waitFor(seconds(120), () => live.node(member.fqdn));
    if (!seen) {
        throw StepError.of(
            member.fqdn,
            "member",
            "it joined, but the cluster has no node of its name after 120 s",
            "look at its kubelet (journalctl -u kubelet), then run again",
            "/var/log/fjord/cluster-member.log",
        );
    }
}

/**
 * Ends when etcd has taken a machine in, or its joining has ended. The rest of `kubeadm join` is mostly waiting, for all
 * of etcd to answer and for the machine's own API server; the next machine need not wait for that too.
 *
 * @throws what the joining throws
 */
export async function takenIn(live: Pick<LiveCluster, "votes">, member: Member, { end }: Joining): Promise<void> {
    let ended = false;
    const joined = end.finally(() => (ended = true));
    const votes = waitFor(seconds(900), async () => ended || (await live.votes(member).catch(() => false)) || undefined);
    await Promise.race([joined, votes]);
}

/** Labels and taints, which may change while the node runs. */
async function mark(live: LiveCluster, member: Member): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
        const node = await live.node(member.fqdn);
        const patch = node && markNode(node, member.labels, member.taints.map(taintOf));
        if (!patch) {
            return false;
        }
        try {
            await live.kubectl(["patch", "node", member.fqdn, "--type=merge", "--patch", JSON.stringify(patch)], {
                what: `label and taint ${member.fqdn}`,
            });
            return true;
        } catch (error) {
            // A conflict: another writer came in between, look again.
            if (attempt === 5) {
                throw error;
            }
        }
    }
}

function refuse(member: Member, { problem, fix }: Refusal): never {
    throw StepError.of(member.fqdn, "member", problem, fix);
}

/**
 * Makes one machine a member as the stack describes it: joined where it is none, changed where it differs.
 * @returns what was done, in a few words
 */
export async function member(session: Session, input: MemberInput): Promise<string> {
    const { member: machine, spec } = input;
    const live = await waitFor(seconds(60), () => liveFor(session, input));
    if (!live) {
        throw StepError.of(
            machine.fqdn,
            "member",
            `no API server of ${spec.region} answers`,
            "bring a control plane back (systemctl status kubelet containerd; crictl ps -a), then run again",
        );
    }
    const wanted: Wanted = {
        region: spec.region,
        fqdn: machine.fqdn,
        role: machine.role,
        version: spec.kubernetes.version,
        settings: settingsHash(spec),
    };
    const look = async (): Promise<Looked> => {
        const [holding, standing] = await Promise.all([observe(session, machine), standingOf(live, machine)]);
        return { standing, decision: decideMember(wanted, holding, standing) };
    };
    const done: string[] = [];
    const enter = async ({ standing, decision }: Looked): Promise<Joining | undefined> => {
        if (decision.do !== "join") {
            return undefined;
        }
        if (decision.reset) {
            await session.script(machine, {
                script: "reset",
                params: { CONFIG: toYaml(resetConfiguration()) },
                timeout: seconds(300),
            });
            done.push("reset");
        }
        await clearTraces(live, machine, decision);
        done.push("joined");
        return { end: join(session, live, input, standing.ca) };
    };
    const first = await look();
    // etcd takes in one member at a time. A step that a killed run has left may join the machine while this one waits.
    const takesTurn = machine.role === "control-plane" && first.decision.do === "join";
    const joining = takesTurn
        ? await alone(spec.region, machine.fqdn, async (waited) => {
              const begun = await enter(waited ? await look() : first);
              await (begun && takenIn(live, machine, begun));
              return begun;
          })
        : await enter(first);
    await joining?.end;
    const { decision, standing } = first.decision.do === "join" ? await look() : first;
    if (decision.do === "refuse") {
        refuse(machine, decision);
    }
    if (decision.do === "join") {
        throw StepError.of(
            machine.fqdn,
            "member",
            "it joined, but the cluster does not count it as a member",
            "run again; if it stays so, look at etcd and the node object",
        );
    }
    if (decision.do === "roll") {
        await roll(session, input, decision);
        done.push("rolled");
    }
    if (decision.do === "nothing" && isAside(standing.node)) {
        await finishAside(live, spec.region, machine.fqdn);
        done.push("let in again");
    }
    if (await mark(live, machine)) {
        done.push("marked");
    }
    if (joining) {
        await awaitReady(live, machine.fqdn);
    }
    return done.join(", ") || "unchanged";
}
