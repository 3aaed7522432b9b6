import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDigest, driftChecks } from "../../../components/nodes/drift";
import { Answer } from "../../../operations/drift/ask";
import { formatMarkdown, formatText } from "../../../operations/drift/format";
import { DriftReport, exitCodes, judge } from "../../../operations/drift/judge";
import { NodeReport, parseNodeReport, ReportError, StepReport } from "../../../operations/drift/node-report";
import { judgeRefresh } from "../../../operations/drift/refresh";
import { Target } from "../../../operations/drift/targets";
import { examplePlan } from "../nodes/example";

const region = { stack: "no-oslo-1", name: "no-oslo-1", applications: ["payment"] };

function target(name: string): Target {
    const plan = examplePlan(name);
    const digests = new Map(driftChecks(plan).map((check) => [check.step, checkDigest(check)]));
    return { name, fqdn: plan.machine.fqdn, role: plan.machine.role, digests };
}
const targets = [target("cp-01"), target("worker-01")];

/** A machine in order. */
function good({ fqdn, role, digests }: Target): NodeReport {
    const steps = [["key", "0".repeat(64)], ...digests].map(
        ([step, script]): StepReport => ({ step: step!, state: "in-sync", script: script!, findings: [] }),
    );
    const list = [{ name: "payment", sync: "Synced", health: "Healthy" }];
    return { node: fqdn, steps, ...(role === "control-plane" && { applications: { list } }) };
}

/** What is found where the first machine says something else. */
function judged(change: (report: NodeReport) => NodeReport): DriftReport {
    const answers: Answer[] = targets.map((each, index) => ({ report: index === 0 ? change(good(each)) : good(each) }));
    return judge(region, targets, answers);
}

const withStep = (step: string, change: Partial<StepReport>) => (report: NodeReport) => ({
    ...report,
    steps: report.steps.map((each) => (each.step === step ? { ...each, ...change } : each)),
});
const withApplication = (sync: string, health: string) => (report: NodeReport) => ({
    ...report,
    applications: { list: [{ name: "payment", sync, health }] },
});

test("machines and applications in order are in sync", () => {
    const report = judged((same) => same);
    assert.deepEqual([report.state, report.findings, exitCodes[report.state]], ["in-sync", [], 0]);
    assert.equal(formatText(report), "no-oslo-1: in sync (machines: 2 in sync, 0 drift, 0 cannot tell; applications: 1)\n");
});

const changes: Readonly<Record<string, [(report: NodeReport) => NodeReport, DriftReport["state"], RegExp]>> = {
    "a step that differs": [
        withStep("kernel", { state: "drift", findings: ["vm: 1 -> 2"] }),
        "drift",
        /^drift {2}cp-01\.osl\.node {2}kernel\n {4}vm: 1 -> 2\n.*--target-replace '\*\*::no-oslo-1-nodes-cp-01-kernel'/m,
    ],
    "a certificate that ends soon": [
        withStep("certificates", { state: "drift", findings: ["apiserver.crt: ends on Jan 1"] }),
        "drift",
        /certificates\n {4}apiserver\.crt: ends on Jan 1\n {4}what to do: roll to the next patch version.*kubeadm certs renew all/,
    ],
    "a check that failed": [withStep("kernel", { state: "unknown", findings: ["why"] }), "unknown", /why\n.*drift-kernel\.log/],
    "a check of another commit": [withStep("images", { script: "f".repeat(64) }), "drift", /other settings or scripts/],
    "a check that is missing": [
        (report) => ({ ...report, steps: report.steps.filter(({ step }) => step !== "firewall") }),
        "unknown",
        /firewall\n {4}it was not checked/,
    ],
    "a check that nobody knows": [
        (report) => ({ ...report, steps: [...report.steps, { step: "own", state: "in-sync", script: "0", findings: [] }] }),
        "drift",
        /does not know/,
    ],
    "a machine that another script holds": [(report) => ({ ...report, steps: [], busy: "roll pid 7" }), "unknown", /roll pid 7/],
    "an application out of sync": [withApplication("OutOfSync", "Healthy"), "drift", /payment: OutOfSync, Healthy/],
    "an application that is degraded": [withApplication("Synced", "Degraded"), "drift", /payment: Synced, Degraded/],
    "an application that nobody has looked at": [withApplication("<none>", "<none>"), "unknown", /payment: <none>/],
    "an application that is gone": [(report) => ({ ...report, applications: { list: [] } }), "drift", /payment: not in/],
    "an API that does not answer": [(report) => ({ ...report, applications: { problem: "refused" } }), "unknown", /refused/],
};
for (const [name, [change, state, text]] of Object.entries(changes)) {
    test(`${name} is ${state}`, () => {
        const report = judged(change);
        assert.equal(report.state, state);
        assert.match(formatText(report), text);
        assert.ok(report.findings.every(({ todo }) => todo !== ""));
    });
}

