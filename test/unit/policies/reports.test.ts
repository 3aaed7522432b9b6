import assert from "node:assert/strict";
import { test } from "node:test";
import { reports } from "../../../policies/reports";
import { headline } from "../../../policies/reports/fields";
import { markdownReport, noteMarker } from "../../../policies/reports/markdown";
import { exitCodes, Operation, ReviewResult } from "../../../policies/reports/result";
import { Review, summarize } from "../../../policies/reports/summarize";
import { textReport } from "../../../policies/reports/text";
import { clean, finding, result, review, rules } from "./reports-example";
import { codeQuality, junit, markdown, sarif } from "./reports-shapes";

test("the verdict and its exit code", () => {
    const { critical, advice } = rules;
    const none = { ...review, findings: [], exceptions: [] };
    const problem = { reader: "git", message: "is no YAML" } as const;
    const [, expired, unused] = review.exceptions;
    const table = [
        ["nothing found", none, "passes"],
        ["advice", { ...none, findings: [finding(advice)] }, "passes"],
        ["advice that cannot be told", { ...none, findings: [finding(advice, { outcome: "cannot-tell" })] }, "passes"],
        ["a failure", { ...none, findings: [finding(critical)] }, "fails"],
        ["an open question", { ...none, findings: [finding(critical, { outcome: "cannot-tell" })] }, "cannot tell"],
        ["both", { ...none, findings: [finding(critical), finding(critical, { outcome: "cannot-tell" })] }, "fails"],
        ["something unreadable", { ...none, problems: [problem] }, "cannot tell"],
        ["a failure and something unreadable", { ...none, findings: [finding(critical)], problems: [problem] }, "fails"],
        ["an expired exception", { ...none, exceptions: [expired!] }, "fails"],
        ["an unused exception", { ...none, exceptions: [unused!] }, "fails"],
        ["an unused exception, but not all was read", { ...none, exceptions: [unused!], problems: [problem] }, "cannot tell"],
        ["an unused exception of what was not asked for", { ...none, exceptions: [unused!], complete: { stacks: [], folders: [] } }, "passes"],
    ] as const;
    for (const [what, one, verdict] of table) {
        assert.equal(summarize(one).verdict, verdict, what);
    }
    assert.deepEqual(exitCodes, { passes: 0, fails: 1, "cannot tell": 2, wrongUse: 3 });
});

test("what several readers saw is one finding, and what one reader saw twice stays two", () => {
    assert.deepEqual(
        result.open.map(({ rule, sources }) => [rule.id, sources]),
        [
            ["FJ-SSH-901", ["stack", "state"]],
            ["FJ-WRK-902", ["git"]],
            ["FJ-NET-903", ["git"]],
            ["FJ-WRK-904", ["git"]],
        ],
    );
    const twice = summarize({ ...review, findings: [finding(rules.high, { id: "x" }), finding(rules.high, { id: "x" })] });
    assert.equal(twice.open.length, 2);
    assert.equal(new Set(twice.open.map(({ fingerprint }) => fingerprint)).size, 2);
    const otherText = summarize({
        ...review,
        findings: [
            finding(rules.high, { id: "x", source: "stack" }),
            finding(rules.high, { id: "x", source: "state", message: "is worse" }),
        ],
    });
    assert.equal(otherText.open.length, 2);
});

test("the headline counts in words that fit one and many", () => {
    const advice = (count: number) => Array.from({ length: count }, (_, index) => finding(rules.advice, { id: `ConfigMap/shop/${index}` }));
    const [first, ...more] = review.exceptions;
    const line = (changes: Partial<Review>) => headline(summarize({ ...review, findings: [], exceptions: [], ...changes }));
    assert.equal(line({ findings: advice(1) }), "1 piece of advice");
    assert.equal(line({ findings: advice(18) }), "18 pieces of advice");
    assert.equal(line({ exceptions: [first!, ...more], findings: advice(2) }), "2 pieces of advice, 1 exception expired, 2 exceptions unused");
    assert.equal(line({}), "nothing to mend");
});

