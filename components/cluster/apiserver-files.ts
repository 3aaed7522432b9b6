import { Document } from "./kubeadm";

/**
 * Secrets are encrypted in etcd with secretbox. `identity` comes last, so that what was written before encryption was
 * switched on can still be read.
 */
export function encryptionConfiguration(key: string): Document {
    if (Buffer.from(key, "base64").length !== 32) {
        throw new Error("the encryption key of the cluster must be 32 bytes in base64, as secretbox takes them");
    }
    return {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [
            {
                resources: ["secrets"],
                providers: [{ secretbox: { keys: [{ name: "key1", secret: key }] } }, { identity: {} }],
            },
        ],
    };
}

/**
 * Who changed what. Bodies of Secrets, ConfigMaps and tokens never reach the log; what controllers do every second
 * is left out, or it would drown the rest.
 */
export function auditPolicy(): Document {
    return {
        apiVersion: "audit.k8s.io/v1",
        kind: "Policy",
        omitStages: ["RequestReceived"],
        rules: [
            { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*"] },
            {
                level: "None",
                resources: [
                    { group: "coordination.k8s.io", resources: ["leases"] },
                    { group: "", resources: ["events"] },
                ],
            },
            {
                level: "Metadata",
                resources: [
                    { group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"] },
                    { group: "authentication.k8s.io", resources: ["tokenreviews"] },
                    { group: "bitnami.com", resources: ["sealedsecrets"] },
                ],
            },
            {
                level: "None",
                verbs: ["get", "list", "watch"],
                userGroups: ["system:nodes", "system:serviceaccounts:kube-system"],
            },
            { level: "Metadata", verbs: ["get", "list", "watch"] },
            { level: "Request" },
        ],
    };
}
