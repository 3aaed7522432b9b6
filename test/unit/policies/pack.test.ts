import { ResourceValidationPolicy, StackValidationPolicy, unknownCheckingProxy } from "@pulumi/policy";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents } from "../../../operations/review/preview";
import { coverageName, formatCoverage, parseCoverage } from "../../../policies/pack/coverage";
import { Excepting } from "../../../policies/pack/judgements";
import { formatViolation, parseViolation, Violation } from "../../../policies/pack/message";
import { plain } from "../../../policies/pack/plain";
import { packName, policies } from "../../../policies/pack/policy";
import { catalogue } from "../../../policies/rules/catalogue";
import { formatPath, Opaque, parsePath } from "../../../policies/rules/core/opaque";
import { Rule } from "../../../policies/rules/core/rule";
import { deployment } from "../../fixtures/policies/objects";

const today = "2026-11-23";
/** What Pulumi's SDK stands in for a text that is not known yet. */
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const nobody: Excepting = () => undefined;

function ruleOf(id: string): Rule {
    const found = catalogue.find((rule) => rule.id === id);
    assert.ok(found, id);
    return found;
}

const step = fc.oneof(fc.nat(99), fc.string({ minLength: 1 }), fc.constantFrom("spec", "app.kubernetes.io/name", "a-b", "0"));

test("property: a path that was written is read again", () => {
    fc.assert(fc.property(fc.array(step), (path) => assert.deepEqual(parsePath(formatPath(path)), path)));
});

test("property: what a violation says is read again, whatever its texts are", () => {
    const text = fc.string().map((value) => value.replace(/\s*\n\s*/g, " "));
    const violation: fc.Arbitrary<Violation> = fc.record(
        {
            rule: fc.constantFrom(...catalogue),
            id: text,
            outcome: fc.constantFrom("fail" as const, "cannot-tell" as const),
            at: fc.array(step),
            message: text,
            excepted: text,
        },
        { requiredKeys: ["rule", "id", "outcome", "at", "message"] },
    );
    fc.assert(
        fc.property(violation, fc.string(), ({ rule, ...rest }, around) => {
            const decorated = `<{%reset%}>mandatory: ${around.replace(/FJ-|^ {4}/gm, "")}\n${formatViolation({ rule, ...rest })}\n`;
            assert.deepEqual(parseViolation(decorated), { rule: rule.id, ...rest });
        }),
    );
});

test("what cannot be known yet keeps its place, at any depth", () => {
    const value = plain(unknownCheckingProxy({ spec: { containers: [{ name: "a", image: unknownText }] }, data: unknownText }));
    assert.deepEqual(value, { spec: { containers: [{ name: "a", image: new Opaque("unknown") }] }, data: new Opaque("unknown") });
});

const urn = "urn:pulumi:lab::fjord::kubernetes:apps/v1:Deployment::web";
const shown = (props: object, type = "kubernetes:apps/v1:Deployment") => ({
    type,
    name: "web",
    urn,
    props: unknownCheckingProxy(props as Record<string, unknown>),
    opts: { protect: false, ignoreChanges: [], aliases: [], additionalSecretOutputs: [], customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 } },
});
const withHostNetwork = (hostNetwork: unknown): object => {
    const spec = deployment["spec"] as { readonly template: { readonly spec: object } };
    return { ...deployment, spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, hostNetwork } } } };
};

/** What the policies of a pack report about one resource, by policy. */
async function ask(props: object, excepting: Excepting = nobody): Promise<Readonly<Record<string, readonly string[]>>> {
    const said: Record<string, string[]> = {};
    for (const policy of policies([ruleOf("FJ-WRK-003"), ruleOf("FJ-WRK-027")], today, excepting)) {
        const report = (message: string): void => void (said[policy.name] ??= []).push(message);
        if ("validateResource" in policy) {
            const validate = (policy as ResourceValidationPolicy).validateResource;
            assert.ok(typeof validate === "function");
            await validate(shown(props) as never, report);
        }
    }
    return said;
}

