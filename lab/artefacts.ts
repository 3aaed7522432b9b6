import * as fs from "node:fs";
import * as path from "node:path";
import * as defaults from "../infra/config/defaults";
import { fileNames, imageNames } from "../infra/config/lock-file";
import { wanted } from "../operations/lock/wanted";
import { imageRecipe } from "./images/recipes";
import type { Source } from "./source";
import { versions } from "./toolchain/table";

/** Where one artefact comes from with one source. */
export interface Origin {
    readonly from: string;
    /** Hosts that have to answer for it. */
    readonly hosts: readonly string[];
    /** What it really is, where it is not upstream's own. */
    readonly standIn?: string;
    /** True if a lab that took it from there was run, where this project is developed. */
    readonly proven: boolean;
}

/** One thing that a lab needs, with its place for each source. */
export type Artefact = { readonly name: string } & Readonly<Record<Source, Origin>>;

/** Hosts that serve a registry whose images are named otherwise. */
const registryHosts: Readonly<Record<string, readonly string[]>> = {
    "docker.io": ["registry-1.docker.io", "auth.docker.io"],
};

const hostOf = (url: string): string => new URL(url).host;

/** The upstream source could not be run where this was written: no host of it answers there. */
const fromUpstream = (from: string, ...hosts: string[]): Origin => ({ from, hosts, proven: false });

const builtHere = (from: string, standIn?: string): Origin => ({
    from,
    hosts: [],
    proven: true,
    ...(standIn === undefined ? {} : { standIn }),
});

const pulumiHosts = ["get.pulumi.com", "github.com", "api.github.com"];

/** Pulumi takes the version of a plugin from its SDK, and that one is pinned in package.json. */
const sdks = (
    JSON.parse(fs.readFileSync(path.join(__dirname, "..", "package.json"), "utf8")) as {
        readonly dependencies: Readonly<Record<string, string>>;
    }
).dependencies;

function plugin(name: string): Artefact {
    return {
        name: `Pulumi plugin ${name}`,
        upstream: fromUpstream(`fetched by the Pulumi CLI, v${sdks[`@pulumi/${name}`]}`, ...pulumiHosts),
        lab:
            name === "kubernetes"
                ? builtHere(`Go module, v${versions.pulumiKubernetes}`)
                : builtHere(
                      "this project",
                      `Pulumi plugin ${name}: written for this project, held against the official one by test/engine/conformance`,
                  ),
    };
}

const packageArtefact = (name: string, source: keyof typeof defaults.upstreamApt, lab: string): Artefact => ({
    name: `package ${name}`,
    upstream: fromUpstream(defaults.upstreamApt[source].url, hostOf(defaults.upstreamApt[source].url)),
    lab: builtHere(`${lab}, packed here, the lab's apt repository`),
});

function imageArtefact(name: (typeof imageNames)[number]): Artefact {
    const image = wanted().images[name];
    const registry = image.name.split("/")[0] ?? "";
    const { standIn } = imageRecipe(name);
    return {
        name: `image ${name}`,
        upstream: fromUpstream(`${image.name}:${image.tag}`, ...(registryHosts[registry] ?? [registry])),
        lab: builtHere("built here, the lab's registry", standIn && `image ${name}: ${standIn}`),
    };
}

function fileArtefact(name: (typeof fileNames)[number]): Artefact {
    const { url } = wanted().files[name];
    return {
        name: `file ${name}`,
        upstream: fromUpstream(url, hostOf(url)),
        lab: builtHere("out of its Go module, the lab's file mirror"),
    };
}

const debian = ["deb.debian.org"];
const labsOwn = "the same in both: it is the lab's own";

