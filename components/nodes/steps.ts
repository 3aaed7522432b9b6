import * as path from "node:path";
import { bareHostKey } from "../../infra/config/host-key";
import { Lock } from "../../infra/config/lock";
import { RegionConfig, Seconds, seconds } from "../../infra/config/types";
import { Machine } from "../machines/machine";
import { planNamed } from "../machines/plans";
import { RemoteScript } from "../remote/step";
import { aptFiles, distributionPackages, pinnedPackages, renderAptCa } from "./apt";
import { crictlConfig, registryHosts, renderContainerdConfig, renderContainerdUnit } from "./containerd";
import { firewallUnit } from "./firewall-unit";
import { renderFirewall, sshPortsVariable } from "./firewall";
import { hostsMarks, renderHostsBlock } from "./hosts";
import { imagesFor } from "./images";
import { kernelModules, kernelParams, kernelSettings, moduleParams } from "./kernel";
import { renderLoadBalancer } from "./loadbalancer";
import { PortHolder, PortSettings, portsOn } from "./ports";
import { Figure, preflightChecks } from "./preflight";
import { boundParams, Check } from "./report";

/** What every step of a machine is computed from; plain values only. */
export interface NodePlan {
    readonly machine: Machine;
    /** All machines of the region, this one included. */
    readonly machines: readonly Machine[];
    readonly region: RegionConfig;
    readonly lock: Lock;
}

/** A script whose parameters are plain values. */
export type PlainScript = RemoteScript & {
    readonly params: Readonly<Record<string, string | number | boolean | readonly string[]>>;
};

/** Longest runs, without the wait for another script on the machine. Downloads get minutes, because mirrors and providers differ; the rest is local. */
const limits = {
    preflight: seconds(60),
    local: seconds(60),
    /** Without the wait for apt. */
    packages: seconds(600),
    containerd: seconds(120),
    images: seconds(900),
    clean: seconds(600),
} as const satisfies Record<string, Seconds>;

function script(name: string): string {
    return path.join(__dirname, "scripts", `${name}.sh`);
}

/** The ingress runs where applications may: on machines without a taint that keeps them off. */
export function takesIngress(machine: Pick<Machine, "taints">): boolean {
    return machine.taints.every((taint) => taint.effect === "PreferNoSchedule");
}

export function portHolder(machine: Pick<Machine, "role" | "taints">): PortHolder {
    return { role: machine.role, ingress: takesIngress(machine) };
}

export function portSettings(region: Pick<RegionConfig, "kubernetes" | "platform">): PortSettings {
    return {
        loadBalancerPort: region.kubernetes.loadBalancerPort,
        httpPort: region.platform.ingress.httpPort,
        httpsPort: region.platform.ingress.httpsPort,
    };
}

function controlPlanes(plan: NodePlan): readonly Machine[] {
    return plan.machines.filter((machine) => machine.role === "control-plane");
}

export function checksFor(plan: NodePlan): readonly Check<Figure>[] {
    const { machine, region } = plan;
    return preflightChecks({
        role: machine.role,
        plan: planNamed(machine.plan, region.plans),
        bounds: region.preflight,
        kubernetes: region.kubernetes,
        containerd: plan.lock.packages["containerd.io"],
    });
}

/**
 * Clocks are compared with the control planes' only, so that a worker that comes or goes changes no other machine's
 * preflight.
 */
export function preflightStep(plan: NodePlan): PlainScript {
    const { machine, region } = plan;
    const ports = portsOn(portHolder(machine), portSettings(region));
    return {
        script: script("preflight"),
        params: {
            BOUNDS: boundParams(checksFor(plan)),
            PORTS: ports.flatMap(({ protocol, first, last }) =>
                Array.from({ length: last - first + 1 }, (_, index) => `${protocol}:${first + index}`),
            ),
            ETCD: machine.role === "control-plane",
            PEERS: controlPlanes(plan)
                .filter((other) => other.name !== machine.name)
                .map((other) => other.nodeAddress)
                .sort(),
            STACK: region.name,
        },
        timeout: limits.preflight,
    };
}

/** Comment of the stack's key in authorized_keys: by it the key is found again. */
export function keyComment(region: Pick<RegionConfig, "name">): string {
    return `fjord:${region.name}`;
}

/** @param publicKey The stack's; a comment that it came with is not kept. */
export function keyStep({ machine, region }: NodePlan, publicKey: string) {
    return {
        script: script("key"),
        params: { LOGIN: machine.connection.user, PUBLIC_KEY: `${bareHostKey(publicKey)} ${keyComment(region)}` },
        timeout: limits.local,
    } satisfies PlainScript;
}

