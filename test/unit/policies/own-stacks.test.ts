import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { clusterSpec } from "../../../components/cluster/cluster";
import { publishedCluster } from "../../../components/cluster/published";
import { classes } from "../../../components/machines/libvirt/change";
import { planGuests, PlannedGuest } from "../../../components/machines/libvirt/plan";
import { Machine } from "../../../components/machines/machine";
import { publishedNode } from "../../../components/nodes/published";
import { publishedTrust } from "../../../components/trust/published";
import { loadStackConfig } from "../../../infra/config/load";
import { Lock } from "../../../infra/config/lock";
import { readLock } from "../../../infra/config/lock-file";
import { readStackFile } from "../../../infra/config/stack-file";
import { RegionConfig, StackConfig } from "../../../infra/config/types";
import { publishedRegion } from "../../../infra/published";
import { applyExceptions, dayOf, Exception, parseExceptions } from "../../../policies/exceptions";
import { catalogue } from "../../../policies/rules/catalogue";
import { judge } from "../../../policies/rules/core/judge";
import { formatPath } from "../../../policies/rules/core/opaque";
import { blocks } from "../../../policies/rules/core/rule";
import { ResourceSubject } from "../../../policies/rules/core/subject";
import { resource } from "../../fixtures/policies/region";
import { directory, project } from "../config/fixtures";
import { exampleMachine } from "../nodes/example";

/**
 * The stacks that are in the repository keep the rules, or an exception says why not. What is published is computed from
 * their files; the keys of packages, and the digests that `npm run lock` resolves where the registries answer, are made
 * up (test/fixtures/config), so the names and hosts of the lock are the repository's own and its sums are not.
 */
const today = dayOf(new Date());

function load(stack: string): StackConfig {
    const loaded = loadStackConfig(readStackFile(path.join(project, `stacks/Pulumi.${stack}.yaml`)), { stack, directory });
    assert.ok(loaded.ok, loaded.ok ? "" : JSON.stringify(loaded.problems, undefined, 1));
    return loaded.config;
}

function placed(region: RegionConfig, lock: Lock): readonly PlannedGuest[] {
    const plan = planGuests(region, lock.guestImages, {});
    assert.ok(plan.ok, plan.ok ? "" : plan.problems.join("\n"));
    return plan.guests;
}

/** What a region publishes of itself, under the names that the program gives. */
function regionSubjects(region: RegionConfig): readonly ResourceSubject[] {
    const { name, domain } = region;
    const lock = readLock(path.join(directory, region.lock));
    const guests = region.machines.some(({ kind }) => kind === "libvirt") ? placed(region, lock) : [];
    const machines = region.machines.map(
        ({ plan, labels, taints, ...machine }): Machine => ({
            ...exampleMachine(machine.name, machine.role, machine.nodeAddress),
            fqdn: `${machine.name}.${domain}`,
            plan,
            labels,
            taints,
        }),
    );
    return [
        resource("fjord:index:Region", name, publishedRegion(region, lock, guests)),
        resource("fjord:cluster:Cluster", `${name}-cluster`, publishedCluster(clusterSpec(region, lock), machines)),
        ...machines.map((machine) =>
            resource("fjord:nodes:Node", `${name}-nodes-${machine.name}`, publishedNode({ machine, machines, region, lock })),
        ),
        ...guests.map(({ spec }) => resource("fjord:machines:Guest", `${name}-${spec.name}`, classes(spec))),
    ];
}

function subjectsOf(stack: string): readonly ResourceSubject[] {
    const config = load(stack);
    return config.kind === "trust" ? [resource("fjord:trust:Trust", "trust", publishedTrust(config))] : regionSubjects(config);
}

function exceptions(): readonly Exception[] {
    const file = "policies/exceptions.yaml";
    const parsed = parseExceptions(fs.readFileSync(path.join(project, file), "utf8"), { file, rules: catalogue, today });
    assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.problems, undefined, 1));
    return parsed.exceptions;
}

const findingsOf = (stack: string) =>
    judge(catalogue, subjectsOf(stack), today).findings.map((finding) => ({ ...finding, stack }));

const stacks = ["trust", "no-oslo-1", "no-bergen-1"] as const;

for (const stack of stacks) {
    test(`nothing of the stack ${stack} would block a review`, () => {
        const { open } = applyExceptions(findingsOf(stack), exceptions(), today);
        const blocking = open.filter(({ rule, outcome }) => outcome === "cannot-tell" || blocks(rule.severity));
        assert.deepEqual(
            blocking.map(({ rule, subject, at, message }) => `${rule.id} ${subject.id} ${formatPath(at)} ${message}`),
            [],
        );
    });
}

test("every exception that names one of these stacks is needed by it", () => {
    const findings = stacks.flatMap(findingsOf);
    const own = exceptions().filter(({ stack }) => stacks.some((name) => name === stack));
    const { unused, excepted } = applyExceptions(findings, own, today, { stacks, folders: [] });
    assert.deepEqual(unused.map(({ rule, stack, resource: id }) => `${rule} ${stack} ${id}`), []);
    assert.ok(excepted.length > 0);
});
