import { containerRule, fault, must, podRule } from "../core/define";
import { at, Container, containersOf, Pods } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { checkov, kubescape, upstream } from "./references";
import { leastReplicas, partOf, podRelationRule, ServiceSpec, servicesOf, Share, specOf } from "./relations";

/** Containers of a pod that stay: init containers are over when requests come. */
const lasting = (pod: Pods): readonly Container[] =>
    containersOf(pod).filter(({ role }) => role === "main" || role === "sidecar");

/** The containers that a port of a Service leads to; all that last where none names the port. */
function reachedBy(target: number | string | undefined, pod: Pods): readonly Container[] {
    const owners = lasting(pod).filter(({ spec }) => {
        const ports: readonly { readonly name?: string; readonly containerPort?: number }[] = spec.ports ?? [];
        return ports.some(({ name, containerPort }) => target !== undefined && (name === target || containerPort === target));
    });
    return owners.length > 0 ? owners : lasting(pod);
}

/** What Kubernetes takes where a probe says nothing. */
const probeDefaults = { periodSeconds: 10, failureThreshold: 3 };

/** Seconds after which a probe that fails has an effect. */
function patience(probe: object): number {
    const number = (field: keyof typeof probeDefaults): number => {
        const value = at(probe, [field]);
        return typeof value === "number" ? value : probeDefaults[field];
    };
    return number("periodSeconds") * number("failureThreshold");
}

/** What a probe asks, in one word. */
function question(probe: object): string {
    const part = (...path: readonly string[]): string => String(at(probe, path) ?? "");
    return [
        part("httpGet", "path"),
        part("httpGet", "port"),
        part("tcpSocket", "port"),
        part("grpc", "port"),
        part("grpc", "service"),
        part("exec", "command"),
    ].join(" ");
}

interface RolloutSpec {
    readonly paused?: boolean;
    readonly strategy?: {
        readonly type?: string;
        readonly rollingUpdate?: { readonly maxUnavailable?: Share; readonly maxSurge?: Share };
    };
}

/** Whether nothing may be taken away and nothing may be added. */
const isNothing = (share: Share | undefined): boolean => share === 0 || share === "0" || share === "0%";

const runsOnce = (spec: Partial<RolloutSpec>): boolean => spec.strategy?.type === "Recreate";