test("every report says the same whatever order the readers had", () => {
    const at = (index: number) => ["spec", "containers", index];
    const findings = [
        ...["no-bergen-1", "no-oslo-1"].flatMap((stack) =>
            ["worker-2", "worker-02", "worker-10"].map((id) => finding(rules.high, { id, stack, at: at(0) })),
        ),
        ...[2, 10].map((index) => finding(rules.high, { id: "worker-2", stack: "no-oslo-1", at: at(index) })),
        finding(rules.critical, { id: "worker-9" }),
        ...["is ::/0", "is 0.0.0.0/0"].map((message) => finding(rules.medium, { id: "worker-2", message })),
        ...["Deployment.apps/payment-prod/legacy-2", "Deployment.apps/payment-prod/legacy-10"].map((id) => finding(rules.high, { id })),
    ];
    const exceptions = review.exceptions.map((one) => ({ ...one, resource: `${one.resource}*` }));
    const changes = (["update", "create", "delete"] as const).flatMap((operation) =>
        ["b-10", "b-2", "a"].map((name) => ({ operation, urn: `urn:${name}`, type: "a:b:C", name })),
    );
    const one: Review = { ...review, findings, exceptions, changes };
    const other = { ...one, findings: [...findings].reverse(), changes: [...changes].reverse() };
    const [said, saidOther] = [summarize(one), summarize(other)];
    for (const [name, report] of Object.entries(reports)) {
        assert.equal(report(said), report(saidOther), name);
    }
    assert.deepEqual(
        said.open.map(({ stack, subject, path }) => [stack, subject, path].filter(Boolean).join(" ")),
        [
            "worker-9",
            "no-bergen-1 worker-02 spec.containers[0]",
            "no-bergen-1 worker-2 spec.containers[0]",
            "no-bergen-1 worker-10 spec.containers[0]",
            "no-oslo-1 worker-02 spec.containers[0]",
            "no-oslo-1 worker-2 spec.containers[0]",
            "no-oslo-1 worker-2 spec.containers[2]",
            "no-oslo-1 worker-2 spec.containers[10]",
            "no-oslo-1 worker-10 spec.containers[0]",
            "worker-2",
            "worker-2",
        ],
    );
    assert.deepEqual(
        said.excepted.map(({ subject }) => subject.split("/").at(-1)),
        ["legacy-2", "legacy-10"],
    );
    assert.deepEqual(
        said.changes.map(({ operation, name }) => `${operation} ${name}`),
        ["delete", "create", "update"].flatMap((operation) => ["a", "b-2", "b-10"].map((name) => `${operation} ${name}`)),
    );
});

test("tallies are summed over the readers, also for rules that nothing was there for", () => {
    const tallies = summarize({ ...review, tallies: [...review.tallies, ...review.tallies] }).rules.map(({ id, tally }) => [
        id,
        tally.pass,
    ]);
    assert.deepEqual(Object.fromEntries(tallies), {
        "FJ-SSH-901": 6,
        "FJ-WRK-902": 6,
        "FJ-NET-903": 6,
        "FJ-WRK-904": 6,
        "FJ-SEC-905": 0,
    });
});

