import assert from "node:assert/strict";
import { test } from "node:test";
import { fixedProblems, fixedSettings } from "../../../infra/fixed-settings";
import { region } from "../../fixtures/platform/region";

const written = JSON.parse(JSON.stringify(fixedSettings(region))) as Readonly<Record<string, unknown>>;

test("a region that is as it was, and machines that come and go, are no problem", () => {
    assert.deepEqual(fixedProblems(region, written), []);
    const [first] = region.machines;
    assert.ok(first);
    assert.deepEqual(fixedProblems({ ...region, machines: [first, { ...first, name: "cp-02" }] }, written), []);
});

test("a stack that has no such output yet, or an older one, may have any values", () => {
    for (const previous of [undefined, null, "text", [], {}, { roles: "text" }, { roles: { "cp-01": null } }]) {
        assert.deepEqual(fixedProblems(region, previous), [], JSON.stringify(previous));
    }
    const { podCidr: _, ...older } = written;
    assert.deepEqual(fixedProblems({ ...region, kubernetes: { ...region.kubernetes, podCidr: "10.1.0.0/16" } }, older), []);
});

const rows: readonly (readonly [was: Readonly<Record<string, unknown>>, path: string, message: RegExp, fix: RegExp])[] = [
    [{ name: "old" }, "fjord:name", /is no-oslo-1 and was old/, /put it back: old; .*fresh region/],
    [{ domain: "old.node" }, "fjord:domain", /is osl.node and was old.node/, /put it back: old.node/],
    [{ podCidr: "10.1.0.0/16" }, "fjord:kubernetes.podCidr", /is 10.244.0.0\/16 and was 10.1.0.0\/16/, /put it back/],
    [{ serviceCidr: "10.2.0.0/16" }, "fjord:kubernetes.serviceCidr", /is 10.96.0.0\/12 and was 10.2.0.0\/16/, /put it back/],
    [{ apiName: "old.osl.node" }, "fjord:kubernetes.apiName", /is api.osl.node and was old.osl.node/, /put it back/],
    [{ loadBalancerPort: 7443 }, "fjord:kubernetes.loadBalancerPort", /is 8443 and was 7443/, /put it back: 7443/],
    [
        { roles: { "cp-01": "control-plane", "worker-01": "control-plane" } },
        "fjord:machines (worker-01).role",
        /is worker and was control-plane/,
        /put it back: control-plane; .*out: true/,
    ],
];
for (const [was, path, message, fix] of rows) {
    test(`another ${path} is refused, with what it was and what to do`, () => {
        const [problem, ...others] = fixedProblems(region, { ...written, ...was });
        assert.deepEqual(others, []);
        assert.equal(problem?.path, path);
        assert.match(problem.message, message);
        assert.match(problem.fix, fix);
    });
}

test("every problem is reported at once, and none is left out of the table", () => {
    const all = rows.reduce((previous, [was]) => ({ ...previous, ...was }), written);
    assert.deepEqual(
        fixedProblems(region, all).map(({ path }) => path),
        rows.map(([, path]) => path),
    );
    assert.deepEqual(Object.keys(written), rows.map(([was]) => Object.keys(was)[0]));
});
