import { Path } from "../../../../policies/rules/core/opaque";
import * as objects from "../../../fixtures/policies/objects";
import { inGit } from "../../../fixtures/policies/objects";
import { container, pod, web, webContainer } from "../../../fixtures/policies/web";
import { absent, Case, changed } from "../case";

const around = [objects.service, objects.disruptionBudget, objects.denyAll].map((object) => inGit(object));

/** The deployment with one place changed, where a rule needs another one to start from. */
const webWith = (path: Path, to: unknown) => changed(web, path, to);

const job = inGit(objects.job);

const resources: readonly Case[] = [
    {
        rule: "FJ-WRK-025",
        what: "memory, without a limit that stands for it",
        compliant: webWith([...container, "resources", "limits"], { memory: "128Mi" }),
        change: { at: [...container, "resources", "requests", "cpu"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-025",
        what: "a sidecar",
        compliant: webWith([...pod, "initContainers"], [webContainer({ name: "proxy", restartPolicy: "Always" })]),
        change: { at: [...pod, "initContainers", 0, "resources"], to: { limits: { memory: "16Mi" } } },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-026",
        compliant: web,
        change: { at: [...container, "resources", "limits", "memory"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-027",
        compliant: web,
        change: { at: [...pod, "volumes", 0, "emptyDir"], to: {} },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-028",
        compliant: job,
        change: { at: ["object", "spec", "activeDeadlineSeconds"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-028",
        what: "a CronJob",
        compliant: inGit({
            ...objects.job,
            kind: "CronJob",
            spec: { schedule: "0 3 * * *", jobTemplate: { spec: objects.job["spec"] } },
        }),
        change: { at: ["object", "spec", "jobTemplate", "spec", "activeDeadlineSeconds"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-029",
        compliant: changed(
            changed(job, ["object", "metadata", "annotations"], absent),
            ["object", "spec", "ttlSecondsAfterFinished"],
            absent,
        ),
        change: { at: ["object", "spec", "ttlSecondsAfterFinished"], to: 60 },
        says: /is 60, and the Job is no hook/,
    },
    { rule: "FJ-WRK-030", compliant: web, change: { at: ["object", "kind"], to: "ReplicaSet" }, says: /is ReplicaSet/ },
    {
        rule: "FJ-WRK-031",
        compliant: web,
        change: { at: [...pod, "ephemeralContainers"], to: [webContainer({})] },
        says: /is not empty/,
    },
    {
        rule: "FJ-WRK-025",
        what: "not an init container, which is over before",
        compliant: changed(
            webWith([...container, "resources", "limits"], { memory: "128Mi" }),
            [...pod, "initContainers"],
            [webContainer({ name: "init", resources: { limits: { memory: "16Mi" } } })],
        ),
        change: { at: [...container, "resources", "requests", "cpu"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-030",
        what: "a Pod that is no hook",
        compliant: inGit({
            apiVersion: "v1",
            kind: "Pod",
            metadata: { ...objects.job.metadata, name: "probe" },
            spec: { containers: [webContainer({})] },
        }),
        change: { at: ["object", "metadata", "annotations", "argocd.argoproj.io/hook"], to: absent },
        says: /is Pod/,
    },
];

const probe = (path: string, more: object = {}) => ({ httpGet: { path, port: "http" }, ...more });
const scaler = inGit({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: objects.service.metadata,
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, minReplicas: 2, maxReplicas: 5 },
});

const availability: readonly Case[] = [
    {
        rule: "FJ-WRK-032",
        compliant: web,
        around,
        change: { at: [...container, "readinessProbe"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-032",
        what: "a container beside it that the Service means",
        compliant: webWith(
            [...pod, "containers", 1],
            webContainer({
                name: "admin",
                ports: [
                    { name: "admin", containerPort: 9000 },
                    { name: "metrics", containerPort: 9001 },
                ],
            }),
        ),
        around: [
            changed(inGit(objects.service), ["object", "spec", "ports", 0], { name: "admin", port: 9000 }),
            ...around.slice(1),
        ],
        change: { at: [...pod, "containers", 1, "readinessProbe"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-033",
        compliant: web,
        change: { at: [...container, "livenessProbe"], to: probe("/ready") },
        says: /gives up as soon/,
    },
    {
        rule: "FJ-WRK-033",
        what: "patience",
        compliant: webWith([...container, "livenessProbe"], probe("/ready", { failureThreshold: 6 })),
        change: { at: [...container, "livenessProbe", "failureThreshold"], to: 3 },
        says: /gives up as soon/,
    },
    {
        rule: "FJ-WRK-034",
        compliant: web,
        around,
        change: { at: ["object", "spec", "replicas"], to: absent },
        says: /is 1/,
    },
    {
        rule: "FJ-WRK-034",
        what: "scaled",
        compliant: webWith(["object", "spec", "replicas"], absent),
        around: [...around, scaler],
        change: { of: 3, at: ["object", "spec", "minReplicas"], to: 1 },
        says: /is 1/,
    },
    {
        rule: "FJ-WRK-035",
        compliant: web,
        change: { at: [...pod, "topologySpreadConstraints"], to: absent },
        says: /no podAntiAffinity/,
    },
    {
        rule: "FJ-WRK-036",
        what: "Recreate",
        compliant: web,
        around,
        change: { at: ["object", "spec", "strategy"], to: { type: "Recreate" } },
        says: /stops all 3 pods/,
    },
    {
        rule: "FJ-WRK-036",
        what: "all at once",
        compliant: web,
        change: { at: ["object", "spec", "strategy", "rollingUpdate", "maxUnavailable"], to: "100%" },
        says: /all of 3 pods/,
    },
    {
        rule: "FJ-WRK-036",
        what: "none and none",
        compliant: web,
        change: { at: ["object", "spec", "strategy", "rollingUpdate", "maxSurge"], to: 0 },
        says: /no pod can be replaced/,
    },
    {
        rule: "FJ-WRK-036",
        what: "paused",
        compliant: web,
        change: { at: ["object", "spec", "paused"], to: true },
        says: /is true/,
    },
    {
        rule: "FJ-WRK-037",
        compliant: web,
        change: { at: [...pod, "terminationGracePeriodSeconds"], to: 0 },
        says: /killed at once/,
    },
    {
        rule: "FJ-WRK-037",
        what: "all of it slept",
        compliant: webWith([...container, "lifecycle"], { preStop: { sleep: { seconds: 5 } } }),
        change: { at: [...container, "lifecycle", "preStop", "sleep", "seconds"], to: 30 },
        says: /all of which preStop sleeps/,
    },
    {
        rule: "FJ-WRK-032",
        what: "nobody answers for a port that no container names",
        compliant: webWith([...pod, "containers", 1], webContainer({ name: "proxy", readinessProbe: undefined })),
        around: [changed(inGit(objects.service), ["object", "spec", "ports", 0, "targetPort"], 9000), ...around.slice(1)],
        change: { at: [...container, "readinessProbe"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-WRK-036",
        what: "a share of all",
        compliant: webWith(["object", "spec", "strategy", "rollingUpdate", "maxUnavailable"], "99%"),
        change: { at: ["object", "spec", "strategy", "rollingUpdate", "maxUnavailable"], to: "100%" },
        says: /is 100%/,
    },
    {
        rule: "FJ-WRK-036",
        what: "no share and no share",
        compliant: webWith(["object", "spec", "strategy", "rollingUpdate", "maxUnavailable"], "0%"),
        change: { at: ["object", "spec", "strategy", "rollingUpdate", "maxSurge"], to: "0%" },
        says: /no pod can be replaced/,
    },
    {
        rule: "FJ-WRK-037",
        what: "all of the default slept",
        compliant: changed(webWith([...pod, "terminationGracePeriodSeconds"], absent), [...container, "lifecycle"], {
            preStop: { sleep: { seconds: 5 } },
        }),
        change: { at: [...container, "lifecycle", "preStop", "sleep", "seconds"], to: 30 },
        says: /is 30, all of which/,
    },
];

const budget = inGit(objects.disruptionBudget);
const atLeast = (minAvailable: number | string) =>
    changed(budget, ["object", "spec"], { minAvailable, selector: { matchLabels: objects.deployment.metadata.labels } });

const disruption: readonly Case[] = [
    {
        rule: "FJ-WRK-038",
        compliant: web,
        around,
        change: { of: 1, at: ["object", "spec", "selector", "matchLabels", "app.kubernetes.io/name"], to: "other" },
        says: /is 3, and no PodDisruptionBudget/,
    },
    {
        rule: "FJ-WRK-038",
        what: "a budget elsewhere",
        compliant: web,
        around,
        change: { of: 1, at: ["object", "metadata", "namespace"], to: "other" },
        says: /no PodDisruptionBudget/,
    },
    {
        rule: "FJ-WRK-039",
        what: "none may go",
        compliant: budget,
        change: { at: ["object", "spec", "maxUnavailable"], to: 0 },
        says: /is 0/,
    },
    {
        rule: "FJ-WRK-039",
        what: "all must stay",
        compliant: atLeast(2),
        around: [web],
        change: { at: ["object", "spec", "minAvailable"], to: 3 },
        says: /only 3 of its pods/,
    },
    {
        rule: "FJ-WRK-039",
        what: "the last one must stay",
        compliant: atLeast("50%"),
        around: [web],
        change: { of: 0, at: ["object", "spec", "replicas"], to: 1 },
        says: /is 50%, and there may be only 1/,
    },
    {
        rule: "FJ-WRK-039",
        what: "no share may go",
        compliant: changed(budget, ["object", "spec", "maxUnavailable"], "25%"),
        change: { at: ["object", "spec", "maxUnavailable"], to: "0%" },
        says: /is 0%/,
    },
    {
        rule: "FJ-WRK-039",
        what: "all of pods that are elsewhere must stay",
        compliant: atLeast(2),
        change: { at: ["object", "spec", "minAvailable"], to: "100%" },
        says: /is 100%/,
    },
    {
        rule: "FJ-WRK-039",
        what: "switched off is not held up",
        compliant: atLeast(1),
        around: [webWith(["object", "spec", "replicas"], 0)],
        change: { of: 0, at: ["object", "spec", "replicas"], to: 1 },
        says: /only 1 of its pods/,
    },
];

export const cases: readonly Case[] = [...resources, ...availability, ...disruption];
