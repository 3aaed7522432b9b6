import { Lock } from "./lock";
import { RegionConfig, Whereabouts } from "./types";

/** What passes between a region and something outside it. */
export type EndpointPurpose =
    /** Where the state of the stacks lies. */
    | "state"
    /** What opens the secrets of the state: a passphrase's keeper, or a transit key. */
    | "secrets-key"
    /** The resolvers that machines ask. */
    | "names"
    | "time"
    | "logs"
    | "backup"
    /** Deployment logic. */
    | "git"
    | "packages"
    | "images"
    | "files";

/** Something outside a region that it talks to. */
export interface Endpoint {
    readonly purpose: EndpointPurpose;
    /** A URL, or a host name. */
    readonly url: string;
    readonly country: string;
    readonly operator: string;
    /** Country whose law the operator answers to; that of its parent company, where there is one. */
    readonly jurisdiction: string;
    /** Data centre; absent where the stack does not say. */
    readonly site?: string;
}

/** Who runs the registries and file hosts that a region without mirrors takes its bytes from. */
const upstreamHosts: Readonly<Record<string, Whereabouts>> = {
    "registry.k8s.io": { country: "US", operator: "Kubernetes project" },
    "ghcr.io": { country: "US", operator: "GitHub, Inc." },
    "quay.io": { country: "US", operator: "Red Hat, Inc." },
    "docker.io": { country: "US", operator: "Docker, Inc." },
    "public.ecr.aws": { country: "US", operator: "Amazon Web Services, Inc." },
    "raw.githubusercontent.com": { country: "US", operator: "GitHub, Inc." },
    "github.com": { country: "US", operator: "GitHub, Inc." },
    "cloud.debian.org": { country: "SE", operator: "Debian project" },
    "cloud-images.ubuntu.com": { country: "GB", operator: "Canonical Ltd." },
};

/** An operator that nobody has looked up: no residency profile allows it. */
const nobodyKnows: Whereabouts = { country: "ZZ", operator: "not known" };

/** A country code that stands for no country (ISO 3166-1 leaves it to users). */
export const unknownCountry = nobodyKnows.country;

function endpoint(purpose: EndpointPurpose, url: string, at: Whereabouts): Endpoint {
    return {
        purpose,
        url,
        country: at.country,
        operator: at.operator,
        jurisdiction: at.jurisdiction ?? at.country,
        ...(at.site !== undefined && { site: at.site }),
    };
}

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

/** Registries that images come from, but those that a mirror stands for. */
function registries({ mirrors }: RegionConfig, lock: Lock): readonly Endpoint[] {
    const mirrored = new Set(mirrors.images.map(({ registry }) => registry));
    const direct = unique(Object.values(lock.images).map(({ name }) => name.split("/")[0] ?? name));
    return direct
        .filter((host) => !mirrored.has(host))
        .map((host) => endpoint("images", `https://${host}`, upstreamHosts[host] ?? nobodyKnows));
}

/** Hosts of the lock's files and of guests' images, where no mirror has them. */
function files({ mirrors, images }: RegionConfig, lock: Lock): readonly Endpoint[] {
    if (mirrors.files) {
        return [endpoint("files", mirrors.files.url, mirrors.files.whereabouts)];
    }
    const urls = [...Object.values(lock.files), ...images].map(({ url }) => url);
    const hosts = unique(urls.map((url) => (URL.canParse(url) ? new URL(url).host : url)));
    return hosts.map((host) => endpoint("files", `https://${host}`, upstreamHosts[host] ?? nobodyKnows));
}

/** All that a region talks to outside itself, as far as its stack decides it. */
export function endpoints(region: RegionConfig, lock: Lock): readonly Endpoint[] {
    const { mirrors, platform } = region;
    const apt = [mirrors.apt.kubernetes, mirrors.apt.containerd];
    return [
        ...apt.map(({ url, whereabouts }) => endpoint("packages", url, whereabouts)),
        ...mirrors.images.map(({ url, whereabouts }) => endpoint("images", url, whereabouts)),
        ...registries(region, lock),
        ...files(region, lock),
        ...platform.gitHosts.map(({ host, whereabouts }) => endpoint("git", host, whereabouts)),
        ...region.endpoints.map(({ purpose, url, whereabouts }) => endpoint(purpose, url, whereabouts)),
    ].filter((one, index, all) => all.findIndex((other) => other.purpose === one.purpose && other.url === one.url) === index);
}
