import { PlatformConfig } from "../../infra/config/types";

/** Data of Argo CD's ConfigMaps that the stack sets; keys that upstream sets and fjord does not are kept. */
export type ConfigMapData = Readonly<Record<string, string>>;

/**
 * What the stack says about Argo CD, by ConfigMap.
 *
 * - `argocd-cm`: no local accounts and no terminal in pods; Git is asked every `reconciliation` seconds, spread over
 *   half of that again (upstream's own ratio of 120 to 60).
 * - `argocd-cmd-params-cm`: application sets ask no Git host's API for lists of repositories, which would let one file
 *   in Git send the controller's credentials anywhere.
 * - `argocd-rbac-cm`: who is logged in may do nothing unless a role says so.
 * - `argocd-ssh-known-hosts-cm`: the stack's Git hosts and no other; upstream's list of public hosts is replaced.
 */
export function argocdConfig(platform: PlatformConfig): Readonly<Record<string, ConfigMapData>> {
    return {
        "argocd-cm": {
            "admin.enabled": "false",
            "exec.enabled": "false",
            "timeout.reconciliation": `${platform.reconciliation}s`,
            "timeout.reconciliation.jitter": `${Math.floor(platform.reconciliation / 2)}s`,
        },
        "argocd-cmd-params-cm": { "applicationsetcontroller.enable.scm.providers": "false" },
        "argocd-rbac-cm": { "policy.default": "" },
        "argocd-ssh-known-hosts-cm": { ssh_known_hosts: knownHosts(platform) },
    };
}

function knownHosts(platform: PlatformConfig): string {
    return platform.gitHosts
        .flatMap(({ knownHosts: lines }) => lines)
        .map((line) => `${line}\n`)
        .join("");
}
