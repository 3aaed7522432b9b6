import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiRequest, decisions } from "../../../policies/rules/cluster/audit-policy";

/** The levels that may hold for a request under a policy, in their order: what the rules of the policy decide. */
function levels(rules: readonly object[], request: Partial<ApiRequest> = {}): readonly string[] {
    const auditPolicy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules };
    const asked = { verb: "create", group: "", resource: "secrets", ...request };
    return decisions({ auditPolicy }, asked).map(({ level, reach }) => (reach === "all" ? level : `${level}?`));
}

const rest = { level: "Request" };

test("the first rule that holds for everybody decides, and what nothing decides is not logged", () => {
    assert.deepEqual(levels([{ level: "Metadata" }, rest]), ["Metadata"]);
    assert.deepEqual(levels([]), ["None"]);
    assert.deepEqual(levels([{ level: "Metadata", verbs: ["get"] }]), ["None"]);
});

test("a rule for some users, groups, namespaces or names of objects may decide, and the next may too", () => {
    for (const narrow of [
        { users: ["a"] },
        { userGroups: ["b"] },
        { namespaces: ["c"] },
        { resources: [{ group: "", resources: ["secrets"], resourceNames: ["d"] }] },
        { users: ["a"], resources: [{ group: "" }] },
    ]) {
        assert.deepEqual(levels([{ level: "Metadata", ...narrow }, rest]), ["Metadata?", "Request"], JSON.stringify(narrow));
    }
});

test("a rule about URLs is about no object", () => {
    assert.deepEqual(levels([{ level: "None", nonResourceURLs: ["/healthz*"] }, rest]), ["Request"]);
});

test("resources are matched as the API server matches them", () => {
    const fits = (group: string, pattern: string, resource: string): boolean =>
        levels([{ level: "None", resources: [{ group, resources: [pattern] }] }, rest], { resource })[0] === "None";
    assert.ok(fits("", "secrets", "secrets"));
    assert.ok(fits("*", "*", "pods/exec"));
    assert.ok(fits("", "pods/*", "pods/exec"));
    assert.ok(fits("", "pods/*", "pods"));
    assert.ok(fits("", "*/exec", "pods/exec"));
    assert.ok(!fits("", "pods", "pods/exec"));
    assert.ok(!fits("", "*/scale", "pods/exec"));
    assert.ok(!fits("apps", "secrets", "secrets"));
});
