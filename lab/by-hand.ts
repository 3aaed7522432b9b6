import * as pulumi from "@pulumi/pulumi";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { dump } from "js-yaml";
import { clusterSpec, nodeFacts } from "../components/cluster/cluster";
import { apiServerFiles } from "../components/cluster/files";
import { flannelObjects } from "../components/cluster/flannel";
import { initConfiguration, joinConfiguration, toYaml } from "../components/cluster/kubeadm";
import type { Machine } from "../components/machines/machine";
import { Credential } from "../components/machines/connection";
import { existingMachine } from "../components/machines/existing";
import { certsDir, mirrorCaFile } from "../components/nodes/containerd";
import { firewallUnit } from "../components/nodes/firewall-unit";
import { kernelModules, kernelParams } from "../components/nodes/kernel";
import * as steps from "../components/nodes/steps";
import { application } from "../components/platform/application";
import { argocdObjects } from "../components/platform/argocd";
import { selectCrds } from "../components/platform/crd-task";
import { ingressNamespace, ingressObjects } from "../components/platform/ingress";
import { type KubernetesObject, parseManifest } from "../components/platform/manifest";
import { namespace, platformNamespaces } from "../components/platform/namespaces";
import { redisPassword } from "../components/platform/platform";
import { applicationProjects, lockedDefaultProject } from "../components/platform/projects";
import { repositories, repositorySecret } from "../components/platform/repository";
import { sealedSecretsNamespace, sealedSecretsObjects, sealingKeysDigest, sealingKeySecret } from "../components/platform/sealed-secrets";
import type { RegionTrust } from "../components/trust/outputs";
import type { Lock } from "../infra/config/lock";
import type { RegionConfig } from "../infra/config/types";
import { sampleHost } from "./status";

/** What the region that is put up by hand is made from: the same as `Region` gets. */
export interface ByHandInputs {
    readonly config: RegionConfig;
    readonly lock: Lock;
    /** Texts of the locked manifests. */
    readonly argocdManifest: string;
    readonly sealedSecretsManifest: string;
    readonly trust: RegionTrust;
}

/** Files by their path below the folder that by-hand.sh is given. */
type Files = Readonly<Record<string, string>>;

/** Where by-hand.sh puts the hash of the cluster's CA, which nobody knows before the cluster is there. */
const caHashMark = "sha256:CA_CERT_HASH";

const text = (value: unknown): string => String(value);
const list = (value: unknown): readonly string[] => value as readonly string[];
const lines = (values: readonly string[]): string => values.map((value) => `${value}\n`).join("");

/** The files of one server, by their path on it. They are there before the packages, which keep them. */
function serverFiles(plan: steps.NodePlan, encryptionKey: string): Files {
    const { machine, region } = plan;
    const packages = steps.packagesStep(plan).params;
    const containerd = steps.containerdStep(plan).params;
    const firewall = steps.firewallStep(plan).params;
    const registries = list(containerd["REGISTRIES"]);
    const sources = list(packages["SOURCE_NAMES"]);
    return {
        "/etc/hosts": `${text(steps.adoptStep(plan).params["HOSTS_BLOCK"])}127.0.0.1 localhost\n::1 localhost ip6-localhost\n`,
        "/etc/modules-load.d/by-hand.conf": lines(kernelModules.map(({ name }) => name)),
        "/etc/by-hand/kernel": lines(kernelParams(steps.settingsFor(plan))),
        "/etc/by-hand/packages": lines([...list(packages["PINNED"]), ...list(packages["DISTRIBUTION"])]),
        "/etc/by-hand/held": lines(list(packages["PINNED"]).map((entry) => entry.split("=")[0] ?? entry)),
        "/etc/by-hand/images": lines(list(steps.imagesStep(plan).params["IMAGES"]).map((image) => image.replace(/@.*$/, ""))),
        ...(region.mirrors.ca && { [mirrorCaFile]: region.mirrors.ca }),
        "/etc/apt/apt.conf.d/60by-hand": text(packages["APT_CA"]),
        ...Object.fromEntries(
            sources.flatMap((name, index) => [
                [`/etc/apt/sources.list.d/fjord-${name}.sources`, list(packages["SOURCE_TEXTS"])[index] ?? ""],
                [`/etc/apt/keyrings/fjord-${name}.asc`, list(packages["SOURCE_KEYS"])[index] ?? ""],
            ]),
        ),
        "/etc/containerd/config.toml": text(containerd["CONFIG"]),
        "/etc/systemd/system/containerd.service.d/by-hand.conf": text(containerd["UNIT"]),
        "/etc/crictl.yaml": text(containerd["CRICTL"]),
        ...Object.fromEntries(registries.map((registry, index) => [`${certsDir}/${registry}/hosts.toml`, list(containerd["REGISTRY_HOSTS"])[index] ?? ""])),
        "/etc/fjord/firewall.nft": `define ${text(firewall["SSH_VARIABLE"])} = { ${machine.ssh.port} }\n${text(firewall["RULESET"])}`,
        "/etc/systemd/system/by-hand-firewall.service": firewallUnit,
        "/etc/haproxy/haproxy.cfg": text(steps.loadBalancerStep(plan).params["CONFIG"]),
        ...(machine.role === "control-plane" && Object.fromEntries(apiServerFiles(encryptionKey).map((file) => [file.path, file.content]))),
    };
}