/** How what is served stays served. */
export const availabilityRules: readonly Rule[] = [
    podRelationRule(
        ["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "/ReplicationController", "/Pod"],
        {
            id: "FJ-WRK-032",
            title: "What a Service sends requests to says when it is ready",
            severity: "medium",
            why: "Without a readiness probe requests go to a pod as soon as its process runs: each rollout loses some.",
            mend: "Write a readinessProbe for the container that has the Service's targetPort.",
            references: [
                kubescape("C-0018"),
                checkov("CKV_K8S_9"),
                upstream("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes"),
            ],
        },
        (pod, surroundings, object) => {
            const services = servicesOf(object, pod, surroundings)
                .map((service) => specOf<ServiceSpec>(service))
                .filter(({ publishNotReadyAddresses }) => publishNotReadyAddresses !== true);
            if (services.length === 0) {
                return notApplicable("no Service leads to it");
            }
            const groups = services.flatMap(({ ports }) =>
                (ports ?? []).map(({ port, targetPort }) => reachedBy(targetPort ?? port, pod)),
            );
            // Where several containers may be meant, one that answers for the pod is enough.
            const silent = groups
                .filter((group) => group.every(({ spec }) => !spec.readinessProbe))
                .flatMap(([first]) => first ?? []);
            const places = new Map(silent.map((container) => [container.at.join("."), container]));
            return [...places.values()].map((container) => fault([...container.at, "readinessProbe"], "is missing"));
        },
    ),
    containerRule(
        {
            id: "FJ-WRK-033",
            title: "A liveness probe is more patient than the readiness probe",
            severity: "low",
            why: "Asked the same in the same time, a pod that is only busy is killed, and its load takes the others down.",
            mend: "Let livenessProbe ask what only a hung process fails, or give it a higher failureThreshold.",
            references: [upstream("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes")],
        },
        ({ at, spec: { livenessProbe, readinessProbe } }) =>
            must(
                !livenessProbe ||
                    !readinessProbe ||
                    question(livenessProbe) !== question(readinessProbe) ||
                    patience(livenessProbe) > patience(readinessProbe),
                [...at, "livenessProbe"],
                "asks what readinessProbe asks, and gives up as soon",
            ),
    ),
    podRelationRule(
        ["apps/Deployment"],
        {
            id: "FJ-WRK-034",
            title: "What is served runs at least twice",
            severity: "medium",
            why: "With one pod every drain and every lost node is an outage of some minutes.",
            mend: "Write replicas: 2 or more, or strategy: {type: Recreate}, which says that only one may run.",
            references: [upstream("https://kubernetes.io/docs/concepts/workloads/pods/disruptions/")],
        },
        (pod, surroundings, object) => {
            if (runsOnce(specOf<RolloutSpec>(object))) {
                return notApplicable("must not run twice: its strategy is Recreate");
            }
            if (servicesOf(object, pod, surroundings).length === 0) {
                return notApplicable("no Service leads to it");
            }
            const replicas = leastReplicas(object, surroundings);
            // None at all is switched off, not lonely.
            return must(replicas === 0 || replicas >= 2, ["spec", "replicas"], "is 1");
        },
    ),
    podRelationRule(
        ["apps/Deployment", "apps/StatefulSet"],
        {
            id: "FJ-WRK-035",
            title: "Pods of one kind are spread over nodes",
            severity: "medium",
            why: "Two pods on one node are lost together, so the second one was for nothing.",
            mend: "Write topologySpreadConstraints with topologyKey kubernetes.io/hostname, or a podAntiAffinity.",
            references: [upstream("https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/")],
        },
        (pod, surroundings, object) => {
            if (leastReplicas(object, surroundings) < 2) {
                return notApplicable("runs once");
            }
            const spread = (pod.spec.topologySpreadConstraints ?? []).length > 0 || Boolean(pod.spec.affinity?.podAntiAffinity);
            return must(spread, [...pod.at, "topologySpreadConstraints"], "is missing, and there is no podAntiAffinity");
        },
    ),
    podRelationRule(
        ["apps/Deployment"],
        {
            id: "FJ-WRK-036",
            title: "A change is rolled out while old pods still serve",
            severity: "medium",
            why: "A rollout that may take all pods at once is an outage; one that may take none and add none never ends.",
            mend: "Write strategy.rollingUpdate with maxUnavailable: 0 and maxSurge: 1, and no paused: true.",
            references: [upstream("https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy")],
        },
        (_, surroundings, object) => {
            const spec = specOf<RolloutSpec>(object);
            const replicas = leastReplicas(object, surroundings);
            const { maxUnavailable, maxSurge } = spec.strategy?.rollingUpdate ?? {};
            const place = ["spec", "strategy", "rollingUpdate", "maxUnavailable"];
            const taken = maxUnavailable === undefined ? 0 : (partOf(maxUnavailable, replicas, Math.floor) ?? 0);
            return [
                ...must(spec.paused !== true, ["spec", "paused"], "is true, so no change reaches the pods"),
                ...must(
                    !runsOnce(spec) || replicas < 2,
                    ["spec", "strategy", "type"],
                    `is Recreate, which stops all ${replicas} pods first`,
                ),
                ...must(
                    !isNothing(maxUnavailable) || !isNothing(maxSurge),
                    place,
                    "is 0, and maxSurge too: no pod can be replaced",
                ),
                ...must(replicas < 2 || taken < replicas, place, `is ${maxUnavailable}, which is all of ${replicas} pods`),
            ];
        },
    ),
    podRule(
        {
            id: "FJ-WRK-037",
            title: "Pods are given time to end",
            severity: "medium",
            why: "A pod that is killed in the middle loses its requests, and what it had not written yet.",
            mend: "Write terminationGracePeriodSeconds longer than a request and any preStop.sleep; the default is 30.",
            references: [upstream("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination")],
        },
        (pod) => {
            const grace = pod.spec.terminationGracePeriodSeconds ?? 30;
            const place = [...pod.at, "terminationGracePeriodSeconds"];
            const sleeps = lasting(pod).flatMap(({ spec }) => {
                const seconds = at(spec, ["lifecycle", "preStop", "sleep", "seconds"]);
                return typeof seconds === "number" ? [seconds] : [];
            });
            return grace <= 0
                ? [fault(place, "is 0, so pods are killed at once")]
                : must(Math.max(0, ...sleeps) < grace, place, `is ${grace}, all of which preStop sleeps`);
        },
    ),
];
