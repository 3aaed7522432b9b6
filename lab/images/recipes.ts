import type { ImageName } from "../../infra/config/lock";
import { wanted } from "../../operations/lock/wanted";
import { versions } from "../toolchain/table";
import type { BaseName } from "./bases";

/** An image that the lab builds: those of the lock, and the sample application. */
export type LabImageName = ImageName | "payment-service";

/** Something that lies in an image at a path. */
export type Entry =
    /** A program below the toolchain's `bin/`; with a capability that it keeps when another user than root runs it. */
    | { readonly program: string; readonly capability?: "cap_net_bind_service" }
    /** A file below the toolchain's `files/`, executable. */
    | { readonly file: string }
    | { readonly text: string; readonly executable?: boolean }
    | { readonly link: string }
    /** An empty folder. */
    | { readonly folder: true; readonly owner?: number; readonly mode?: number };

/** How an image is put together. */
export interface ImageRecipe {
    /** Debian files below everything else. Default: nothing at all. */
    readonly base?: BaseName;
    readonly entries: Readonly<Record<string, Entry>>;
    readonly entrypoint?: readonly string[];
    readonly command?: readonly string[];
    readonly user?: string;
    readonly workdir?: string;
    readonly env?: readonly string[];
    /** What it is, where it is not upstream's own program on another base. Goes into lock and labels. */
    readonly standIn?: string;
}

/** A program alone in an image, as distroless images have it. */
const single = (path: string, program: string): ImageRecipe => ({
    entries: { [path]: { program } },
    entrypoint: [path],
});

const iptables = ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"];
/** What update-alternatives would have linked: flannel calls iptables by name even where it uses nftables. */
const iptablesNames: Readonly<Record<string, Entry>> = Object.fromEntries(
    iptables.map((name) => [`/usr/sbin/${name}`, { link: "xtables-nft-multi" }]),
);

const argocdNames = [
    "argocd-server",
    "argocd-repo-server",
    "argocd-cmp-server",
    "argocd-application-controller",
    "argocd-dex",
    "argocd-notifications",
    "argocd-applicationset-controller",
    "argocd-k8s-auth",
    "argocd-commit-server",
];

const argocd: ImageRecipe = {
    base: "platform",
    entries: {
        "/usr/local/bin/argocd": { program: "argocd" },
        ...Object.fromEntries(argocdNames.map((name) => [`/usr/local/bin/${name}`, { link: "argocd" }])),
        "/usr/local/bin/helm": { program: "helm" },
        "/usr/local/bin/kustomize": { program: "kustomize" },
        "/usr/local/bin/gpg-wrapper.sh": { file: "argocd/gpg-wrapper.sh" },
        "/usr/local/bin/git-verify-wrapper.sh": { file: "argocd/git-verify-wrapper.sh" },
        "/usr/local/bin/entrypoint.sh": {
            text: '#!/bin/sh\nif [ "$$" = 1 ]; then exec tini -- "$@"; fi\nexec "$@"\n',
            executable: true,
        },
        "/etc/ssh/ssh_known_hosts": { link: "/app/config/ssh/ssh_known_hosts" },
        "/app/config/ssh/ssh_known_hosts": { text: "" },
        "/app/config/tls": { folder: true },
        "/app/config/gpg/source": { folder: true },
        "/app/config/gpg/keys": { folder: true, owner: 999, mode: 0o700 },
        "/home/argocd": { folder: true, owner: 999 },
    },
    entrypoint: ["/usr/bin/tini", "--"],
    user: "999",
    workdir: "/home/argocd",
    env: ["HOME=/home/argocd", "USER=argocd", "GRPC_ENABLE_TXT_SERVICE_CONFIG=false"],
    standIn: "Argo CD built from its Go module, without the web UI's files, on Debian instead of Ubuntu",
};

const redis: ImageRecipe = {
    base: "platform",
    entries: {
        "/usr/local/bin/docker-entrypoint.sh": {
            text: '#!/bin/sh\ncase "$1" in -*|*.conf|"") set -- redis-server "$@" ;; esac\nexec "$@"\n',
            executable: true,
        },
        "/data": { folder: true, owner: 999 },
    },
    entrypoint: ["/usr/local/bin/docker-entrypoint.sh"],
    command: ["redis-server"],
    workdir: "/data",
    standIn: "Debian's redis-server (7.0) behind an entry script of ours",
};

const nginxIngress: ImageRecipe = {
    base: "platform",
    entries: {
        "/nginx-ingress": { program: "nginx-ingress", capability: "cap_net_bind_service" },
        "/etc/nginx/conf.d": { folder: true, owner: 101 },
        "/var/lib/nginx": { folder: true, owner: 101 },
        "/var/cache/nginx": { folder: true, owner: 101 },
        "/var/log/nginx": { folder: true, owner: 101 },
    },
    entrypoint: ["/nginx-ingress"],
    user: "101",
    standIn: "an Ingress controller of ours before Debian's nginx, with the flags and ConfigMap keys of F5's in use",
};

const recipes: Readonly<Record<LabImageName, ImageRecipe>> = {
    pause: { ...single("/pause", "pause"), standIn: "a pause program of ours in Go" },
    etcd: {
        entries: { "/usr/local/bin/etcd": { program: "etcd" }, "/usr/local/bin/etcdctl": { program: "etcdctl" } },
        command: ["etcd"],
    },
    coredns: single("/coredns", "coredns"),
    "kube-apiserver": single("/usr/local/bin/kube-apiserver", "kube-apiserver"),
    "kube-controller-manager": single("/usr/local/bin/kube-controller-manager", "kube-controller-manager"),
    "kube-scheduler": single("/usr/local/bin/kube-scheduler", "kube-scheduler"),
    "kube-proxy": {
        base: "network",
        entries: { "/usr/local/bin/kube-proxy": { program: "kube-proxy" }, ...iptablesNames },
        command: ["kube-proxy"],
    },
    flannel: {
        base: "network",
        entries: {
            "/opt/bin/flanneld": { program: "flanneld" },
            "/opt/bin/install-conf": { program: "flannel-install-conf" },
            ...iptablesNames,
        },
        entrypoint: ["/opt/bin/flanneld"],
    },
    "flannel-cni-plugin": {
        base: "network",
        entries: { "/flannel": { program: "flannel-cni" } },
        entrypoint: ["/flannel"],
        standIn: "a CNI plugin of ours that hands flannel's subnet to the bridge plugin",
    },
    argocd,
    redis,
    "sealed-secrets-controller": { ...single("/usr/local/bin/controller", "sealed-secrets-controller"), user: "1001" },
    "nginx-ingress": nginxIngress,
    "payment-service": { ...single("/payment-service", "payment-service"), user: "65532" },
};

/** All images that the lab builds. */
export const labImages = Object.keys(recipes) as readonly LabImageName[];

export const imageRecipe = (name: LabImageName): ImageRecipe => recipes[name];

/** Name with registry, and tag: the same as upstream's, so that only the digest tells the images apart. */
export function imageName(
    name: LabImageName,
    ownRegistry: string,
    kubernetes: string = versions.kubernetes,
): { readonly name: string; readonly tag: string } {
    return name === "payment-service"
        ? { name: `${ownRegistry}/payment-service`, tag: "1.0.0" }
        : wanted(kubernetes).images[name];
}

/** Registries that the images come from; each needs a mirror in the region. */
export const registriesOf = (ownRegistry: string): readonly string[] =>
    [...new Set(labImages.map((image) => imageName(image, ownRegistry).name.split("/")[0] ?? ""))].sort();
