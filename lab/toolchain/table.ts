/**
 * The single list of what the lab builds for itself where upstream's downloads cannot be reached: from which Go module,
 * at which version, into which file. Versions are those of the modules' go.mod files; `toolchain.test.ts` holds the
 * two against each other.
 */

/** One program. */
export interface Program {
    /** Path below `bin/`. */
    readonly output: string;
    /** Go package, or `./folder` of the group's own module for a main that upstream does not have. */
    readonly package: string;
    /** Where it comes from: module and version, or "this project". */
    readonly from: string;
    /** `-X` flags of the linker: variable to value. */
    readonly variables?: Readonly<Record<string, string>>;
}

/** A file that is taken out of a module as it is. */
export interface ModuleFile {
    /** Path below `files/`. */
    readonly output: string;
    readonly module: string;
    readonly path: string;
}

/** Programs that are built in one Go module, so that they share every package they have in common. */
export interface Group {
    /** Folder below `modules/`. */
    readonly name: string;
    /** Why these are together, or why alone. */
    readonly why: string;
    /** cgo is off but where a program needs it: one setting for all keeps the compiled packages shared. */
    readonly cgo: boolean;
    /** Seconds from nothing on 2 cores, measured alone; only for the estimate in the progress line. */
    readonly estimate: number;
    readonly programs: readonly Program[];
    readonly files: readonly ModuleFile[];
    /** Files that have to lie beside a main of ours before it can be built; `output` is below the module's folder. */
    readonly embedded: readonly ModuleFile[];
}

export const versions = {
    pulumi: "3.259.0",
    pulumiKubernetes: "4.25.0",
    kubernetes: "1.36.4",
    etcd: "3.6.8",
    containerd: "2.3.7",
    criTools: "1.36.0",
    cniPlugins: "1.9.1",
    coredns: "1.14.2",
    flannel: "0.28.10",
    argocd: "3.5.7",
    sealedSecrets: "0.40.0",
    helm: "4.2.1",
    kustomize: "5.8.1",
    crane: "0.22.1",
} as const;

const kubernetesVersion: Readonly<Record<string, string>> = Object.fromEntries(
    ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((variable) => [
        [`${variable}.gitVersion`, `v${versions.kubernetes}`],
        [`${variable}.gitMajor`, versions.kubernetes.split(".")[0] ?? ""],
        [`${variable}.gitMinor`, versions.kubernetes.split(".")[1] ?? ""],
        [`${variable}.gitTreeState`, "clean"],
        [`${variable}.gitCommit`, "0000000000000000000000000000000000000000"],
        [`${variable}.buildDate`, "1970-01-01T00:00:00Z"],
    ]),
);

const kubernetes = (name: string): Program => ({
    output: name,
    package: `k8s.io/kubernetes/cmd/${name}`,
    from: `k8s.io/kubernetes@v${versions.kubernetes}`,
    variables: kubernetesVersion,
});

const cniPlugin = (name: string, kind: string): Program => ({
    output: `cni/${name}`,
    package: `github.com/containernetworking/plugins/plugins/${kind}/${name}`,
    from: `github.com/containernetworking/plugins@v${versions.cniPlugins}`,
});

const standIn = (name: string): Program => ({ output: name, package: `./${name}`, from: "this project (stand-in)" });

const argocdModule = "github.com/argoproj/argo-cd/v3";
const kubernetesProviderModule = "github.com/pulumi/pulumi-kubernetes/provider/v4";

