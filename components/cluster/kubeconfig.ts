import { Document, toYaml } from "./kubeadm";

/** What a kubeconfig of a region is made of; nothing in it is secret. */
export interface KubeconfigParts {
    /** The stack: `no-oslo-1`. */
    readonly stack: string;
    /** The name in the API server's certificate. */
    readonly apiName: string;
    /** Port of the tunnel on 127.0.0.1. */
    readonly accessPort: number;
    /** PEM of the cluster's CA. */
    readonly caCertificate: string;
}

/**
 * The kubeconfig of a region, for the Kubernetes provider and for operators alike. It is the same in every checkout
 * and on every computer: the program that opens the tunnel and mints the token is found below the user's home.
 */
export function kubeconfig(parts: KubeconfigParts): string {
    const { stack, apiName, accessPort, caCertificate } = parts;
    const document: Document = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": stack,
        clusters: [
            {
                name: stack,
                cluster: {
                    server: `https://127.0.0.1:${accessPort}`,
                    "tls-server-name": apiName,
                    "certificate-authority-data": Buffer.from(`${caCertificate.trim()}\n`).toString("base64"),
                },
            },
        ],
        contexts: [{ name: stack, context: { cluster: stack, user: stack } }],
        users: [
            {
                name: stack,
                user: {
                    exec: {
                        apiVersion: "client.authentication.k8s.io/v1",
                        command: "sh",
                        args: ["-c", `exec "\${FJORD_HOME:-$HOME/.fjord}/${stack}/kube-access"`],
                        interactiveMode: "Never",
                    },
                },
            },
        ],
    };
    return toYaml([document]);
}
