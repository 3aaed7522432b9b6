import { Seconds, seconds } from "../../infra/config/types";
import { auditPolicy } from "./apiserver-files";
import { RollReasons } from "./decide";
import { drain } from "./drain";
import { fileParams } from "./files";
import { stackFiles } from "./home";
import { applyBootstrapObjects, recordedSettings } from "./init";
import { initConfiguration, toYaml } from "./kubeadm";
import { findLive, LiveCluster, waitFor } from "./live";
import { withLock } from "./lock";
import { somewhereToGo } from "./nodes";
import { paths } from "./paths";
import { Session, StepError } from "./session";
import { settingsHash } from "./settings";
import { MemberInput } from "./spec";

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

async function waitHealthy(
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

/** The version that the cluster's control planes are configured for. */
async function clusterVersion(live: LiveCluster): Promise<string> {
    const text = await live.kubectl(
        ["get", "configmap", "kubeadm-config", "-n", "kube-system", "-o", "jsonpath={.data.ClusterConfiguration}"],
        {
            what: "ask for the cluster's version",
        },
    );
    return /^kubernetesVersion: v(.+)$/m.exec(text)?.[1] ?? "";
}

/**
 * Changes one running node: alone, with the cluster healthy before and after, its pods moved away for the part that
 * could disturb them. It can be interrupted anywhere and be run again.
 */
export async function roll(session: Session, input: MemberInput, reasons: RollReasons): Promise<void> {
    const { member, spec } = input;
    await withLock(stackFiles(spec.region).rollLock, seconds(7200), async () => {
        const others = input.controlPlanes.filter(({ name }) => name !== member.name);
        const live = (await findLive(session, others)) ?? (await findLive(session, input.controlPlanes));
        if (!live) {
            throw StepError.of(
                member.fqdn,
                "roll",
                "no API server answers",
                "bring a control plane back, then run again",
            );
        }
        // Only nodes that are Ready now can be expected to be Ready later: before the network is up, none is.
        const ready = new Set((await live.nodes()).filter((node) => node.ready).map(({ name }) => name));
        await waitHealthy(live, member.fqdn, seconds(300), ready);
        const settings = settingsHash(spec);
        const part = async (
            name: string,
            params: Record<string, string | boolean | readonly string[]>,
        ): Promise<void> => {
            await session.script(member, {
                script: "roll",
                params: {
                    PART: name,
                    ROLE: member.role,
                    VERSION: spec.kubernetes.version,
                    REGION: spec.region,
                    SETTINGS: settings,
                    PACKAGES: [],
                    UPLOAD: false,
                    CONFIG: "",
                    ...fileParams([]),
                    ...params,
                },
                timeout: seconds(1200),
            });
        };
        if (reasons.version) {
            await part("kubeadm", { PACKAGES: [`kubeadm=${spec.packages.kubeadm}`] });
            const first = (await clusterVersion(live)) !== spec.kubernetes.version;
            if (first && member.role === "worker") {
                throw StepError.of(
                    member.fqdn,
                    "roll",
                    "the control planes have another version still",
                    "run again: control planes go first",
                );
            }
            await part("upgrade", { UPLOAD: first });
        }
        if (reasons.settings) {
            const first = (await recordedSettings(live)) !== settings;
            if (first && member.role === "worker") {
                throw StepError.of(
                    member.fqdn,
                    "roll",
                    "the control planes have other settings still",
                    "run again: control planes go first",
                );
            }
            await part("settings", {
                UPLOAD: first,
                CONFIG: toYaml(initConfiguration(spec, member)),
                ...fileParams(
                    member.role === "control-plane"
                        ? [{ path: paths.auditPolicy, mode: "0600", content: toYaml([auditPolicy()]) }]
                        : [],
                ),
            });
            if (first) {
                await applyBootstrapObjects(live, settings);
            }
        }
        await restartKubelet(session, live, input, ready, () =>
            part("kubelet", {
                PACKAGES: reasons.version
                    ? [`kubelet=${spec.packages.kubelet}`, `kubectl=${spec.packages.kubectl}`]
                    : [],
            }),
        );
        await part("done", {});
    });
}

async function restartKubelet(
    session: Session,
    live: LiveCluster,
    input: MemberInput,
    ready: ReadonlySet<string>,
    restart: () => Promise<void>,
): Promise<void> {
    const { member, spec } = input;
    if (somewhereToGo(await live.nodes(), member.fqdn)) {
        const result = await drain(live, member.fqdn, spec.kubernetes.drainTimeout);
        if (!result.drained) {
            await live.kubectl(["uncordon", member.fqdn], { what: `uncordon ${member.fqdn}` });
            throw StepError.of(
                member.fqdn,
                "roll",
                `it could not be drained: ${result.left}`,
                "look at its pods and their disruption budgets (kubectl get pdb -A), then run again",
            );
        }
    }
    await restart();
    const back = await waitFor(seconds(300), async () => {
        const node = await live.node(member.fqdn).catch(() => undefined);
        const current = node?.kubeletVersion === spec.kubernetes.version;
        return node && current && (node.ready || !ready.has(member.fqdn)) ? true : undefined;
    });
    if (!back) {
        throw StepError.of(
            member.fqdn,
            "roll",
            "its kubelet did not come back as Ready within 300 s",
            "look at it (journalctl -u kubelet), then run again; the node stays cordoned until then",
        );
    }
    await live.kubectl(["uncordon", member.fqdn], { what: `uncordon ${member.fqdn}` });
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
