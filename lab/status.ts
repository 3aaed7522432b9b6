import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { labWorkers, type Lab } from "./plan";
import { run } from "./process";
import { stackFiles } from "./pulumi";

/** A node as Kubernetes sees it. */
export interface NodeStatus {
    readonly name: string;
    readonly ready: boolean;
    /** False while it is cordoned. */
    readonly schedulable: boolean;
    readonly kubelet: string;
    readonly runtime: string;
}

export interface ApplicationStatus {
    readonly name: string;
    readonly sync: string;
    readonly health: string;
    readonly revision: string;
}

/** What a person asks of a region first. */
export interface LabStatus {
    readonly nodes: readonly NodeStatus[];
    /** `namespace/name: reason` of every pod that is not ready and has not ended well. */
    readonly podsNotReady: readonly string[];
    readonly applications: readonly ApplicationStatus[];
    /** One request for the sample application, through the ingress of each worker. */
    readonly ingress: readonly IngressCheck[];
    readonly versions: { readonly kubernetes: string };
    /** All of the above as it should be. */
    readonly healthy: boolean;
}

export interface IngressCheck {
    readonly address: string;
    /** HTTP status, or 0 where nobody answered. */
    readonly status: number;
    /** Text of the page, cut to 300 characters. */
    readonly page: string;
}

/** Host name under which the sample application is served. */
export const sampleHost = "payments.lab.node";

const requestTimeout = 5_000;

/** Asks the ingress at an address for the sample application; never throws. */
export function checkIngress(address: string, host: string = sampleHost, port = 80): Promise<IngressCheck> {
    return new Promise((resolve) => {
        const none = (): void => resolve({ address, status: 0, page: "" });
        const request = http.get(
            { host: address, port, path: "/", headers: { host }, timeout: requestTimeout, agent: false },
            (response) => {
                let page = "";
                response.setEncoding("utf8");
                response.on("data", (part: string) => (page += part));
                response.on("end", () =>
                    resolve({ address, status: response.statusCode ?? 0, page: page.slice(0, 300) }),
                );
                response.on("error", none);
            },
        );
        request.on("timeout", () => request.destroy());
        request.on("error", none);
    });
}

/** The region's kubeconfig: the one that Pulumi's provider uses too. */
export const kubeconfigFile = (lab: Lab): string => path.join(stackFiles(lab).home, lab.name, "kubeconfig");

interface KubernetesList<T> {
    readonly items: readonly T[];
}

interface Condition {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
}

interface RawNode {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly unschedulable?: boolean };
    readonly status: {
        readonly conditions: readonly Condition[];
        readonly nodeInfo: { readonly kubeletVersion: string; readonly containerRuntimeVersion: string };
    };
}

interface RawPod {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly status: {
        readonly phase: string;
        readonly conditions?: readonly Condition[];
        readonly containerStatuses?: readonly { readonly state: { readonly waiting?: { readonly reason: string } } }[];
    };
}

interface RawApplication {
    readonly metadata: { readonly name: string };
    readonly status?: {
        readonly sync?: { readonly status?: string; readonly revision?: string };
        readonly health?: { readonly status?: string };
    };
}

const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
    conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;

export function nodeStatus(node: RawNode): NodeStatus {
    return {
        name: node.metadata.name,
        ready: isTrue(node.status.conditions, "Ready"),
        schedulable: !node.spec.unschedulable,
        kubelet: node.status.nodeInfo.kubeletVersion,
        runtime: node.status.nodeInfo.containerRuntimeVersion,
    };
}

/** Why a pod is not ready; undefined if it is, or has ended well. */
export function podProblem(pod: RawPod): string | undefined {
    if (pod.status.phase === "Succeeded" || isTrue(pod.status.conditions, "Ready")) {
        return undefined;
    }
    const waiting = pod.status.containerStatuses?.find((container) => container.state.waiting)?.state.waiting?.reason;
    return `${pod.metadata.namespace}/${pod.metadata.name}: ${waiting ?? pod.status.phase}`;
}

