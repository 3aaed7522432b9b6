import { certificatesCheck, driftFolder } from "../../components/nodes/drift";
import { Answer } from "./ask";
import { ApplicationReport, StepReport } from "./node-report";
import { Target } from "./targets";

/** `unknown`: it could not be found out, which is not the same as in order. */
export type State = "in-sync" | "drift" | "unknown";

/** One thing that is not as it should be, or of which that is not known. */
export interface Finding {
    readonly state: Exclude<State, "in-sync">;
    /** Full name of a machine, or `cluster`. */
    readonly machine: string;
    /** Of a machine; `application` of the cluster. */
    readonly step: string;
    readonly what: readonly string[];
    readonly todo: string;
}

/** What a run of the check found out. */
export interface DriftReport {
    readonly stack: string;
    readonly state: State;
    readonly machines: readonly { readonly name: string; readonly state: State }[];
    readonly applications: readonly ApplicationReport[];
    readonly findings: readonly Finding[];
}

/** What is judged. */
export interface Region {
    /** Name of the stack, as Pulumi's commands take it. */
    readonly stack: string;
    /** Name of the region, which names of resources begin with. */
    readonly name: string;
    /** Names of the applications that the stack keeps in the cluster. */
    readonly applications: readonly string[];
}

/** Exit codes. Drift that was found counts before what could not be found out. */
export const exitCodes: Readonly<Record<State, number>> = { "in-sync": 0, drift: 1, unknown: 2 };
/** Wrong use: nothing was asked. */
export const wrongUse = 3;

function stateOf(findings: readonly Finding[]): State {
    const worst = (["drift", "unknown"] as const).find((state) => findings.some((finding) => finding.state === state));
    return worst ?? "in-sync";
}

/** Pulumi cannot see what a command's effect became: the step has to be told to run again. */
function again(region: Region, target: Target, step: string): string {
    const resource = `**::${region.name}-nodes-${target.name}-${step}`;
    return `find out who changed it; then pulumi up --stack ${region.stack} --target-replace '${resource}'`;
}

/** kubeadm renews certificates when it upgrades a control plane; no step of the stack does. */
const renewal =
    "roll to the next patch version (kubernetes.version, npm run lock, pulumi up), which renews them; or, one control plane " +
    "after the other: kubeadm certs renew all, restart the machine, wait until its node is Ready";

const repair = (region: Region, target: Target, step: string): string =>
    step === certificatesCheck ? renewal : again(region, target, step);

/** The check whose text only the stack knows. */
const ownKeyStep = "key";

function stepFindings(region: Region, target: Target, report: StepReport): Finding[] {
    const { step, state, script, findings } = report;
    const expected = target.digests.get(step);
    const at = { machine: target.fqdn, step };
    const found: Finding[] = [];
    if (state === "drift") {
        found.push({ ...at, state, what: findings, todo: repair(region, target, step) });
    }
    if (state === "unknown") {
        found.push({ ...at, state, what: findings, todo: `look at /var/log/fjord/drift-${step}.log on the machine` });
    }
    if (expected === undefined && step !== ownKeyStep) {
        const todo = `pulumi up --stack ${region.stack}; if it stays, find out who put it into ${driftFolder}/checks`;
        found.push({ ...at, state: "drift", what: ["the machine has a check that this checkout does not know"], todo });
    }
    if (expected !== undefined && expected !== script) {
        const todo = `pulumi up --stack ${region.stack}, or run this from the commit that was applied last`;
        const what = ["it was applied with other settings or scripts than this checkout has"];
        found.push({ ...at, state: "drift", what, todo });
    }
    return found;
}

function machineFindings(region: Region, target: Target, answer: Answer): Finding[] {
    const unknown = (step: string, what: string, todo: string): Finding => ({
        state: "unknown",
        machine: target.fqdn,
        step,
        what: [what],
        todo,
    });
    if ("problem" in answer) {
        return [unknown("connection", answer.problem, answer.todo)];
    }
    const { steps, busy } = answer.report;
    if (busy !== undefined) {
        return [unknown("lock", `another fjord script holds the machine (${busy})`, "wait for it, then run this again")];
    }
    const missing = [ownKeyStep, ...target.digests.keys()].filter((step) => !steps.some((report) => report.step === step));
    const install = `pulumi up --stack ${region.stack}, which installs its check`;
    return [
        ...steps.flatMap((report) => stepFindings(region, target, report)),
        ...missing.map((step) => unknown(step, "it was not checked", install)),
    ];
}

function applicationState({ sync, health }: ApplicationReport): State {
    if (sync === "OutOfSync" || health === "Degraded" || health === "Missing") {
        return "drift";
    }
    // Progressing and Suspended are what a rollout and a paused job look like.
    return sync === "Synced" && ["Healthy", "Progressing", "Suspended"].includes(health) ? "in-sync" : "unknown";
}

function applicationFindings(region: Region, list: readonly ApplicationReport[]): Finding[] {
    const at = { machine: "cluster", step: "application" };
    const absent = region.applications.filter((name) => !list.some((application) => application.name === name));
    return [
        ...list.flatMap((application): Finding[] => {
            const state = applicationState(application);
            const { name, sync, health } = application;
            const todo = `Argo CD heals by itself within minutes; if it stays: kubectl -n argocd describe application ${name}`;
            return state === "in-sync" ? [] : [{ ...at, state, what: [`${name}: ${sync}, ${health}`], todo }];
        }),
        ...absent.map((name): Finding => {
            const todo = `find out who removed it; then pulumi up --stack ${region.stack} --refresh`;
            return { ...at, state: "drift", what: [`${name}: not in the cluster`], todo };
        }),
    ];
}

/** Every control plane is asked for the same; the first that knows is believed. */
function cluster(region: Region, answers: readonly Answer[]): { list: readonly ApplicationReport[]; findings: Finding[] } {
    const said = answers.flatMap((answer) => ("report" in answer ? [answer.report.applications] : []));
    const known = said.find((applications) => applications !== undefined && "list" in applications);
    if (known !== undefined && "list" in known) {
        return { list: known.list, findings: applicationFindings(region, known.list) };
    }
    const problems = said.flatMap((applications) => (applications && "problem" in applications ? [applications.problem] : []));
    return {
        list: [],
        findings: [
            {
                state: "unknown",
                machine: "cluster",
                step: "application",
                what: problems.length > 0 ? [...new Set(problems)] : ["no control plane could be asked for the applications"],
                todo: "check the API with kubectl get --raw /readyz, then run this again",
            },
        ],
    };
}

/** What the answers of all machines mean, and what else was found. Pure. */
export function judge(
    region: Region,
    targets: readonly Target[],
    answers: readonly Answer[],
    more: readonly Finding[] = [],
): DriftReport {
    const asked = targets.map((target, index) => {
        const answer = answers[index] ?? { problem: "it was not asked", todo: "run this again" };
        return { target, findings: machineFindings(region, target, answer) };
    });
    const { list, findings } = cluster(region, answers);
    const all = [...asked.flatMap((each) => each.findings), ...findings, ...more];
    return {
        stack: region.stack,
        state: stateOf(all),
        machines: asked.map((each) => ({ name: each.target.fqdn, state: stateOf(each.findings) })),
        applications: list,
        findings: all,
    };
}
