import * as defaults from "../../infra/config/defaults";
import { FileName, ImageName, PackageName } from "../../infra/config/lock";

/** What is wanted from upstream, by name and version. The lock command finds out which bytes that is. */
export interface Wanted {
    readonly packages: Readonly<Record<PackageName, WantedPackage>>;
    readonly images: Readonly<Record<ImageName, { readonly name: string; readonly tag: string }>>;
    readonly files: Readonly<Record<FileName, { readonly url: string; readonly path: string }>>;
}

export interface WantedPackage {
    readonly source: keyof typeof defaults.upstreamApt;
    /**
     * Upstream's version without what the packager adds; absent: the newest of the repository, which is made for one
     * minor.
     */
    readonly version?: string;
}

const argocd = "v3.5.7";
const sealedSecrets = "0.40.0";

/**
 * The table. Versions of etcd, CoreDNS and pause are those of kubeadm (cmd/kubeadm/app/constants), flannel's of its
 * manifest.
 */
export function wanted(kubernetes: string = defaults.kubernetes.version): Wanted {
    const core = (name: string) => ({ name: `registry.k8s.io/${name}`, tag: `v${kubernetes}` });
    const node = { source: "kubernetes", version: kubernetes } as const;
    return {
        packages: {
            "containerd.io": { source: "containerd", version: "2.3.7" },
            kubelet: node,
            kubeadm: node,
            kubectl: node,
            "kubernetes-cni": { source: "kubernetes" },
            "cri-tools": { source: "kubernetes" },
        },
        images: {
            pause: { name: "registry.k8s.io/pause", tag: "3.10.2" },
            etcd: { name: "registry.k8s.io/etcd", tag: "3.6.8-0" },
            coredns: { name: "registry.k8s.io/coredns/coredns", tag: "v1.14.2" },
            "kube-apiserver": core("kube-apiserver"),
            "kube-controller-manager": core("kube-controller-manager"),
            "kube-scheduler": core("kube-scheduler"),
            "kube-proxy": core("kube-proxy"),
            flannel: { name: "ghcr.io/flannel-io/flannel", tag: "v0.28.10" },
            "flannel-cni-plugin": { name: "ghcr.io/flannel-io/flannel-cni-plugin", tag: "v1.9.1-flannel3" },
            argocd: { name: "quay.io/argoproj/argocd", tag: argocd },
            redis: { name: "public.ecr.aws/docker/library/redis", tag: "8.2.3-alpine" },
            "sealed-secrets-controller": { name: "docker.io/bitnami/sealed-secrets-controller", tag: sealedSecrets },
            "nginx-ingress": { name: "docker.io/nginx/nginx-ingress", tag: "5.5.4" },
        },
        files: {
            "argocd-manifest": {
                url: `https://raw.githubusercontent.com/argoproj/argo-cd/${argocd}/manifests/install.yaml`,
                path: `argo-cd/${argocd}/install.yaml`,
            },
            "sealed-secrets-crd": {
                url: `https://raw.githubusercontent.com/bitnami/sealed-secrets/v${sealedSecrets}/helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml`,
                path: `sealed-secrets/v${sealedSecrets}/bitnami.com_sealedsecrets.yaml`,
            },
        },
    };
}
