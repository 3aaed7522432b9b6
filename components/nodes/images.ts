import { ImageName, Lock, imageReference } from "../../infra/config/lock";
import { PortHolder } from "./ports";

const onEveryNode: readonly ImageName[] = ["pause", "kube-proxy", "flannel", "flannel-cni-plugin"];
const onControlPlanes: readonly ImageName[] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
/**
 * Pods that run wherever work is allowed. CoreDNS tolerates the control planes' taint, and in a new cluster starts
 * there.
 */
const onWorkers: readonly ImageName[] = ["argocd", "redis", "sealed-secrets-controller", "nginx-ingress"];

/**
 * The images that a machine will need, pulled before the cluster asks for them: a missing one is found before
 * anything is joined, and all machines pull at the same time.
 */
export function imagesFor(holder: PortHolder, lock: Pick<Lock, "images">): readonly string[] {
    const names = [
        ...onEveryNode,
        ...(holder.role === "control-plane" ? [...onControlPlanes, "coredns" as const] : []),
        ...(holder.ingress ? onWorkers : []),
    ];
    return names.map((name) => imageReference(lock.images[name]));
}
