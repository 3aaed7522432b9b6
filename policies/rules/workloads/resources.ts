import { containerRule, fault, must, objectRule, podRule } from "../core/define";
import { at, Container, podKinds } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { checkov, kubescape, upstream } from "./references";
import { isHook, specOf } from "./relations";

type Amounts = "requests" | "limits";

/** An amount of a container, or of its pod as a whole (`spec.resources`), which holds for all of its containers. */
function amountOf({ spec, pod }: Container, amounts: Amounts, resource: string): unknown {
    return spec.resources?.[amounts]?.[resource] ?? at(pod.spec, ["resources", amounts, resource]);
}

/** Kinds that do not survive their node, or do not take up a change. */
const bareKinds = ["Pod", "ReplicationController", "ReplicaSet"];

const given = (amount: unknown): boolean => amount !== undefined && amount !== null;

/** What pods take of a node, and for how long. */
export const resourceRules: readonly Rule[] = [
    containerRule(
        {
            id: "FJ-WRK-025",
            title: "Containers say how much CPU and memory they need",
            severity: "medium",
            why: "Without requests a node is filled past what it has, and these pods are the first to go when memory is short.",
            mend: "Measure it, and write resources.requests.cpu and resources.requests.memory for the container.",
            references: [kubescape("C-0268"), kubescape("C-0269"), checkov("CKV_K8S_10"), checkov("CKV_K8S_12")],
        },
        (container) => {
            // An init container is over before the others start, and they ask for the pod; an ephemeral one cannot ask.
            if (container.role === "init" || container.role === "ephemeral") {
                return [];
            }
            return ["cpu", "memory"].flatMap((resource) =>
                // Kubernetes takes a limit for the request where there is none.
                given(amountOf(container, "requests", resource)) || given(amountOf(container, "limits", resource))
                    ? []
                    : [fault([...container.at, "resources", "requests", resource], "is missing")],
            );
        },
    ),
    containerRule(
        {
            id: "FJ-WRK-026",
            title: "Containers have a limit of memory",
            severity: "medium",
            why: "One leak takes the memory of the whole node, and the kernel chooses what else dies.",
            mend: "Write resources.limits.memory for the container; CPU needs no limit.",
            references: [kubescape("C-0271"), checkov("CKV_K8S_13")],
        },
        (container) =>
            must(
                container.role === "ephemeral" || given(amountOf(container, "limits", "memory")),
                [...container.at, "resources", "limits", "memory"],
                "is missing",
            ),
    ),
    podRule(
        {
            id: "FJ-WRK-027",
            title: "Scratch volumes have a size",
            severity: "low",
            why: "An emptyDir that grows takes the node's disk, and the kubelet then puts out pods of others.",
            mend: "Write sizeLimit for the emptyDir.",
            references: [upstream("https://kubernetes.io/docs/concepts/storage/volumes/#emptydir")],
        },
        (pod) =>
            (pod.spec.volumes ?? []).flatMap((volume, index) =>
                volume["emptyDir"] === undefined || given(at(volume, ["emptyDir", "sizeLimit"]))
                    ? []
                    : [fault([...pod.at, "volumes", index, "emptyDir", "sizeLimit"], "is missing")],
            ),
    ),
    objectRule(
        ["batch/Job", "batch/CronJob"],
        {
            id: "FJ-WRK-028",
            title: "A Job does not run for ever",
            severity: "low",
            why: "A job that hangs keeps its memory and its locks, and nobody is told.",
            mend: "Write activeDeadlineSeconds in the spec of the Job, longer than it ever takes.",
            references: [upstream("https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup")],
        },
        (object) => {
            const job = object.kind === "CronJob" ? ["spec", "jobTemplate", "spec"] : ["spec"];
            const deadlines = [job, [...job, "template", "spec"]].map((path) => at(object, [...path, "activeDeadlineSeconds"]));
            return must(deadlines.some(given), [...job, "activeDeadlineSeconds"], "is missing");
        },
    ),
    objectRule(
        ["batch/Job"],
        {
            id: "FJ-WRK-029",
            title: "A Job in Git is not removed behind Argo CD's back",
            severity: "medium",
            why: "With a time to live the Job is gone after it ran, Argo CD sees it missing and makes it anew: it runs for ever.",
            mend: "Remove ttlSecondsAfterFinished, or make the Job a hook (argocd.argoproj.io/hook), which runs once a sync.",
            references: [upstream("https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/")],
            sources: ["git"],
        },
        (object) => {
            if (isHook(object)) {
                return notApplicable("is a hook");
            }
            const { ttlSecondsAfterFinished: ttl } = specOf<{ ttlSecondsAfterFinished: number }>(object);
            return must(ttl === undefined, ["spec", "ttlSecondsAfterFinished"], `is ${ttl}, and the Job is no hook`);
        },
    ),
    objectRule(
        podKinds,
        {
            id: "FJ-WRK-030",
            title: "Pods are made by a controller that replaces them",
            severity: "medium",
            why: "A bare Pod is gone with its node, and a bare ReplicaSet never rolls out a change.",
            mend: "Make it a Deployment, StatefulSet, DaemonSet or Job.",
            references: [kubescape("C-0073"), upstream("https://kubernetes.io/docs/concepts/workloads/pods/#working-with-pods")],
            sources: ["stack", "git"],
        },
        (object) => must(!bareKinds.includes(object.kind) || isHook(object), ["kind"], `is ${object.kind}`),
    ),
    podRule(
        {
            id: "FJ-WRK-031",
            title: "No ephemeral containers are written down",
            severity: "low",
            why: "They are put into a pod that runs, to look into it; the API refuses a new pod with them, and the sync fails.",
            mend: "Remove ephemeralContainers, or make them sidecars (initContainers with restartPolicy: Always).",
            references: [upstream("https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/")],
        },
        (pod) => must((pod.spec.ephemeralContainers ?? []).length === 0, [...pod.at, "ephemeralContainers"], "is not empty"),
    ),
];
