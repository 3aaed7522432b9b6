import { overlaps, parseCidr } from "../../../infra/config/network";
import { must, publishedRule } from "../core/define";
import { Rule } from "../core/rule";
import { field } from "./document";

/** Pods have 30 seconds to end, unless they ask for more; as long again for those that take their place. */
const shortestDrain = 60;

/** IPv4 ranges of a text; it may hold two, one of each family. */
const ranges = (text: string) => text.split(",").flatMap((cidr) => parseCidr(cidr.trim()) ?? []);

/** What concerns the cluster as a whole. */
export const wholeClusterRules: readonly Rule[] = [
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-028",
            title: "The version of Kubernetes is exact",
            severity: "medium",
            why: "With a name such as stable-1.36 kubeadm asks the internet, and a machine made later gets another version.",
            mend: "Write major.minor.patch in fjord:kubernetes.version; the lock pins the same.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/" }],
        },
        (cluster) => {
            const { value, at } = field(cluster, "cluster", "kubernetesVersion");
            const text = String(value ?? "not set");
            const exact = /^v\d+\.\d+\.\d+$/.test(text) && text === `v${cluster.version}`;
            return must(exact, at, `is ${text}, and the stack's version ${cluster.version}`);
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-029",
            title: "kubeadm's own checks are all made",
            severity: "medium",
            why: "What kubeadm would have refused shows later, as a node that fails for no reason that anybody sees.",
            mend: "Take fjord:kubernetes.ignorePreflightErrors out of the stack, and mend what kubeadm reports.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-init/" }],
        },
        ({ ignorePreflightErrors }) =>
            ignorePreflightErrors.flatMap((check, index) => must(false, ["ignorePreflightErrors", index], `leaves out ${check}`)),
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-030",
            title: "Pods and Services have addresses of their own",
            severity: "high",
            why: "An address that is both a pod's and a Service's reaches sometimes one, sometimes the other.",
            mend: "Choose two ranges apart for fjord:kubernetes.podCidr and serviceCidr; they cannot be changed later.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/concepts/cluster-administration/networking/" }],
        },
        ({ podCidr, serviceCidr }) =>
            must(
                !ranges(podCidr).some((pods) => ranges(serviceCidr).some((services) => overlaps(pods, services))),
                ["podCidr"],
                `is ${podCidr} and overlaps Services' ${serviceCidr}`,
            ),
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-CLU-031",
            title: "A drain gives pods the time to move",
            severity: "medium",
            why: "What has not left a node when its time is over ends with it, however many replicas its budget demands.",
            mend: `Write ${shortestDrain} seconds or more in fjord:kubernetes.drainTimeout; the default is 120.`,
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/" }],
        },
        ({ drainTimeout }) =>
            must(drainTimeout >= shortestDrain, ["drainTimeout"], `is ${drainTimeout} s, less than ${shortestDrain}`),
    ),
];