test("text: the verdict comes first and last, and next to the end what has to be mended, the worst of it first", () => {
    const text = textReport(result);
    const order = [
        "The review fails",
        "Would change: 1 to replace, 1 to update",
        "Excepted (1)",
        "Advice (1)",
        "Critical (1)",
        "High (1)",
        "Medium (1)",
        "Exceptions that have expired",
        "Exceptions that nothing needs",
    ].map((part) => text.indexOf(part));
    assert.ok(!order.includes(-1), text);
    assert.deepEqual(
        [...order].sort((a, b) => a - b),
        order,
    );
    const [head, ...rest] = text.trimEnd().split("\n\n");
    assert.deepEqual(rest.at(-1)?.split("\n").slice(0, 2), head?.split("\n").slice(0, 2));
    assert.match(
        text,
        /Deployment\.apps\/payment-prod\/web {2}lab\/repo\/k8s\/payment\/web deployment\.yaml:12\n {6}spec\.template/,
    );
    assert.match(text, /sshFrom\[0\] is 0\.0\.0\.0\/0, wider than a \/8/);
    assert.match(text, /what to do: Write the right thing/);
    assert.match(text, /spec\.tls cannot be told: is not known/);
    assert.match(text, / {2}\+- {2}command:remote:Command {2}no-oslo-1-x {12}\[triggers\]\n/);
    assert.match(text, / {2}~ {3}fjord:nodes:Node {8}no-oslo-1-nodes-cp-01 {2}\[kernel, sshFrom\[0\]\]\n/);
    assert.match(text, /2 to mend, 1 that cannot be told, 1 piece of advice, 1 excepted, 1 exception expired, 1 exception unused/);
    assert.ok(!text.includes("\u001b"), "no colours unless asked for");
    const coloured = textReport(result, { colour: true });
    assert.ok(coloured.includes("\u001b[31m"));
    assert.equal(coloured.replace(/\u001b\[\d+m/g, ""), text, "colours change nothing else");
});

/** The same mistake on machines that a reader hands on in any order. */
const loop = ["worker-10", "worker-2", "cp-1"].map((id) => finding(rules.high, { id, at: ["sshFrom", 0], message: "is 0.0.0.0/0" }));

test("text: subjects of which the same is said are listed together, in an order of their own", () => {
    const other = finding(rules.high, { id: "worker-2", at: ["sshFrom", 1], message: "is ::/0" });
    const said = "    cp-1\n    worker-2\n    worker-10\n      sshFrom[0] is 0.0.0.0/0\n    worker-2\n      sshFrom[1] is ::/0\n    why:";
    for (const findings of [[other, ...loop], [...loop, other].reverse()]) {
        assert.ok(textReport(summarize({ ...review, findings })).includes(said));
    }
});

test("text: sentences are broken between words, and words are not", () => {
    const long = "a-path-that-people-search-for".repeat(5);
    const message = `${"word ".repeat(60)}${long} end`;
    const lines = textReport(summarize({ ...review, findings: [finding(rules.high, { message })] })).split("\n");
    assert.deepEqual(
        lines.filter((line) => line.length > 120),
        [`      ${long}`],
    );
    assert.equal(lines.filter((line) => /^ {6}word/.test(line)).join(" ").match(/word/g)?.length, 60);
});

test("text: an exception is listed once, with how much it covers, in an order of its own", () => {
    const legacy = (at: string) => finding(rules.high, { id: "Deployment.apps/payment-prod/legacy", at: [at] });
    const other = finding(rules.high, { id: "ConfigMap/shop/a" });
    const exceptions = [...review.exceptions, { ...review.exceptions[0]!, resource: other.subject.id, place: { file: "b.yaml", line: 1 } }];
    const said =
        "Excepted (3)\n  FJ-WRK-902  ConfigMap/shop/a\n    until 2026-12-31, @payments: Is replaced before the end of the year\n" +
        "  FJ-WRK-902  Deployment.apps/payment-prod/legacy (2 findings)\n    until 2026-12-31, @payments: Is replaced before the end of the year\n\n";
    for (const findings of [
        [legacy("a"), other, legacy("b")],
        [other, legacy("b"), legacy("a")],
    ]) {
        assert.ok(textReport(summarize({ ...review, findings, exceptions })).includes(said));
    }
});

test("text: many resources that are made are counted by type; those that are there already are all listed", () => {
    const changes = (operation: Operation) =>
        Array.from({ length: 30 }, (_, index) => ({ operation, urn: `urn:${index}`, type: index < 10 ? "a:b:C" : "a:b:D", name: `one-${index}` }));
    const made = textReport({ ...clean, changes: changes("create") });
    assert.match(made, /Would change: 30 to create\n {2}\+ {3}a:b:D {2}20 resources\n {2}\+ {3}a:b:C {2}10 resources\n\n/);
    for (const operation of ["delete", "replace", "update"] as const) {
        const text = textReport({ ...clean, changes: changes(operation) });
        assert.equal(text.match(/one-\d+/g)?.length, 30, operation);
    }
    assert.match(textReport({ ...clean, changes: changes("create").slice(0, 20) }), /a:b:D {2}one-19/);
});

test("text: every operation has its sign", () => {
    const operations: readonly Operation[] = ["create", "update", "replace", "delete", "import", "read", "refresh", "discard"];
    const changes = operations.map((operation) => ({
        operation,
        urn: `urn:${operation}`,
        type: "a:b:C",
        name: `one-${operation}`,
    }));
    const text = textReport({ ...clean, changes });
    for (const [operation, sign] of [
        ["create", "+ "],
        ["update", "~ "],
        ["replace", "+-"],
        ["delete", "- "],
    ] as const) {
        assert.ok(text.includes(`  ${sign}  a:b:C  one-${operation}`), `${operation}: ${text}`);
    }
    assert.match(text, /Would change: 1 to delete, 1 to replace, 1 to create/);
    assert.match(text, /The review passes\n {2}nothing to mend\n/);
});

test("findings of several stacks say which", () => {
    const both = { ...result, reviewed: { ...result.reviewed, stacks: ["no-oslo-1", "no-bergen-1"] } };
    assert.match(textReport(both), /ConfigMap\/shop\/a \(no-oslo-1\)/);
    assert.ok(!textReport(result).includes("(no-oslo-1)"));
});

test("markdown: the verdict, what has to be mended by severity and rule, the rest folded away", () => {
    const note = markdown(result);
    assert.match(note, /^<!-- fjord:review -->\n### ❌ The review fails/);
    const order = [
        "#### Critical (1)\n\n- **FJ-SSH-901 SSH is closed**<br>Otherwise something else happens.<br>**What to do:** Write",
        "#### High (1)\n\n- **FJ-WRK-902",
        "#### Medium (1)\n\n- **FJ-NET-903",
        "#### Exceptions to renew or remove (2)\n\n- **FJ-NET-903**",
        "<details>\n<summary>Advice: 1</summary>\n\n- **FJ-WRK-904",
        "<details>\n<summary>Would change: 1 to replace, 1 to update</summary>",
        "<details>\n<summary>Excepted: 1</summary>\n\n- **FJ-WRK-902",
    ].map((part) => note.indexOf(part));
    assert.ok(!order.includes(-1), `${order.join(" ")}\n${note}`);
    assert.deepEqual(
        [...order].sort((a, b) => a - b),
        order,
    );
    assert.match(note, /may write &#124; to &#96;everything&#96; for &#64;\u200broot and &#60;b&#62;all/);
    assert.match(note, /<code>lab\/repo\/k8s\/payment\/web deployment\.yaml&#58;12<\/code>/);
    assert.match(markdown(clean), /^<!-- fjord:review -->\n### ✅ The review passes\n\n\*\*nothing to mend\*\*/);
});

test("markdown: what is said of a rule is said once, and its findings stand below it in an order of their own", () => {
    const note = (findings: typeof loop) => markdown(summarize({ ...review, findings, exceptions: [] }));
    const text = note(loop);
    assert.equal(text.split("**What to do:**").length, 2);
    assert.match(text, /\n {2}- <code>cp-1<\/code>: sshFrom.*\n {2}- <code>worker-2<\/code>: .*\n {2}- <code>worker-10<\/code>: .*\n/);
    assert.equal(note([...loop].reverse()), text);
});

test("markdown: a note that is too long is cut with a count, and stays whole otherwise", () => {
    const findings = Array.from({ length: 400 }, (_, index) =>
        finding(rules.high, { id: `ConfigMap/shop/c${index}`, message: "|".repeat(1000) }),
    );
    const changes = Array.from({ length: 400 }, (_, index) => ({ ...review.changes[0]!, name: `n-${index}` }));
    const long = summarize({ ...review, findings, changes });
    for (const limit of [4_000, 20_000, 900_000]) {
        const note = markdown(long, markdownReport(long, { limit }));
        assert.ok(note.length <= limit, `${note.length} of ${limit}`);
        const shown = note.split("\n").filter((line) => line.startsWith("  - <code>ConfigMap")).length;
        const cut = /^_(\d+) more are left out here/m.exec(note)?.[1];
        assert.equal(shown + Number(cut), 400, `${limit}`);
        assert.match(note, /The review fails/);
    }
    assert.ok(markdown(long).length > 900_000, "the room that there is is used");
    const short = markdown(result);
    assert.ok(!short.includes("left out here"));
    assert.equal(noteMarker, "<!-- fjord:review -->");
});

test("code quality: places, and the stack's file where there is none", () => {
    const entries = codeQuality(result);
    assert.deepEqual(
        entries.map(({ check_name, severity, location }) => [check_name, severity, `${location.path}:${location.lines.begin}`]),
        [
            ["FJ-SSH-901", "blocker", "stacks/Pulumi.no-oslo-1.yaml:1"],
            ["FJ-WRK-902", "critical", "lab/repo/k8s/payment/web deployment.yaml:12"],
            ["FJ-NET-903", "major", "stacks/Pulumi.no-oslo-1.yaml:1"],
            ["FJ-WRK-904", "info", "stacks/Pulumi.no-oslo-1.yaml:1"],
            ["exception-expired", "major", "policies/exceptions.yaml:6"],
            ["exception-unused", "major", "policies/exceptions.yaml:11"],
        ],
    );
    const [unreadable] = codeQuality({
        ...clean,
        problems: [{ reader: "git", message: "is no YAML", place: { file: "./a.yaml", line: 3 } }],
    });
    assert.deepEqual(unreadable?.location, { path: "a.yaml", lines: { begin: 3 } });
    assert.equal(reports["code-quality"](clean), "[]\n");
});

/** Every test of the JUnit report by its rule's id or its name, with its outcome. */
const outcomes = (one: ReviewResult): Readonly<Record<string, string>> =>
    Object.fromEntries(
        junit(one).children.flatMap(({ children }) =>
            children.map(({ attributes, children: [said] }) => [
                attributes["name"]!.replace(/^(FJ-\S+) .*/, "$1"),
                said?.name ?? "passed",
            ]),
        ),
    );

test("junit: a suite an area, a test a rule, and one outcome each", () => {
    assert.deepEqual(outcomes(result), {
        "FJ-SSH-901": "failure",
        "FJ-WRK-902": "failure",
        "FJ-NET-903": "error",
        "FJ-WRK-904": "system-out",
        "FJ-SEC-905": "skipped",
        "Everything could be read": "passed",
        "Exceptions are valid and needed": "failure",
    });
    assert.deepEqual(
        junit(result).children.map(({ attributes }) => attributes["name"]),
        ["SSH and trust", "Secrets", "Workloads", "Ingress and network", "The review itself"],
    );
    const onlyExcepted = { ...result, open: [], problems: [{ reader: "git" as const, message: "is no YAML" }] };
    assert.equal(outcomes(onlyExcepted)["FJ-WRK-902"], "skipped");
    assert.equal(outcomes(onlyExcepted)["FJ-SSH-901"], "passed");
    assert.equal(outcomes(onlyExcepted)["Everything could be read"], "error");
});

test("sarif: rules, results, exceptions as suppressions, and what went wrong beside them", () => {
    const run = sarif(result);
    assert.deepEqual(
        run.results.map(({ ruleId, kind, level, suppressions = [] }) => [ruleId, kind, level, suppressions.length]),
        [
            ["FJ-SSH-901", "fail", "error", 0],
            ["FJ-WRK-902", "fail", "error", 0],
            ["FJ-NET-903", "open", "none", 0],
            ["FJ-WRK-904", "fail", "note", 0],
            ["FJ-WRK-902", "fail", "error", 1],
        ],
    );
    assert.match(run.results.at(-1)?.suppressions?.[0]?.justification ?? "", /^Is replaced .* \(@payments, until 2026-12-31\)$/);
    const [invocation] = run.invocations;
    assert.equal(invocation?.exitCode, 1);
    assert.equal(invocation.executionSuccessful, true);
    assert.equal(invocation.toolConfigurationNotifications.length, 2);
    const unread = sarif({ ...clean, verdict: "cannot tell", problems: [{ reader: "state", message: "is not there" }] })
        .invocations[0];
    assert.equal(unread?.executionSuccessful, false);
    assert.equal(unread.exitCode, 2);
    assert.equal(unread.toolExecutionNotifications.length, 1);
});

test("json is the result itself", () => {
    assert.deepEqual(JSON.parse(reports.json(result)), JSON.parse(JSON.stringify(result)));
});