export function adoptStep(plan: NodePlan): PlainScript {
    const { machine, region } = plan;
    return {
        script: script("adopt"),
        params: {
            STACK: region.name,
            MARKER: `${JSON.stringify({ stack: region.name, node: machine.fqdn })}\n`,
            HOSTS_BLOCK: renderHostsBlock({
                apiName: region.kubernetes.apiName,
                nodes: plan.machines,
                hosts: region.hosts,
            }),
            HOSTS_BEGIN: hostsMarks.begin,
            HOSTS_END: hostsMarks.end,
        },
        timeout: limits.local,
    };
}

export function cleanStep(plan: NodePlan): PlainScript {
    return {
        script: script("clean"),
        params: {
            STACK: plan.region.name,
            LOGIN: plan.machine.connection.user,
            KEY_COMMENT: keyComment(plan.region),
            HOSTS_BEGIN: hostsMarks.begin,
            HOSTS_END: hostsMarks.end,
        },
        timeout: limits.clean,
    };
}

export function kernelStep(plan: NodePlan): PlainScript {
    return {
        script: script("kernel"),
        params: { MODULES: moduleParams(kernelModules), SETTINGS: kernelParams(settingsFor(plan)) },
        timeout: limits.local,
    };
}

/** The kernel settings of a machine, also for its published spec. */
export function settingsFor(plan: NodePlan): ReturnType<typeof kernelSettings> {
    const { machine, region } = plan;
    return kernelSettings({
        ingress: takesIngress(machine),
        backlog: region.platform.ingress.backlog,
        ports: portSettings(region),
    });
}

export function packagesStep(plan: NodePlan): PlainScript {
    const { mirrors } = plan.region;
    const files = aptFiles(mirrors.apt);
    return {
        script: script("packages"),
        params: {
            SOURCE_NAMES: files.map((file) => file.name),
            SOURCE_TEXTS: files.map((file) => file.sources),
            SOURCE_KEYS: files.map((file) => file.key),
            APT_CA: renderAptCa(mirrors),
            MIRROR_CA: mirrors.ca ?? "",
            PINNED: pinnedPackages(plan.lock),
            DISTRIBUTION: distributionPackages,
            APT_WAIT: plan.region.aptWait,
        },
        timeout: seconds(limits.packages + plan.region.aptWait),
    };
}

export function containerdStep(plan: NodePlan): PlainScript {
    const { lock, machine, region } = plan;
    const { restrictOomScoreAdj } = region.kubernetes;
    const registries = registryHosts(region.mirrors.images, region.mirrors.ca !== undefined);
    return {
        script: script("containerd"),
        params: {
            CONFIG: renderContainerdConfig({
                version: lock.packages["containerd.io"],
                cgroupDriver: machine.cgroupDriver ?? region.kubernetes.cgroupDriver,
                restrictOomScoreAdj,
                pause: lock.images.pause,
            }),
            UNIT: renderContainerdUnit(restrictOomScoreAdj),
            CRICTL: crictlConfig,
            REGISTRIES: registries.map((registry) => registry.registry),
            REGISTRY_HOSTS: registries.map((registry) => registry.content),
        },
        timeout: limits.containerd,
    };
}

/**
 * How long other machines let one in that is leaving: its drain, and before it the changes of the other machines, which
 * come first in a run; with the default drain 32 minutes.
 */
function leavingFor({ kubernetes }: Pick<RegionConfig, "kubernetes">): Seconds {
    return seconds(kubernetes.drainTimeout + 1800);
}

export function firewallStep(plan: NodePlan): PlainScript {
    const { machine, machines, region } = plan;
    return {
        script: script("firewall"),
        params: {
            RULESET: renderFirewall({
                holder: portHolder(machine),
                ports: portSettings(region),
                nodes: machines,
                podCidr: region.kubernetes.podCidr,
                sshFrom: region.ssh.allowFrom,
                leavingFor: leavingFor(region),
            }),
            UNIT: firewallUnit,
            SSH_VARIABLE: sshPortsVariable,
        },
        timeout: limits.local,
    };
}

export function loadBalancerStep(plan: NodePlan): PlainScript {
    const port = plan.region.kubernetes.loadBalancerPort;
    return {
        script: script("loadbalancer"),
        params: { CONFIG: renderLoadBalancer({ port, controlPlanes: controlPlanes(plan) }), PORT: port },
        timeout: limits.local,
    };
}

/**
 * Three at a time: more compete for the same line and the same disk. Pulling disturbs no other step, so the cluster may
 * begin meanwhile.
 */
export function imagesStep(plan: NodePlan): PlainScript {
    return {
        script: script("images"),
        params: { IMAGES: imagesFor(portHolder(plan.machine), plan.lock), PARALLEL: 3, PULL_TIMEOUT: 300 },
        lockWait: "none",
        timeout: limits.images,
    };
}
