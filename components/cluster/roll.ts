import { seconds } from "../../infra/config/types";
import { auditPolicy } from "./apiserver-files";
import { aside, waitHealthy } from "./aside";
import { alone } from "./change";
import { controlPlanesFirst } from "./control-planes-first";
import { RollReasons } from "./decide";
import { fileParams } from "./files";
import { applyBootstrapObjects, recordedSettings } from "./init";
import { initConfiguration, toYaml } from "./kubeadm";
import { findLive, LiveCluster } from "./live";
import { NodeState } from "./nodes";
import { paths } from "./paths";
import { Session, StepError } from "./session";
import { runtimePackages, settingsHash } from "./settings";
import { MemberInput } from "./spec";

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

/** What of the cluster's own copy is not as the stack wants it; undefined where all of it is. */
async function behind(live: LiveCluster, { spec }: MemberInput, reasons: RollReasons): Promise<"version" | "settings" | undefined> {
    if (reasons.version && (await clusterVersion(live)) !== spec.kubernetes.version) {
        return "version";
    }
    return reasons.settings && (await recordedSettings(live)) !== settingsHash(spec) ? "settings" : undefined;
}

/**
 * Changes one running node: alone, with the cluster healthy before and after, its pods moved away for the part that
 * could disturb them. It can be interrupted anywhere and be run again.
 */
export async function roll(session: Session, input: MemberInput, reasons: RollReasons): Promise<void> {
    const { member, spec } = input;
    if (member.role === "worker") {
        await controlPlanesFirst(spec.region, member.fqdn, async () => {
            const live = await findLive(session, input.controlPlanes);
            if (!live) {
                throw new Error("no API server answers");
            }
            // A kubelet must not be newer than any API server (Kubernetes' version skew policy).
            const older = ({ controlPlane, kubeletVersion }: NodeState): boolean => controlPlane && kubeletVersion !== spec.kubernetes.version;
            return (await behind(live, input, reasons)) ?? (reasons.version && (await live.nodes()).some(older) ? "version" : undefined);
        });
    }
    await alone(spec.region, member.fqdn, async () => {
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
                    IGNORE: spec.kubernetes.ignorePreflightErrors,
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
            await part("upgrade", { UPLOAD: (await behind(live, input, { version: reasons.version })) !== undefined });
        }
        if (reasons.settings) {
            const first = (await behind(live, input, { settings: true })) !== undefined;
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
        const { version, drainTimeout } = spec.kubernetes;
        await aside(
            session,
            live,
            { member, ready, drainTimeout, back: (node) => node.kubeletVersion === version },
            () =>
                part("kubelet", {
                    PACKAGES: [...(reasons.version ? (["kubelet", "kubectl"] as const) : []), ...(reasons.settings ? runtimePackages : [])].map(
                        (name) => `${name}=${spec.packages[name]}`,
                    ),
                }),
        );
        await part("done", {});
    });
}