test("a rollout is no drift", () => {
    assert.equal(judged(withApplication("Synced", "Progressing")).state, "in-sync");
});

test("another control plane's word on applications counts where the first one has none", () => {
    const two = [targets[0]!, target("cp-02")];
    const answers = [{ problem: "off", todo: "x" }, { report: good(two[1]!) }];
    const report = judge(region, two, answers);
    assert.deepEqual([report.state, report.applications.length], ["unknown", 1]);
    assert.deepEqual(report.findings.map(({ machine, step }) => `${machine} ${step}`), ["cp-01.osl.node connection"]);
});

test("drift that was found counts before what could not be found out", () => {
    const answers = [{ report: withStep("kernel", { state: "drift" })(good(targets[0]!)) }, { problem: "off", todo: "x" }];
    const report = judge(region, targets, answers);
    assert.deepEqual([report.state, exitCodes[report.state], exitCodes.unknown], ["drift", 1, 2]);
    assert.deepEqual(report.machines.map(({ state }) => state), ["drift", "unknown"]);
});

const complete = [
    '{"node":"cp-01.osl.node","format":1}',
    `{"step":"kernel","state":"drift","script":"${"0".repeat(64)}","findings":["a"]}`,
    '{"applications":[]}',
    '{"lines":3}',
];

test("half a report, a longer one and something else are no report", () => {
    assert.equal(parseNodeReport(complete.join("\n")).steps.length, 1);
    const odd = [
        "",
        "Last login: today",
        ...complete.map((_, index) => complete.filter((__, other) => other !== index).join("\n")),
        complete.join("\n").replace("drift", "fine"),
        complete.join("\n").replace('["a"]', `[${Array(21).fill('"a"').join()}]`),
        `${complete.join("\n")}\n{"lines":4}`,
    ];
    for (const text of odd) {
        assert.throws(() => parseNodeReport(text), ReportError, text);
    }
});

test("what a machine says cannot steer a terminal or become markup", () => {
    const nasty = "\\u001b[31mred\\u202e | <img src=x> [a](b) @all";
    const { steps } = parseNodeReport(complete.join("\n").replace('["a"]', `["${nasty}"]`));
    const [said] = steps[0]!.findings;
    assert.equal(said, " [31mred  | <img src=x> [a](b) @all");
    const report = judged(withStep("kernel", { state: "drift", findings: [said!] }));
    const row = formatMarkdown(report).split("\n").find((line) => line.includes("red"));
    assert.match(row!, /^\| drift \| cp-01\.osl\.node \| kernel \| /);
    assert.doesNotMatch(row!, /<img|\[a\]|@all/);
    assert.equal(row!.split("|").length, 7);
});

const refreshed = ` ~  pulumi:pulumi:Stack fjord-no-oslo-1 refreshing
 ~  kubernetes:core/v1:ConfigMap argocd-cm update [diff: ~data]
 ~  kubernetes:core/v1:ConfigMap argocd-cm update [diff: ~data]
 -  kubernetes:apps/v1:Deployment argocd-server delete 
    pulumi:pulumi:Stack fjord-no-oslo-1  3 warnings
Resources:
    ~ 1 to update
error: no changes were expected for refresh but changes were proposed
`;

test("a refresh that finds changes is drift, one that fails is unknown, and one that finds none adds nothing", () => {
    const [found] = judgeRefresh("no-oslo-1", { code: 7, output: refreshed });
    assert.equal(found?.state, "drift");
    assert.deepEqual(found.what, [
        "kubernetes:core/v1:ConfigMap argocd-cm: update [diff: ~data]",
        "kubernetes:apps/v1:Deployment argocd-server: delete",
    ]);
    const [failed] = judgeRefresh("no-oslo-1", { code: 255, output: "x\nerror: incorrect passphrase\n" });
    assert.deepEqual([failed?.state, failed?.what], ["unknown", ["error: incorrect passphrase"]]);
    assert.equal(judgeRefresh("no-oslo-1", { code: null, output: "" })[0]?.state, "unknown");
    assert.deepEqual(judgeRefresh("no-oslo-1", { code: 0, output: refreshed }), []);
    const report = judge(region, targets, targets.map((each) => ({ report: good(each) })), [found]);
    assert.equal(report.state, "drift");
});
