import { setTimeout as sleep } from "node:timers/promises";
import { Seconds, seconds } from "../../infra/config/types";
import { shellQuote } from "../remote/script";
import { EtcdHealth, membersOf, parseMembers, withHealth } from "./etcd";
import { NodeState, parseNodes } from "./nodes";
import { apiPort, criSocket, paths } from "./paths";
import { commandLine, Session, StepError } from "./session";
import { Member } from "./spec";

/** kubectl on a control plane, with the credentials that lie there, asking its own API server. */
function kubectlOn(member: Member): string[] {
    return ["kubectl", "--kubeconfig", paths.adminKubeconfig, "--server", `https://${member.nodeAddress}:${apiPort}`];
}

/** What an API server says while etcd elects a leader or its own container is replaced. */
const transient =
    /etcdserver: (leader changed|request timed out|no leader)|connection refused|connection reset|TLS handshake timeout|unexpected EOF|http2: client connection lost/i;
const tries = 5;

/** Talks to the cluster from one of its control planes, with the credentials that lie there. */
export class LiveCluster {
    constructor(
        private readonly session: Session,
        /** The control plane that answers. */
        readonly through: Member,
    ) {}

    /**
     * Runs kubectl against the API server of this very control plane: the load balancer could send it to one that is
     * leaving.
     * @throws StepError where it fails, after some tries where the reason passes by itself
     */
    async kubectl(
        words: readonly string[],
        options: { what: string; stdin?: string; timeout?: Seconds },
    ): Promise<string> {
        const limit = options.timeout ?? seconds(60);
        const command = commandLine(["timeout", String(limit), ...kubectlOn(this.through), ...words]);
        for (let attempt = 1; ; attempt++) {
            const { code, stdout, stderr } = await this.session.run(this.through, command, {
                ...options,
                timeout: seconds(limit + 10),
            });
            if (code === 0) {
                return stdout;
            }
            if (transient.test(stderr) && attempt < tries) {
                await sleep(1000 * attempt);
                continue;
            }
            throw StepError.of(
                this.through.fqdn,
                "cluster",
                `could not ${options.what}: ${stderr.trim().split("\n").slice(-3).join(" ").slice(0, 400) || `kubectl ended with code ${code}`}`,
                "check the API server's health (kubectl get --raw '/readyz?verbose' on that machine), then run again",
            );
        }
    }

    /** The cluster's CA certificate. */
    async ca(): Promise<string> {
        const [ca = ""] = await this.readAll([`${paths.pki}/ca.crt`]);
        return ca;
    }

    /** Reads several files as root, in their order, over one session. Their content stays in memory. */
    async readAll(files: readonly string[]): Promise<readonly string[]> {
        const inner = files.map((file) => `base64 -w0 -- ${shellQuote(file)} && echo`).join(" && ");
        const { code, stdout } = await this.session.run(this.through, `sh -c ${shellQuote(inner)}`, {
            what: `read ${files.join(", ")}`,
        });
        const contents = stdout.trimEnd().split("\n").map((line) => Buffer.from(line, "base64").toString("utf8"));
        if (code !== 0 || contents.length !== files.length || contents.includes("")) {
            throw StepError.of(
                this.through.fqdn,
                "cluster",
                `not all of ${files.join(", ")} can be read`,
                "the control plane is damaged: take it out of the stack and put it in again",
            );
        }
        return contents;
    }

    async nodes(): Promise<NodeState[]> {
        return parseNodes(await this.kubectl(["get", "nodes", "-o", "json"], { what: "ask for the nodes" }));
    }

    async node(fqdn: string): Promise<NodeState | undefined> {
        return (await this.nodes()).find(({ name }) => name === fqdn);
    }

    /** Runs etcdctl in the etcd container beside, which has the certificates. */
    private async etcdctl(
        words: readonly string[],
        what: string,
    ): Promise<{ code: number | null; stdout: string; stderr: string }> {
        const crictl = `crictl --runtime-endpoint ${criSocket} --timeout 10s`;
        const pki = `${paths.pki}/etcd`;
        const etcdctl = commandLine([
            "etcdctl",
            "--endpoints=https://127.0.0.1:2379",
            `--cacert=${pki}/ca.crt`,
            `--cert=${pki}/server.crt`,
            `--key=${pki}/server.key`,
            "--command-timeout=10s",
            ...words,
        ]);
        const inner = `id=$(${crictl} ps --state Running --name '^etcd$' --quiet | head -n 1); [ -n "$id" ] || { echo "no etcd container runs here" >&2; exit 3; }; exec timeout 40 ${crictl} exec "$id" ${etcdctl}`;
        return this.session.run(this.through, `sh -c ${shellQuote(inner)}`, { what, timeout: seconds(60) });
    }

