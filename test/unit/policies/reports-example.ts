import { parseExceptions } from "../../../policies/exceptions";
import { ReviewResult } from "../../../policies/reports/result";
import { Review, SeenFinding, summarize } from "../../../policies/reports/summarize";
import { must, objectRule } from "../../../policies/rules/core/define";
import { Path } from "../../../policies/rules/core/opaque";
import { Rule, RuleId, Severity } from "../../../policies/rules/core/rule";
import { Place, Source } from "../../../policies/rules/core/subject";

/** A made-up rule. */
export const rule = (id: RuleId, severity: Severity, title = "Something holds everywhere"): Rule =>
    objectRule(
        ["/ConfigMap"],
        {
            id,
            title,
            severity,
            why: "Otherwise something else happens.",
            mend: "Write the right thing in fjord:something.",
            references: [{ of: "fjord", id: "README" }],
        },
        ({ metadata }) => must(metadata.name === "right", ["metadata", "name"], `is ${metadata.name}`),
    );

export const rules = {
    critical: rule("FJ-SSH-901", "critical", "SSH is closed"),
    high: rule("FJ-WRK-902", "high", "Workloads are | careful"),
    medium: rule("FJ-NET-903", "medium", "Traffic is <encrypted>"),
    advice: rule("FJ-WRK-904", "low", "Labels are there"),
    quiet: rule("FJ-SEC-905", "high", "Nothing was there for it"),
} as const;

/** What `finding` leaves open. */
interface Parts {
    readonly id?: string;
    readonly at?: Path;
    readonly message?: string;
    readonly outcome?: SeenFinding["outcome"];
    readonly source?: Source;
    readonly stack?: string;
    readonly place?: Place;
}

/** A finding as a reader hands it on. */
export function finding(about: Rule, parts: Parts = {}): SeenFinding {
    const {
        id = "Deployment.apps/payment-prod/web",
        at = [],
        message = "is wrong",
        outcome = "fail",
        source = "git",
        stack,
        place,
    } = parts;
    return {
        rule: about,
        subject: { id, source, ...(place && { locate: () => place }) },
        outcome,
        at,
        message,
        ...(stack !== undefined && { stack }),
    };
}

export const today = "2026-11-23";

const loaded = parseExceptions(
    `- rule: FJ-WRK-902
  resource: Deployment.apps/payment-prod/legacy
  reason: Is replaced before the end of the year
  owner: "@payments"
  expires: 2026-12-31
- rule: FJ-NET-903
  resource: Ingress.networking.k8s.io/**
  reason: The partner has no certificate as yet
  owner: platform
  expires: 2026-11-22
- rule: FJ-NET-903
  resource: Service/shop/**
  reason: The shop was to have one, and has none
  owner: platform
  expires: 2026-12-31
`,
    { file: "policies/exceptions.yaml", rules: Object.values(rules), today },
);
if (!loaded.ok) {
    throw new Error(JSON.stringify(loaded.problems));
}

/** A review in which there is something of everything. */
export const review: Review = {
    reviewed: { stacks: ["no-oslo-1"], folders: ["lab/repo/k8s"], checkpoint: "no-oslo-1" },
    rules: Object.values(rules),
    findings: [
        finding(rules.advice, { id: "ConfigMap/shop/a", at: ["metadata", "labels"], message: "are missing", stack: "no-oslo-1" }),
        finding(rules.medium, { at: ["spec", "tls"], outcome: "cannot-tell", message: "is not known before the change is made" }),
        finding(rules.critical, {
            id: "fjord:nodes:Node::no-oslo-1-nodes-cp-01",
            at: ["sshFrom", 0],
            message: "is 0.0.0.0/0, wider than a /8",
            source: "stack",
            stack: "no-oslo-1",
        }),
        finding(rules.critical, {
            id: "fjord:nodes:Node::no-oslo-1-nodes-cp-01",
            at: ["sshFrom", 0],
            message: "is 0.0.0.0/0, wider than a /8",
            source: "state",
            stack: "no-oslo-1",
        }),
        finding(rules.high, {
            at: ["spec", "template", "spec", "containers", 0],
            message: "may write | to `everything` for @root and <b>all</b>",
            place: { file: "lab/repo/k8s/payment/web deployment.yaml", line: 12 },
        }),
        finding(rules.high, { id: "Deployment.apps/payment-prod/legacy", message: "may write to everything" }),
    ],
    tallies: [
        new Map(
            Object.values(rules).map((one) => [
                one,
                { pass: one === rules.quiet ? 0 : 3, fail: one === rules.quiet ? 0 : 1, cannotTell: 0, notApplicable: 1 },
            ]),
        ),
    ],
    exceptions: loaded.exceptions,
    today,
    changes: [
        {
            operation: "update",
            stack: "no-oslo-1",
            urn: "urn:pulumi:no-oslo-1::fjord::fjord:nodes:Node::no-oslo-1-nodes-cp-01",
            type: "fjord:nodes:Node",
            name: "no-oslo-1-nodes-cp-01",
            keys: ["kernel", "sshFrom[0]"],
        },
        {
            operation: "replace",
            stack: "no-oslo-1",
            urn: "urn:pulumi:no-oslo-1::fjord::command:remote:Command::no-oslo-1-x",
            type: "command:remote:Command",
            name: "no-oslo-1-x",
            keys: ["triggers"],
        },
    ],
    problems: [],
    phases: [
        { name: "preview", seconds: 3.25 },
        { name: "manifests", seconds: 0.5 },
    ],
    complete: { stacks: ["no-oslo-1"], folders: [] },
};

export const result: ReviewResult = summarize(review);

/** A review that found nothing. */
export const clean: ReviewResult = summarize({ ...review, findings: [], exceptions: [], changes: [] });
