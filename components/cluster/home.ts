import * as os from "node:os";
import * as path from "node:path";

/** Where fjord keeps what belongs to this computer and this user: `~/.fjord`, or FJORD_HOME for labs and tests. */
export function fjordHome(environment: NodeJS.ProcessEnv = process.env): string {
    return environment["FJORD_HOME"] ?? path.join(os.homedir(), ".fjord");
}

/**
 * The files of one stack there. All are readable by their owner only, and all but `kubeconfig` can be made again at
 * any time.
 */
export function stackFiles(stack: string, home: string = fjordHome()) {
    if (!/^[\w.-]+$/.test(stack) || stack.startsWith(".")) {
        throw new Error(`"${stack}" is not a name of a stack: use letters, digits, "-", "_" and "."`);
    }
    const directory = path.join(home, stack);
    const file = (name: string) => path.join(directory, name);
    return {
        directory,
        /** What kubeconfig runs to get a token. */
        shim: file("kube-access"),
        /** How to reach the control planes. */
        access: file("access.json"),
        kubeconfig: file("kubeconfig"),
        token: file("token"),
        tunnelSocket: file("tunnel.sock"),
        tunnelPid: file("tunnel.pid"),
        tunnelLog: file("tunnel.log"),
        /** Held by whoever takes a node out of service, or changes the members of etcd. */
        changeLock: file("change.lock"),
        /** Says that a machine was silent for long when it left the cluster. */
        lost: (fqdn: string) => file(`lost.${path.basename(fqdn)}`),
    } as const;
}
