import { Command, InvalidArgumentError } from "commander";
import execa from "execa";
import { dump } from "js-yaml";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { performance } from "node:perf_hooks";
import { dayOf } from "./exceptions";
import { readManifests } from "./manifests";
import { catalogue } from "./rules/catalogue";
import { judge } from "./rules/core/judge";

/** Seconds of one run. */
interface Run {
    readonly reading: number;
    readonly judging: number;
}

/** All runs over one number of manifests, in a process of their own: memory is that of this number alone. */
interface Measured {
    readonly manifests: number;
    readonly rules: number;
    readonly findings: number;
    readonly runs: readonly Run[];
    /** MiB. */
    readonly peakMemory: number;
}

const today = dayOf(new Date());

/** Every fifth application is written carelessly. */
const isCareless = (application: number): boolean => application % 5 === 0;

/** Kinds of an application, about as often as a repository has them; each application has a namespace of its own. */
const makers: readonly ((name: string, careless: boolean) => Readonly<Record<string, unknown>>)[] = [
    (name, careless) => workload("apps/v1", "Deployment", name, { replicas: careless ? 1 : 3, template: pods(name, careless) }),
    (name, careless) =>
        workload("apps/v1", "StatefulSet", name, { replicas: 3, serviceName: name, template: pods(name, careless) }),
    (name, careless) =>
        object("batch/v1", "CronJob", name, {
            schedule: "0 * * * *",
            jobTemplate: { spec: { template: pods(name, careless) } },
        }),
    (name, careless) => object("v1", "Service", name, {
            type: careless ? "NodePort" : "ClusterIP",
            selector: { "app.kubernetes.io/name": name },
            ports: [{ name: "http", port: 80, targetPort: 8080 }],
        }),
    (name, careless) =>
        object("networking.k8s.io/v1", "Ingress", name, {
            ingressClassName: "nginx",
            ...(!careless && { tls: [{ hosts: [`${name}.example.org`], secretName: name }] }),
            rules: [{ host: careless ? "*" : `${name}.example.org`, http: { paths: [backend(name)] } }],
        }),
    (name) => ({ ...object("v1", "ConfigMap", name), data: { message: `${name}\n`.repeat(20) } }),
    (name, careless) => object("networking.k8s.io/v1", "NetworkPolicy", name, { podSelector: {}, ingress: careless ? [{}] : [] }),
    (name, careless) =>
        careless
            ? { ...object("v1", "Secret", name), stringData: { password: "not one" } }
            : object("bitnami.com/v1alpha1", "SealedSecret", name, { encryptedData: { password: "AgB".padEnd(400, "x") } }),
    (name) => object("v1", "ServiceAccount", name),
    (name, careless) => ({
        ...object("rbac.authorization.k8s.io/v1", "RoleBinding", name),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: careless ? "cluster-admin" : "view" },
        subjects: [{ kind: "ServiceAccount", name, namespace: name }],
    }),
];

const backend = (name: string): object => ({
    path: "/",
    pathType: "Prefix",
    backend: { service: { name, port: { name: "http" } } },
});

function object(apiVersion: string, kind: string, name: string, spec?: object): Readonly<Record<string, unknown>> {
    const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "benchmark" };
    return { apiVersion, kind, metadata: { name, namespace: name, labels }, ...(spec && { spec }) };
}

const workload = (apiVersion: string, kind: string, name: string, spec: object): Readonly<Record<string, unknown>> =>
    object(apiVersion, kind, name, { selector: { matchLabels: { "app.kubernetes.io/name": name } }, ...spec });

