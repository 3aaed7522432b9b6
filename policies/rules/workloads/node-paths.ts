/** Sockets of container runtimes and credentials of the node. */
const keysOfTheNode = [
    "/etc/kubernetes",
    "/root",
    "/run/containerd",
    "/run/crio",
    "/run/cri-dockerd.sock",
    "/run/docker.sock",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/var/lib/kubelet",
];

/** One spelling for a path: without slashes too many, and `/var/run` for what it is. */
const plainPath = (path: string): string =>
    path
        .replace(/\/+/g, "/")
        .replace(/\/$/, "")
        .replace(/^\/var\/run(?=\/|$)/, "/run");

/** Whether who has a path of a node owns the node: it is one of those, lies in it, or holds it. */
export function ownsTheNode(path: string): boolean {
    const plain = plainPath(path);
    return keysOfTheNode.some((key) => key === plain || plain.startsWith(`${key}/`) || key.startsWith(`${plain}/`));
}
