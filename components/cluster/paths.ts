/** Where things of the cluster lie on a node. The scripts of this folder name the same paths. */
export const paths = {
    /** Written by kubeadm on every member. */
    kubeletKubeconfig: "/etc/kubernetes/kubelet.conf",
    adminKubeconfig: "/etc/kubernetes/admin.conf",
    /** What kubeadm does not write: encryption and audit. One directory, so that one mount serves the API server. */
    apiServerFiles: "/etc/kubernetes/fjord",
    encryption: "/etc/kubernetes/fjord/encryption.yaml",
    auditPolicy: "/etc/kubernetes/fjord/audit-policy.yaml",
    auditLogs: "/var/log/kubernetes",
    pki: "/etc/kubernetes/pki",
} as const;

/** containerd's CRI endpoint. */
export const criSocket = "unix:///run/containerd/containerd.sock";

/** Port of the API server on every control plane (kubeadm's default). The load balancer has a port of its own. */
export const apiPort = 6443;

/** Where the operator's account lives, which short-lived tokens are minted for. */
export const operatorAccount = { namespace: "kube-system", name: "fjord-operator" } as const;

/**
 * The CA and ServiceAccount keys that every control plane must share; leaf certificates are made by kubeadm on each.
 */
export const sharedPki = [
    "ca.crt",
    "ca.key",
    "sa.pub",
    "sa.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "etcd/ca.crt",
    "etcd/ca.key",
] as const;
