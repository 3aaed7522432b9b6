/** A lock: every byte that comes from outside, pinned. Written by `npm run lock`, or by the lab's build; never typed in. */
export interface Lock {
    /** `upstream`: the public registries. `lab`: built on this machine, served by the lab's mirrors. */
    readonly source: "upstream" | "lab";
    /** Exact apt versions. */
    readonly packages: Readonly<Record<PackageName, string>>;
    /** Images as the manifests name them, with the digest of the linux/amd64 index or image. */
    readonly images: Readonly<Record<ImageName, LockedImage>>;
    /** Files fetched over HTTPS. */
    readonly files: Readonly<Record<FileName, LockedFile>>;
    /** Disk images of guests by their names; absent where no stack has guests. */
    readonly guestImages?: Readonly<Record<string, LockedGuestImage>>;
}

export type PackageName = "containerd.io" | "kubelet" | "kubeadm" | "kubectl" | "kubernetes-cni" | "cri-tools";

export type ImageName =
    | "pause"
    | "etcd"
    | "coredns"
    | "kube-apiserver"
    | "kube-controller-manager"
    | "kube-scheduler"
    | "kube-proxy"
    | "flannel"
    | "flannel-cni-plugin"
    | "argocd"
    | "redis"
    | "sealed-secrets-controller"
    | "nginx-ingress";

export type FileName = "argocd-manifest" | "sealed-secrets-crd";

export interface LockedImage {
    /** Name with registry, without tag: `registry.k8s.io/pause`. */
    readonly name: string;
    readonly tag: string;
    /** `sha256:...` */
    readonly digest: string;
    /** What it really is where it is not upstream's own: `stand-in: Debian's nginx behind ...`. */
    readonly standIn?: string;
}

export interface LockedFile {
    readonly url: string;
    /** Path below a file mirror's base URL. */
    readonly path: string;
    /** Hex sha256 of the bytes. */
    readonly sha256: string;
}

export interface LockedGuestImage {
    readonly url: string;
    /** Hex sha256 of the bytes. */
    readonly sha256: string;
    /** Size of the download. */
    readonly bytes: number;
}

/** Where a guest image is fetched: by its content below a file mirror's base URL, or from its own URL without one. */
export function guestImageUrl(image: LockedGuestImage, mirror?: string): string {
    return mirror === undefined ? image.url : `${mirror.replace(/\/$/, "")}/images/${image.sha256}.qcow2`;
}

/** `registry/name:tag@sha256:...`: what a manifest should carry. */
export function imageReference(image: LockedImage): string {
    return `${image.name}:${image.tag}@${image.digest}`;
}