    /** The members of etcd, and which of them answer. */
    async etcd(): Promise<EtcdHealth[]> {
        const list = await this.etcdctl(["member", "list", "-w", "simple"], "ask etcd for its members");
        if (list.code !== 0) {
            throw StepError.of(
                this.through.fqdn,
                "cluster",
                `etcd does not answer: ${list.stderr.trim().slice(-300)}`,
                "look at it (crictl ps -a; crictl logs), then run again",
            );
        }
        // It ends with code 1 as soon as one member does not answer; what it prints counts.
        const health = await this.etcdctl(["endpoint", "health", "--cluster", "-w", "json"], "ask etcd for its health");
        const json = health.stdout.split("\n").find((line) => line.startsWith("[")) ?? "[]";
        return withHealth(parseMembers(list.stdout), json);
    }

    /** Whether a machine's etcd member votes: it has what the others have, and they count on it. */
    async votes(member: Member): Promise<boolean> {
        const { code, stdout } = await this.etcdctl(["member", "list", "-w", "simple"], "ask etcd for its members");
        const own = code === 0 ? membersOf(parseMembers(stdout), member.fqdn, member.nodeAddress) : [];
        return own.some(({ learner }) => !learner);
    }

    async removeEtcd(id: string): Promise<void> {
        const { code, stderr } = await this.etcdctl(["member", "remove", id], `remove etcd member ${id}`);
        if (code !== 0 && !/member not found/i.test(stderr)) {
            throw StepError.of(
                this.through.fqdn,
                "cluster",
                `etcd member ${id} could not be removed: ${stderr.trim().slice(-300)}`,
                "check etcd's health, then run again",
            );
        }
    }
}

/** Asks one control plane's own API server whether it is ready. */
async function answers(session: Session, member: Member): Promise<LiveCluster> {
    await session.client(member, seconds(10));
    const command = commandLine([
        "timeout",
        "8",
        ...kubectlOn(member),
        "--request-timeout=6s",
        "get",
        "--raw",
        "/readyz",
    ]);
    const { code } = await session.run(member, command, { what: "ask its API server", timeout: seconds(15) });
    if (code !== 0) {
        throw new Error("not ready");
    }
    return new LiveCluster(session, member);
}

/** How long an earlier control plane may take once a later one has answered. */
const preference = seconds(3);

/**
 * The first of several in their order that succeeds; undefined if none does. One that is silent holds the choice up
 * only for a moment once another has answered.
 */
export async function firstInOrder<T>(candidates: readonly Promise<T>[], patience: Seconds): Promise<T | undefined> {
    const settled = candidates.map((candidate) =>
        candidate.then(
            (value) => ({ value }),
            () => undefined,
        ),
    );
    const late = Promise.any(candidates).then(
        () => sleep(patience * 1000, undefined, { ref: false }),
        () => undefined,
    );
    for (const candidate of settled) {
        const found = await Promise.race([candidate, late]);
        if (found) {
            return found.value;
        }
    }
    return (await Promise.all(settled)).find((one) => one !== undefined)?.value;
}

/**
 * A control plane whose API server answers; undefined if none does. The first of the stack is preferred, because it is
 * the last to leave when a region goes.
 */
export function findLive(session: Session, controlPlanes: readonly Member[]): Promise<LiveCluster | undefined> {
    return firstInOrder(
        controlPlanes.map((member) => answers(session, member)),
        preference,
    );
}

/** Waits for a condition, asking every second. Undefined when the time is over. */
export async function waitFor<T>(limit: Seconds, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = Date.now() + limit * 1000;
    for (;;) {
        const answer = await ask();
        if (answer !== undefined) {
            return answer;
        }
        if (Date.now() >= deadline) {
            return undefined;
        }
        await sleep(1000);
    }
}