/** The single list of what a lab needs and where it comes from. */
export const artefacts: readonly Artefact[] = [
    {
        name: "Pulumi CLI",
        upstream: fromUpstream(
            `PATH, if Pulumi.yaml admits its version; else get.pulumi.com, v${versions.pulumi}, with the published checksum`,
            ...pulumiHosts,
        ),
        lab: builtHere(`Go module, v${versions.pulumi}`),
    },
    {
        name: "Pulumi language host for Node.js",
        upstream: fromUpstream("comes with the CLI", ...pulumiHosts),
        lab: builtHere("this project", "Pulumi language host for Node.js: a script of this project"),
    },
    ...["command", "random", "tls", "kubernetes"].map(plugin),
    {
        name: "kubectl of the operator",
        upstream: fromUpstream(`dl.k8s.io, v${defaults.kubernetes.version}, with the published checksum`, "dl.k8s.io"),
        lab: builtHere(`Go module, v${versions.kubernetes}`),
    },
    packageArtefact("kubelet", "kubernetes", "Go module"),
    packageArtefact("kubeadm", "kubernetes", "Go module"),
    packageArtefact("kubectl", "kubernetes", "Go module"),
    packageArtefact("cri-tools", "kubernetes", "Go module"),
    packageArtefact("kubernetes-cni", "kubernetes", "Go module"),
    packageArtefact("containerd.io", "containerd", "Go module, with Debian's runc"),
    {
        name: "root file system of the servers",
        upstream: { from: "Debian, through mmdebstrap", hosts: debian, proven: true },
        lab: { from: "Debian, through mmdebstrap", hosts: debian, proven: true },
    },
    {
        name: "Debian packages of the servers",
        upstream: fromUpstream("deb.debian.org, through the machine's own network", ...debian),
        lab: { from: "fetched with the root file system, the lab's apt repository", hosts: debian, proven: true },
    },
    ...imageNames.map(imageArtefact),
    ...fileNames.map(fileArtefact),
    {
        name: "image of the sample application",
        upstream: fromUpstream(
            "built here with Go and imported on the workers: it is nobody's product, so no registry has it",
        ),
        lab: builtHere("built here, the lab's registry"),
    },
    { name: "sample application's repository", upstream: builtHere(labsOwn), lab: builtHere(labsOwn) },
    { name: "Git server", upstream: builtHere(labsOwn), lab: builtHere(labsOwn) },
    {
        name: "DNS server of the lab",
        upstream: { from: "Debian's dnsmasq, which asks the machine's resolvers", hosts: debian, proven: false },
        lab: builtHere(`CoreDNS, Go module, v${versions.coredns}`),
    },
];

/** Every host that the upstream source needs, each once. Downloads may be redirected to others, which nobody lists. */
export const upstreamHosts: readonly string[] = [
    ...new Set(artefacts.flatMap(({ upstream }) => upstream.hosts)),
].sort();

/** The stand-ins that a source uses, as they are printed. */
export const standInsOf = (source: Source): readonly string[] =>
    artefacts.flatMap(({ [source]: origin }) => (origin.standIn === undefined ? [] : [origin.standIn]));

/** Names of what could not be proven with a source. */
export const unprovenOf = (source: Source): readonly string[] =>
    artefacts.filter(({ [source]: origin }) => !origin.proven).map(({ name }) => name);

/** What is printed before a lab is made: the source, why it, its stand-ins, and what of it is unproven. */
export function announce(source: Source, why: string): string {
    const standIns = standInsOf(source);
    const unproven = unprovenOf(source);
    return [
        `source: ${source} (${why})`,
        ...(standIns.length === 0 ? [] : ["stand-ins in use:", ...standIns.map((one) => `  - ${one}`)]),
        ...(unproven.length === 0
            ? []
            : [
                  `unproven: ${unproven.length} of ${artefacts.length} artefacts were never taken from this source where the project is developed (npm run lab:sources)`,
              ]),
    ].join("\n");
}

/** The table as a person reads it. */
export function formatArtefacts(rows: readonly Artefact[] = artefacts): string {
    const origin = ({ from, standIn, proven }: Origin): string =>
        `${from}${standIn === undefined ? "" : ` [stand-in: ${standIn}]`}${proven ? "" : " [unproven]"}`;
    return rows
        .map((row) => [row.name, `  upstream  ${origin(row.upstream)}`, `  lab       ${origin(row.lab)}`].join("\n"))
        .join("\n");
}