export function applicationStatus(application: RawApplication): ApplicationStatus {
    return {
        name: application.metadata.name,
        sync: application.status?.sync?.status ?? "Unknown",
        health: application.status?.health?.status ?? "Unknown",
        revision: application.status?.sync?.revision ?? "",
    };
}

/**
 * A lab whose region is not up yet has no kubeconfig.
 *
 * @throws if that is so
 */
export function needKubeconfig(lab: Lab): string {
    const file = kubeconfigFile(lab);
    if (!fs.existsSync(file)) {
        throw new Error(
            `the region of lab "${lab.name}" is not up: it has no kubeconfig (${file})\n  what to do: npm run lab goes on where it ended`,
        );
    }
    return file;
}

/** Runs kubectl on the region's cluster and gives what it prints. */
export type Kubectl = (...words: string[]) => Promise<string>;

/** As an operator does: with the kubeconfig that Pulumi's provider uses too. */
function throughTunnel(lab: Lab, program: string): Kubectl {
    const kubeconfig = needKubeconfig(lab);
    const env = { FJORD_HOME: stackFiles(lab).home };
    return (...words) => run(program, ["--kubeconfig", kubeconfig, "--request-timeout=20s", ...words], { env });
}

/** Asks the cluster and its ingress. Throws only if there is no region, or its API cannot be reached. */
export const labStatus = async (lab: Lab, kubectlProgram: string): Promise<LabStatus> => regionStatus(lab, throughTunnel(lab, kubectlProgram));

/** The same of a region that is reached some other way. */
export async function regionStatus(lab: Lab, kubectl: Kubectl): Promise<LabStatus> {
    const get = async <T>(...what: string[]): Promise<readonly T[]> =>
        (JSON.parse(await kubectl("get", ...what, "-o", "json")) as KubernetesList<T>).items;
    const [nodes, pods, applications, version] = await Promise.all([
        get<RawNode>("nodes"),
        get<RawPod>("pods", "--all-namespaces"),
        get<RawApplication>("applications.argoproj.io", "--all-namespaces").catch(() => []),
        kubectl("version", "-o", "json"),
    ]);
    const ingress = await Promise.all(
        labWorkers(lab).map((node) => checkIngress(node.address)),
    );
    const status = {
        nodes: nodes.map(nodeStatus),
        podsNotReady: pods.map(podProblem).filter((problem) => problem !== undefined),
        applications: applications.map(applicationStatus),
        ingress,
        versions: {
            kubernetes: (JSON.parse(version) as { serverVersion: { gitVersion: string } }).serverVersion.gitVersion,
        },
    };
    return { ...status, healthy: isHealthy(status) };
}

/** True if nothing is left to wait for. An empty list of nodes or applications is not health. */
export function isHealthy(status: Omit<LabStatus, "healthy">): boolean {
    return (
        status.nodes.length > 0 &&
        status.nodes.every((node) => node.ready && node.schedulable) &&
        status.podsNotReady.length === 0 &&
        status.applications.length > 0 &&
        status.applications.every(({ sync, health }) => sync === "Synced" && health === "Healthy") &&
        status.ingress.some((check) => check.status === 200)
    );
}

/** The status as a person reads it. */
export function formatStatus(status: LabStatus): string {
    const row = (...cells: string[]): string =>
        `  ${cells.map((cell, i) => cell.padEnd([24, 12, 14, 20][i] ?? 0)).join("")}`.trimEnd();
    return [
        `Kubernetes ${status.versions.kubernetes}: ${status.healthy ? "healthy" : "not healthy"}`,
        "nodes",
        ...status.nodes.map((node) =>
            row(
                node.name,
                node.ready ? "Ready" : "NotReady",
                node.kubelet,
                node.runtime + (node.schedulable ? "" : " (cordoned)"),
            ),
        ),
        `pods not ready: ${status.podsNotReady.length}`,
        ...status.podsNotReady.map((pod) => row(pod)),
        "applications",
        ...status.applications.map((one) => row(one.name, one.sync, one.health, one.revision.slice(0, 12))),
        "ingress",
        ...status.ingress.map((check) =>
            row(check.address, String(check.status || "no answer"), check.page.split("\n")[0] ?? ""),
        ),
    ].join("\n");
}