test("a violation stops the run under its severity, and so does what cannot be known", async () => {
    assert.deepEqual(await ask(deployment), {});
    assert.match((await ask(withHostNetwork(true)))["high"]?.[0] ?? "", /^FJ-WRK-003 [^]*found: is true/);
    assert.match((await ask(withHostNetwork(unknownText)))["high"]?.[0] ?? "", /cannot tell: is not known before the change is made/);
    const levels = new Map(policies(catalogue, today, nobody).map(({ name, enforcementLevel }) => [name, enforcementLevel]));
    assert.deepEqual(
        ["critical", "critical-together", "high", "medium", "low", "low-together", "excepted", coverageName].map((name) => levels.get(name)),
        ["mandatory", "mandatory", "mandatory", "mandatory", "advisory", "advisory", "advisory", "disabled"],
    );
});

test("what an exception covers is shown and stops nothing", async () => {
    const said = await ask(withHostNetwork(true), (rule) => (rule.id === "FJ-WRK-003" ? "until 2027-01-01, by us" : undefined));
    assert.deepEqual(Object.keys(said), ["excepted"]);
    assert.match(said["excepted"]?.[0] ?? "", /excepted: until 2027-01-01, by us/);
});

test("all together, rules see what resources want to be, not the outputs that nobody has yet", () => {
    const pack = policies([ruleOf("FJ-WRK-038")], today, nobody);
    const each = pack.filter((policy): policy is ResourceValidationPolicy => "validateResource" in policy);
    const together = pack.filter((policy): policy is StackValidationPolicy => "validateStack" in policy && policy.name === "medium-together");
    for (const { validateResource } of each) {
        void (validateResource as (args: unknown, report: () => void) => void)(shown(deployment), () => undefined);
    }
    const said: string[] = [];
    for (const { validateStack } of together) {
        void validateStack({ resources: [shown({})] } as never, (message) => void said.push(message));
    }
    assert.match(said.join("\n"), /FJ-WRK-038 [^]*Deployment\.apps\/payment-prod\/web/);
});

/** The same rule, and how often it was asked. */
function counted(id: string): { readonly rule: Rule; readonly asked: () => number } {
    const rule = ruleOf(id);
    let times = 0;
    const check: Rule["check"] = (...of) => {
        times += 1;
        return rule.check(...of);
    };
    return { rule: { ...rule, check }, asked: () => times };
}

test("a rule is asked once, however many policies report what it said, and anew when Pulumi asks anew", () => {
    const single = counted("FJ-WRK-003");
    const relation = counted("FJ-WRK-038");
    const pack = policies([single.rule, relation.rule], today, (rule) => (rule.id === "FJ-WRK-038" ? "by us" : undefined));
    /** What all policies report of a run, each given its own copy of the resource as Pulumi does. */
    const run = (props: object): readonly string[] => {
        const said: string[] = [];
        for (const policy of pack) {
            if ("validateResource" in policy) {
                void (policy.validateResource as (args: unknown, report: (message: string) => void) => void)(shown(props), (message) =>
                    said.push(`${policy.name}: ${message.slice(0, 10)}`),
                );
            }
        }
        for (const policy of pack) {
            if ("validateStack" in policy) {
                void policy.validateStack({ resources: [shown({})] } as never, (message) =>
                    said.push(`${policy.name}: ${policy.name === coverageName ? message : message.slice(0, 10)}`),
                );
            }
        }
        return said;
    };
    const tallies = (failed: number): string => `${coverageName}: ${JSON.stringify({ "FJ-WRK-003": [1 - failed, failed, 0, 0], "FJ-WRK-038": [0, 1, 0, 0] })}`;
    assert.deepEqual(run(withHostNetwork(true)), ["high: FJ-WRK-003", "excepted-together: FJ-WRK-038", tallies(1)]);
    assert.deepEqual([single.asked(), relation.asked()], [1, 1]);
    assert.deepEqual(run(deployment), ["excepted-together: FJ-WRK-038", tallies(0)]);
    assert.deepEqual([single.asked(), relation.asked()], [2, 2]);
});