const pods = (name: string, careless: boolean): object => ({
    metadata: { labels: { "app.kubernetes.io/name": name } },
    spec: {
        serviceAccountName: name,
        securityContext: careless ? {} : { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: ["main", "helper"].map((container) => ({
            name: container,
            image: careless ? "web:latest" : `mirror.example.org/web:1.4.2@sha256:${"ab".repeat(32)}`,
            resources: careless ? {} : { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "128Mi" } },
            readinessProbe: { httpGet: { path: "/ready", port: 8080 } },
            livenessProbe: { httpGet: { path: "/healthz", port: 8080 } },
            securityContext: careless
                ? { privileged: true }
                : { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
            env: [{ name: "LOG_LEVEL", value: "info" }],
        })),
    },
});

/** Writes that many manifests: a folder for each application, a file for each manifest. */
function writeManifests(folder: string, count: number): void {
    for (let index = 0; index < count; index++) {
        const application = Math.floor(index / makers.length);
        const name = `app-${application}`;
        fs.mkdirSync(path.join(folder, name), { recursive: true });
        const content = makers[index % makers.length]?.(name, isCareless(application));
        fs.writeFileSync(path.join(folder, name, `${index}.yaml`), dump(content));
    }
}

async function measure(manifests: number, count: number): Promise<Measured> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-rules-benchmark-"));
    try {
        writeManifests(folder, manifests);
        const runs: Run[] = [];
        let findings = 0;
        for (let run = 0; run < count; run++) {
            const start = performance.now();
            const { subjects, problems } = await readManifests(folder);
            const read = performance.now();
            if (problems.length > 0 || subjects.length !== manifests) {
                throw new Error(`${subjects.length} of ${manifests} manifests were read`);
            }
            findings = judge(catalogue, subjects, today).findings.length;
            runs.push({ reading: (read - start) / 1000, judging: (performance.now() - read) / 1000 });
        }
        // Of the kernel, in KiB.
        const peakMemory = process.resourceUsage().maxRSS / 1024;
        return { manifests, rules: catalogue.length, findings, runs, peakMemory };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/** `0.42 s (0.40..0.51)` */
function spread(values: readonly number[]): string {
    const sorted = [...values].sort((a, b) => a - b);
    const [low = 0, high = 0] = [sorted[0], sorted.at(-1)];
    const middle = ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
    return `${middle.toFixed(2)} s (${low.toFixed(2)}..${high.toFixed(2)})`;
}

function table(all: readonly Measured[]): string {
    const rows = [
        ["manifests", "rules", "findings", "reading, median (range)", "judging, median (range)", "peak memory"],
        ...all.map(({ manifests, rules, findings, runs, peakMemory }) => [
            String(manifests),
            String(rules),
            String(findings),
            spread(runs.map(({ reading }) => reading)),
            spread(runs.map(({ judging }) => judging)),
            `${Math.round(peakMemory)} MiB`,
        ]),
    ];
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n");
}

interface Options {
    readonly sizes: readonly number[];
    readonly runs: number;
    readonly json?: true;
    readonly alone?: true;
}

async function benchmark({ sizes, runs, json, alone }: Options): Promise<void> {
    const all: Measured[] = [];
    for (const size of sizes) {
        if (alone) {
            all.push(await measure(size, runs));
            continue;
        }
        const args = [...process.execArgv, __filename, "--alone", "--json", "--sizes", String(size), "--runs", String(runs)];
        const { stdout } = await execa(process.execPath, args, { stderr: "inherit" });
        // Printed by the line below, in the other process.
        all.push(...(JSON.parse(stdout) as readonly Measured[]));
    }
    console.log(json ? JSON.stringify(all, undefined, 2) : table(all));
}

function count(text: string): number {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) {
        throw new InvalidArgumentError("give a whole number, 1 or more");
    }
    return value;
}

new Command("rules:benchmark")
    .description("Times reading and judging of made-up manifests, of which every fifth is careless.")
    .option("--sizes <counts>", "how many manifests, separated by commas", (text) => text.split(",").map(count), [1_000, 10_000])
    .option("--runs <count>", "runs of each size", count, 5)
    .option("--json", "print every run, as JSON")
    .option("--alone", "measure in this process, so that sizes share its memory")
    .action(benchmark)
    .parseAsync()
    .catch((error: Error) => {
        console.error(process.env["FJORD_DEBUG"] ? error : `fjord: ${error.message}`);
        process.exitCode = 1;
    });
