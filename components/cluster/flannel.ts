import { imageReference, LockedImage } from "../../infra/config/lock";

/** Of flanneld, on the node's own network. Upstream's manifest says 8081, which NGINX's readiness has there. */
export const healthPort = 8475;

/** What flannel depends on. */
export interface FlannelSettings {
    readonly podCidr: string;
    readonly images: { readonly flannel: LockedImage; readonly "flannel-cni-plugin": LockedImage };
}

/** Where flannel lives, and what runs it on every node; upstream's names. */
export const networkNamespace = "kube-flannel";
export const daemonSetName = "kube-flannel-ds";
const app = { app: "flannel", "k8s-app": "flannel" };

/** How pods get their network: a bridge on each node, and VXLAN between nodes. */
export function cniConfig(): string {
    return JSON.stringify({
        name: "cbr0",
        cniVersion: "1.0.0",
        plugins: [
            { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } },
            { type: "portmap", capabilities: { portMappings: true } },
        ],
    });
}

/** flanneld's own settings. nftables, as kube-proxy: one packet filter on a node, not two. */
export function netConfig(podCidr: string): string {
    return JSON.stringify({ Network: podCidr, EnableNFTables: true, Backend: { Type: "vxlan" } });
}

const hostPath = (name: string, path: string, type?: string) => ({
    name,
    hostPath: { path, ...(type ? { type } : {}) },
});
const mount = (name: string, mountPath: string) => ({ name, mountPath });
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** Root with the capabilities that it names and no others, and nothing to write to but its volumes. */
const confined = (add: readonly string[] = []) => ({
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"], ...(add.length > 0 && { add: [...add] }) },
});

/** For containers that copy one file. */
const copying = { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } };

function podSpec({ images }: FlannelSettings) {
    const flannel = imageReference(images.flannel);
    return {
        hostNetwork: true,
        priorityClassName: "system-node-critical",
        serviceAccountName: "flannel",
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        nodeSelector: { "kubernetes.io/os": "linux" },
        // Nodes are not ready before it runs, and control planes need it as well.
        tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
        initContainers: [
            {
                name: "install-cni-plugin",
                image: imageReference(images["flannel-cni-plugin"]),
                command: ["cp"],
                args: ["-f", "/flannel", "/opt/cni/bin/flannel"],
                resources: copying,
                securityContext: confined(),
                volumeMounts: [mount("cni-plugin", "/opt/cni/bin")],
            },
            {
                name: "install-cni",
                image: flannel,
                command: ["/opt/bin/install-conf"],
                args: ["/etc/kube-flannel/cni-conf.json", "/etc/cni/net.d/10-flannel.conflist"],
                resources: copying,
                securityContext: confined(),
                volumeMounts: [mount("cni", "/etc/cni/net.d"), mount("config", "/etc/kube-flannel/")],
            },
        ],
        containers: [
            {
                name: "kube-flannel",
                image: flannel,
                command: ["/opt/bin/flanneld"],
                args: ["--ip-masq", "--kube-subnet-mgr", `--healthz-port=${healthPort}`],
                ports: [{ name: "healthz", containerPort: healthPort, protocol: "TCP" }],
                livenessProbe: {
                    httpGet: { path: "/healthz", port: "healthz" },
                    initialDelaySeconds: 10,
                    periodSeconds: 30,
                },
                // Asked often at first: what waits for the network waits for this.
                readinessProbe: {
                    httpGet: { path: "/readyz", port: "healthz" },
                    initialDelaySeconds: 1,
                    periodSeconds: 2,
                },
                // Upstream's requests. It uses about 30 MiB; the limit is for the day when it does not.
                resources: { requests: { cpu: "100m", memory: "50Mi" }, limits: { memory: "256Mi" } },
                securityContext: confined(["NET_ADMIN", "NET_RAW"]),
                env: [
                    field("POD_NAME", "metadata.name"),
                    field("POD_NAMESPACE", "metadata.namespace"),
                    { name: "EVENT_QUEUE_DEPTH", value: "5000" },
                    { name: "CONT_WHEN_CACHE_NOT_READY", value: "false" },
                ],
                volumeMounts: [
                    mount("run", "/run/flannel"),
                    mount("config", "/etc/kube-flannel/"),
                    mount("xtables-lock", "/run/xtables.lock"),
                ],
            },
        ],
        volumes: [
            hostPath("run", "/run/flannel"),
            hostPath("cni-plugin", "/opt/cni/bin"),
            hostPath("cni", "/etc/cni/net.d"),
            { name: "config", configMap: { name: "kube-flannel-cfg" } },
            hostPath("xtables-lock", "/run/xtables.lock", "FileOrCreate"),
        ],
    };
}

/**
 * flannel 0.28 as typed objects: what its upstream manifest holds, with our network, images by digest, and nftables.
 */
export function flannelObjects(settings: FlannelSettings) {
    const metadata = { labels: app };
    return {
        namespace: {
            metadata: {
                ...metadata,
                name: networkNamespace,
                labels: { ...app, "pod-security.kubernetes.io/enforce": "privileged" },
            },
        },
        serviceAccount: { metadata: { ...metadata, name: "flannel", namespace: networkNamespace } },
        clusterRole: {
            metadata: { ...metadata, name: "flannel" },
            rules: [
                { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
                { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
                { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
            ],
        },
        clusterRoleBinding: {
            metadata: { ...metadata, name: "flannel" },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "flannel" },
            subjects: [{ kind: "ServiceAccount", name: "flannel", namespace: networkNamespace }],
        },
        config: {
            metadata: { ...metadata, name: "kube-flannel-cfg", namespace: networkNamespace },
            data: { "cni-conf.json": cniConfig(), "net-conf.json": netConfig(settings.podCidr) },
        },
        daemonSet: {
            metadata: { ...metadata, name: daemonSetName, namespace: networkNamespace },
            spec: {
                selector: { matchLabels: { app: "flannel" } },
                // A new version may reach a third of the nodes at a time; running pods keep their network meanwhile.
                updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "34%" } },
                template: { metadata: { labels: app }, spec: podSpec(settings) },
            },
        },
    };
}
