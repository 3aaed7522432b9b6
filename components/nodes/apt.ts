import { AptSource, Mirrors } from "../../infra/config/types";
import { Lock, PackageName } from "../../infra/config/lock";
import { mirrorCaFile } from "./containerd";

/** One file of sources with its keyring. */
export interface AptFile {
    /** `kubernetes`; the files are fjord-<name>.sources and fjord-<name>.asc. */
    readonly name: string;
    /** deb822 text. */
    readonly sources: string;
    /** ASCII-armoured key. */
    readonly key: string;
}

function sameRepository(a: AptSource, b: AptSource): boolean {
    return a.url === b.url && a.suite === b.suite && a.key === b.key;
}

/** One deb822 stanza (sources.list(5)). A flat repository, whose suite ends in `/`, has no components. */
export function renderSource(name: string, source: AptSource): string {
    const lines = [
        "# Written by fjord; changes are overwritten.",
        "Types: deb",
        `URIs: ${source.url}`,
        `Suites: ${source.suite}`,
        ...(source.suite.endsWith("/") ? [] : [`Components: ${source.components.join(" ")}`]),
        `Signed-By: /etc/apt/keyrings/fjord-${name}.asc`,
    ];
    return `${lines.join("\n")}\n`;
}

/**
 * The sources of a region. One that serves both Kubernetes and containerd is written once: apt refuses the same
 * repository with two keyrings.
 */
export function aptFiles(apt: Mirrors["apt"]): readonly AptFile[] {
    const { kubernetes, containerd } = apt;
    const file = (name: string, source: AptSource): AptFile => ({
        name,
        sources: renderSource(name, source),
        key: ensureNewline(source.key),
    });
    if (sameRepository(kubernetes, containerd)) {
        const components = [...new Set([...kubernetes.components, ...containerd.components])];
        return [file("kubernetes", { ...kubernetes, components })];
    }
    return [file("kubernetes", kubernetes), file("containerd", containerd)];
}

function ensureNewline(text: string): string {
    return text.endsWith("\n") ? text : `${text}\n`;
}

/**
 * apt's configuration for sources behind a private CA: trusted for these hosts only, not for the whole machine.
 * Empty where there is none.
 */
export function renderAptCa(mirrors: Mirrors): string {
    if (!mirrors.ca) {
        return "";
    }
    const hosts = [mirrors.apt.kubernetes, mirrors.apt.containerd]
        .map((source) => new URL(source.url))
        .filter((url) => url.protocol === "https:")
        .map((url) => url.hostname);
    const lines = [...new Set(hosts)].sort().map((host) => `Acquire::https::${host}::CAInfo "${mirrorCaFile}";\n`);
    return lines.length === 0 ? "" : `// Written by fjord; changes are overwritten.\n${lines.join("")}`;
}

/** The packages of a node that the lock pins, `name=version`. */
const pinned: readonly PackageName[] = [
    "containerd.io",
    "kubelet",
    "kubeadm",
    "kubectl",
    "kubernetes-cni",
    "cri-tools",
];

/**
 * Packages of the distribution itself: the load balancer, the firewall, and what kubeadm looks for. Their versions
 * are the distribution's business: it sends security updates within a release and nothing else.
 */
export const distributionPackages: readonly string[] = [
    "haproxy",
    "nftables",
    "conntrack",
    "iptables",
    "ethtool",
    "socat",
];

/** `kubelet=1.36.4-1.1` for every pinned package. */
export function pinnedPackages(lock: Pick<Lock, "packages">): readonly string[] {
    return pinned.map((name) => `${name}=${lock.packages[name]}`);
}