/** kubeadm's files. The token lives for as long as the joins take; by-hand.sh takes it back. */
function kubeadmFiles(config: RegionConfig, lock: Lock, machines: readonly Machine[]): Files {
    const spec = clusterSpec(config, lock);
    const id = randomBytes(3).toString("hex");
    const token = `${id}.${randomBytes(8).toString("hex")}`;
    const [first, ...others] = [...machines].sort((a, b) => a.role.localeCompare(b.role)).map(nodeFacts);
    if (!first) {
        throw new Error("a region without machines cannot be put up: give it some in fjord:machines");
    }
    const [begin, ...rest] = initConfiguration(spec, first);
    return {
        "kubeadm/token-id": `${id}\n`,
        [`kubeadm/${first.name}.yaml`]: toYaml([{ ...begin, bootstrapTokens: [{ token, ttl: "1h0m0s" }] } as (typeof rest)[number], ...rest]),
        ...Object.fromEntries(
            others.map((member) => [`kubeadm/${member.name}.yaml`, toYaml(joinConfiguration(spec, member, { token, caCertHash: caHashMark }))]),
        ),
    };
}

/** flannel's objects with the kinds that the typed classes of the program imply. */
function networkObjects(config: RegionConfig, lock: Lock): readonly object[] {
    const { flannel, "flannel-cni-plugin": plugin } = lock.images;
    const objects = flannelObjects({ podCidr: config.kubernetes.podCidr, images: { flannel, "flannel-cni-plugin": plugin } });
    const rbac = "rbac.authorization.k8s.io/v1";
    return [
        { apiVersion: "v1", kind: "Namespace", ...objects.namespace },
        { apiVersion: "v1", kind: "ServiceAccount", ...objects.serviceAccount },
        { apiVersion: rbac, kind: "ClusterRole", ...objects.clusterRole },
        { apiVersion: rbac, kind: "ClusterRoleBinding", ...objects.clusterRoleBinding },
        { apiVersion: "v1", kind: "ConfigMap", ...objects.config },
        { apiVersion: "apps/v1", kind: "DaemonSet", ...objects.daemonSet },
    ];
}

/** Objects that pods need come before the pods. */
function podsLast(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
    const runs = ({ kind }: KubernetesObject): number => (["Deployment", "StatefulSet", "DaemonSet"].includes(kind) ? 1 : 0);
    return [...objects].sort((a, b) => runs(a) - runs(b));
}

/** The values of outputs, which need no engine where nothing is a resource. */
const plain = <T>(value: pulumi.Input<T>): Promise<T> => new Promise((resolve) => void pulumi.output(value).apply((known) => resolve(known as T)));

async function manifests({ config, lock, argocdManifest, sealedSecretsManifest, trust }: ByHandInputs): Promise<Files> {
    const upstream = parseManifest(argocdManifest, "argocd-manifest");
    const { sealingKeys, deployKey } = trust;
    const platform = podsLast([
        ...sealingKeys.map(sealingKeySecret),
        ...sealedSecretsObjects(lock, sealingKeysDigest(sealingKeys)),
        ...ingressObjects(config.platform.ingress, config.machines, lock),
        redisPassword(randomBytes(24).toString("hex")),
        lockedDefaultProject,
        ...applicationProjects(config.applications),
        ...repositories(config.applications).map((repository) => repositorySecret(repository, deployKey)),
        ...argocdObjects(upstream, config.platform, lock),
    ]);
    const yaml = async (objects: readonly object[]): Promise<string> =>
        ((await plain(objects)) as readonly object[]).map((object) => dump(object, { noRefs: true, lineWidth: -1 })).join("---\n");
    return {
        "manifests/network.yaml": await yaml(networkObjects(config, lock)),
        "manifests/crds.yaml": await yaml(selectCrds([...upstream, ...parseManifest(sealedSecretsManifest, "sealed-secrets-crd")])),
        "manifests/namespaces.yaml": await yaml([sealedSecretsNamespace, ingressNamespace, namespace(platformNamespaces.argocd, "restricted")]),
        "manifests/platform.yaml": await yaml(platform),
        "manifests/applications.yaml": await yaml(config.applications.map(application)),
    };
}

/** The servers as they are; a person by hand has no maker of machines. */
function byHandMachines(region: RegionConfig): Machine[] {
    const agent: Credential = { kind: "agent" };
    return region.machines
        .filter((machine) => machine.kind === "existing")
        .map((machine) => existingMachine(machine, region.domain, agent, agent));
}

/**
 * Writes what by-hand.sh works from, with the functions that the program's components use, so that only the doing
 * differs: the files of each server, kubeadm's files, and the manifests. The folder holds keys and is its owner's only.
 */
export async function renderByHand(folder: string, inputs: ByHandInputs): Promise<void> {
    const { config: region, lock } = inputs;
    const machines = byHandMachines(region);
    const encryptionKey = randomBytes(32).toString("base64");
    const worker = region.machines.find(({ role }) => role === "worker") ?? region.machines[0];
    const files: Files = {
        nodes: lines(machines.map(({ name, role }) => `${name} ${role}`)),
        check: `${worker?.nodeAddress} ${sampleHost}\n`,
        ...kubeadmFiles(region, lock, machines),
        ...(await manifests(inputs)),
        ...Object.fromEntries(
            machines.flatMap((machine) =>
                Object.entries(serverFiles({ machine, machines, region, lock }, encryptionKey)).map(([file, content]) => [`nodes.d/${machine.name}${file}`, content]),
            ),
        ),
    };
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(files)) {
        const file = path.join(folder, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content, { mode: name.includes("/etc/kubernetes/") ? 0o600 : 0o644 });
    }
}