export const groups: readonly Group[] = [
    {
        name: "cluster",
        why: "everything on k8s.io/* 0.36 shares client-go and the API types, which are most of its build",
        cgo: false,
        estimate: 600,
        programs: [
            kubernetes("kubeadm"),
            kubernetes("kubelet"),
            kubernetes("kubectl"),
            kubernetes("kube-apiserver"),
            kubernetes("kube-controller-manager"),
            kubernetes("kube-scheduler"),
            kubernetes("kube-proxy"),
            { output: "crictl", package: "sigs.k8s.io/cri-tools/cmd/crictl", from: `sigs.k8s.io/cri-tools@v${versions.criTools}`, variables: { "sigs.k8s.io/cri-tools/pkg/version.Version": `v${versions.criTools}` } },
            ...(["containerd", "containerd-shim-runc-v2", "ctr"] as const).map((name) => ({
                output: name,
                package: `github.com/containerd/containerd/v2/cmd/${name}`,
                from: `github.com/containerd/containerd/v2@v${versions.containerd}`,
                variables: { "github.com/containerd/containerd/v2/version.Version": `v${versions.containerd}` },
            })),
            cniPlugin("bridge", "main"),
            cniPlugin("loopback", "main"),
            cniPlugin("ptp", "main"),
            cniPlugin("portmap", "meta"),
            cniPlugin("host-local", "ipam"),
            { output: "coredns", package: "./coredns", from: `github.com/coredns/coredns@v${versions.coredns}, main with the plugins that are used` },
            { output: "crane", package: "github.com/google/go-containerregistry/cmd/crane", from: `github.com/google/go-containerregistry@v${versions.crane}` },
            {
                output: "argocd",
                package: `${argocdModule}/cmd`,
                from: `${argocdModule}@v${versions.argocd}`,
                variables: { [`${argocdModule}/common.version`]: versions.argocd },
            },
            { output: "helm", package: "helm.sh/helm/v4/cmd/helm", from: `helm.sh/helm/v4@v${versions.helm}`, variables: { "helm.sh/helm/v4/internal/version.version": `v${versions.helm}` } },
            { output: "kustomize", package: "sigs.k8s.io/kustomize/kustomize/v5", from: `sigs.k8s.io/kustomize/kustomize/v5@v${versions.kustomize}`, variables: { "sigs.k8s.io/kustomize/api/provenance.version": `v${versions.kustomize}` } },
            {
                output: "sealed-secrets-controller",
                package: "github.com/bitnami/sealed-secrets/cmd/controller",
                from: `github.com/bitnami/sealed-secrets@v${versions.sealedSecrets}`,
                variables: { "main.VERSION": `v${versions.sealedSecrets}` },
            },
            {
                output: "kubeseal",
                package: "github.com/bitnami/sealed-secrets/cmd/kubeseal",
                from: `github.com/bitnami/sealed-secrets@v${versions.sealedSecrets}`,
                variables: { "main.VERSION": `v${versions.sealedSecrets}` },
            },
        ],
        files: [
            { output: "argocd/install.yaml", module: argocdModule, path: "manifests/install.yaml" },
            { output: "argocd/gpg-wrapper.sh", module: argocdModule, path: "hack/gpg-wrapper.sh" },
            { output: "argocd/git-verify-wrapper.sh", module: argocdModule, path: "hack/git-verify-wrapper.sh" },
            { output: "sealed-secrets/crd.yaml", module: "github.com/bitnami/sealed-secrets", path: "helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml" },
        ],
        embedded: [],
    },
    {
        name: "pulumi",
        why: "the engine and the stand-in providers share the Pulumi SDK",
        cgo: false,
        estimate: 250,
        programs: [
            {
                output: "pulumi",
                package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
                from: `github.com/pulumi/pulumi/pkg/v3@v${versions.pulumi}`,
                variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": versions.pulumi },
            },
            ...["command", "random", "tls"].map((name) => ({
                output: `pulumi-resource-${name}`,
                package: `./${name}`,
                from: "this project (stand-in)",
            })),
        ],
        files: [],
        embedded: [],
    },
    {
        name: "kubernetes-provider",
        why: "alone: it does not compile with an engine as new as the one above",
        cgo: false,
        estimate: 500,
        programs: [
            {
                output: "pulumi-resource-kubernetes",
                package: ".",
                from: `${kubernetesProviderModule} (v${versions.pulumiKubernetes})`,
                variables: { [`${kubernetesProviderModule}/pkg/version.Version`]: versions.pulumiKubernetes },
            },
        ],
        files: [],
        embedded: [
            { output: "schema.json", module: kubernetesProviderModule, path: "cmd/pulumi-resource-kubernetes/schema.json" },
            { output: "terraform-mapping.json", module: kubernetesProviderModule, path: "cmd/pulumi-resource-kubernetes/terraform-mapping.json" },
        ],
    },
    {
        name: "etcd",
        why: "alone: etcdctl 3.6 does not compile with the newer table writer that Argo CD brings",
        cgo: false,
        estimate: 40,
        programs: [
            { output: "etcd", package: "go.etcd.io/etcd/server/v3", from: `go.etcd.io/etcd/server/v3@v${versions.etcd}` },
            { output: "etcdctl", package: "go.etcd.io/etcd/etcdctl/v3", from: `go.etcd.io/etcd/etcdctl/v3@v${versions.etcd}` },
        ],
        files: [],
        embedded: [],
    },
    {
        name: "flannel",
        why: "alone: it needs cgo, and an etcd client newer than kubeadm's",
        cgo: true,
        estimate: 60,
        programs: [
            { output: "flanneld", package: "github.com/flannel-io/flannel", from: `github.com/flannel-io/flannel@v${versions.flannel}`, variables: { "github.com/flannel-io/flannel/pkg/version.Version": `v${versions.flannel}` } },
            { output: "flannel-install-conf", package: "github.com/flannel-io/flannel/cmd/install_conf", from: `github.com/flannel-io/flannel@v${versions.flannel}` },
        ],
        files: [],
        embedded: [],
    },
    {
        name: "standins",
        why: "images that cannot be built from modules, and the sample application",
        cgo: false,
        estimate: 20,
        programs: [standIn("pause"), standIn("flannel-cni"), standIn("nginx-ingress"), standIn("payment-service")],
        files: [],
        embedded: [],
    },
];