test("tallies that were written are read again; rules that nobody knows are left out", () => {
    const [first, second] = catalogue;
    assert.ok(first && second);
    const tallies = new Map([
        [first, { pass: 3, fail: 1, cannotTell: 0, notApplicable: 2 }],
        [second, { pass: 0, fail: 0, cannotTell: 4, notApplicable: 0 }],
    ]);
    assert.deepEqual(parseCoverage(`how often\n${formatCoverage(tallies)}\n`, catalogue), tallies);
    assert.deepEqual(parseCoverage(formatCoverage(tallies), [first]), new Map([[first, tallies.get(first)]]));
    assert.equal(parseCoverage("nothing", catalogue), undefined);
});

/** Events as the engine writes them, as far as a review reads them. */
const event = (content: object): EngineEvent => ({ sequence: 0, timestamp: 0, ...content });
const stepOf = (op: string, of = urn, more: object = {}): EngineEvent =>
    event({ resourcePreEvent: { metadata: { op, urn: of, type: "kubernetes:apps/v1:Deployment", provider: "", ...more } } });
const askedAbout = (of = urn): EngineEvent => event({ policyAnalyzeSummaryEvent: { policyPackName: packName, resourceUrn: of } });
const askedTogether = event({ policyAnalyzeStackSummaryEvent: { policyPackName: packName } });
const policyEvent = (message: string, policyPackName = packName): EngineEvent =>
    event({ policyEvent: { message, policyPackName, policyName: "high", resourceUrn: urn, color: "never", enforcementLevel: "mandatory" } });
const facts = { stack: "lab", rules: catalogue, failed: false };

test("a preview's events become findings and changes, without values", () => {
    const violation = formatViolation({ rule: ruleOf("FJ-WRK-003"), id: "Deployment.apps/a/web", outcome: "fail", at: ["spec", 0], message: "is true" });
    const detailedDiff = { "spec.replicas": { diffKind: "update", inputDiff: true } };
    const events = [stepOf("update", urn, { detailedDiff }), askedAbout(), policyEvent(violation), policyEvent("something", "another pack"), askedTogether];
    const { changes, findings, problems } = readEvents(events, facts);
    assert.deepEqual(problems, []);
    assert.deepEqual(changes, [
        { operation: "update", stack: "lab", urn, type: "kubernetes:apps/v1:Deployment", name: "web", keys: ["spec.replicas"] },
    ]);
    assert.deepEqual(
        findings.map(({ rule, subject, outcome, at, message, stack }) => [rule.id, subject.id, outcome, at, message, stack]),
        [["FJ-WRK-003", "Deployment.apps/a/web", "fail", ["spec", 0], "is true", "lab"]],
    );
});

test("whatever was not asked is a problem, and so is what nobody can read", () => {
    const problems = (...events: readonly EngineEvent[]): string =>
        readEvents(events, facts)
            .problems.map(({ message }) => message)
            .join("\n");
    assert.equal(problems(stepOf("same"), askedAbout(), stepOf("delete", "urn:gone"), stepOf("read", "urn:read"), askedTogether), "");
    assert.match(problems(stepOf("create"), askedTogether), /were not asked about urn:pulumi:lab::/);
    assert.match(problems(stepOf("create"), event({ policyAnalyzeSummaryEvent: { policyPackName: "other", resourceUrn: urn } }), askedTogether), /not asked about urn/);
    assert.match(problems(stepOf("create"), askedAbout()), /not asked about all resources together/);
    assert.match(problems(askedTogether, policyEvent("can't run policy during preview")), /a policy said what is no finding/);
    assert.match(problems(askedTogether, event({ diagnosticEvent: { severity: "error", message: "boom", color: "never" } })), /^boom$/);
    assert.match(readEvents([askedTogether], { ...facts, failed: true }).problems[0]?.message ?? "", /failed without saying why/);
});
