import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { planGuests, PlannedGuest } from "../../components/machines/libvirt/plan";
import { mib } from "../../infra/config/types";
import { Region } from "../../infra/region";
import { guestRegion, guestLock } from "../fixtures/guests";
import { clearMarks, recordResources, Registered, secretMark } from "./record";

interface Options {
    readonly dependsOn: readonly pulumi.Resource[];
    readonly opts: pulumi.CustomResourceOptions;
    readonly resource: pulumi.Resource;
}

let registered: Registered[];
let guests: readonly PlannedGuest[];
let preflight = "";
const options = new Map<string, Options>();
const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-graph-"));

const resolved = <T>(input: pulumi.Input<T>): Promise<T> =>
    new Promise((resolve) => pulumi.output(input).apply((value) => resolve(value as T)));

before(async () => {
    process.env["FJORD_HOME"] = home;
    registered = recordResources(false);
    const first = planGuests(guestRegion, guestLock.guestImages, {});
    assert.ok(first.ok);
    // A region whose first two workers exist, and whose third one is new.
    const previous = Object.fromEntries(
        first.guests
            .filter(({ machine }) => machine.name !== "worker-03")
            .map(({ machine, spec, system }) => [machine.name, { hypervisor: spec.hypervisor, system, diskGiB: spec.diskGiB }]),
    );
    const plan = planGuests(guestRegion, guestLock.guestImages, previous);
    assert.ok(plan.ok);
    ({ guests } = plan);
    const waiting: Promise<void>[] = [];
    const note: pulumi.ResourceTransformation = ({ name, opts, resource }) => {
        const noted = opts.dependsOn === undefined ? [] : opts.dependsOn;
        // Not awaited here: some of them are known only when the program is done.
        waiting.push(
            resolved(noted as pulumi.Input<pulumi.Resource[]>).then((dependsOn) => {
                options.set(name, { dependsOn: [dependsOn].flat(), opts, resource });
            }),
        );
        return undefined;
    };
    const argocdManifest = fs.readFileSync(path.join(__dirname, "../fixtures/platform/install.yaml"), "utf8");
    const trust = {
        sealingKeys: [{ name: "sealed-secrets-key-20260101", state: "active" as const, certificate: pulumi.output("certificate"), privateKey: pulumi.secret(secretMark) }],
        deployKey: pulumi.secret(secretMark),
    };
    const region = new Region("no-oslo-1", { config: guestRegion, lock: guestLock, argocdManifest, trust, guests }, { transformations: [note] });
    region.preflight.apply((text) => (preflight = text));
    await pulumi.runtime.disconnect();
    await Promise.all(waiting);
});

after(() => fs.rmSync(home, { recursive: true }));

function one(name: string): Options & Registered {
    const resource = registered.find((candidate) => candidate.name === name);
    const noted = options.get(name);
    assert.ok(resource && noted, `no resource is named ${name}: ${registered.map((each) => each.name).join(", ")}`);
    return { ...resource, ...noted };
}

const names = (resources: readonly pulumi.Resource[]): string[] =>
    resources
        .map((resource) => [...options].find(([, noted]) => noted.resource === resource)?.[0] ?? "?")
        .sort();

test("a guest is one resource on its hypervisor, made anew when its system changes, and never beside itself", () => {
    for (const { machine, spec, system } of guests) {
        const domain = one(`no-oslo-1-${machine.name}-domain`);
        assert.deepEqual(domain.inputs["triggers"], [system]);
        assert.equal(domain.opts.deleteBeforeReplace, true);
        assert.ok(names(domain.dependsOn).includes(`no-oslo-1-hypervisors-${spec.hypervisor}-debian-12`), names(domain.dependsOn).join());
    }
});

test("the preview says what a change does", () => {
    const { inputs } = one("no-oslo-1-worker-01");
    const { replaces, restarts, live } = inputs as Record<string, Record<string, unknown>>;
    assert.ok(replaces && restarts && live);
    assert.equal(restarts["memory"], mib(16384));
    assert.equal(live["diskGiB"], 160);
    assert.equal(replaces["imageSha256"], guestLock.guestImages?.["debian-12"]?.sha256);
});

test("whatever is done to a machine is done again when its system is another one", () => {
    for (const { machine, system } of guests) {
        const steps = registered.filter(
            ({ name, type }) =>
                type.startsWith("command:") && new RegExp(`^no-oslo-1-(nodes|cluster)-${machine.name}(-|$)`).test(name),
        );
        assert.ok(steps.length >= 10, `${steps.length} steps on ${machine.name}`);
        for (const { name, inputs } of steps) {
            assert.deepEqual(inputs["triggers"], [system], name);
        }
    }
    for (const { name, inputs } of registered.filter(({ name: at }) => /^no-oslo-1-nodes-cp-01-/.test(at))) {
        assert.equal(inputs["triggers"], undefined, `${name}: a server that existed has no incarnation`);
    }
});

test("a machine leaves before it is made anew, and what dies with it is not undone", () => {
    assert.equal(one("no-oslo-1-cluster-worker-01-leave").opts.deleteBeforeReplace, true);
    const giveBack = one("no-oslo-1-nodes-worker-01-give-back");
    assert.deepEqual(names([giveBack.opts.deletedWith as pulumi.Resource]), ["no-oslo-1-worker-01-domain"]);
});

test("workers that exist take turns; a new one waits for nobody", () => {
    const members = (name: string) => names(one(`no-oslo-1-${name}-domain`).dependsOn).filter((each) => each.includes("-cluster-"));
    assert.deepEqual(members("worker-01"), []);
    assert.deepEqual(members("worker-02"), ["no-oslo-1-cluster-worker-01"]);
    assert.deepEqual(members("worker-03"), []);
});

test("a machine waits for all preflights but those of later turns, which wait for it", () => {
    const waits = (name: string) =>
        names(one(`no-oslo-1-nodes-${name}-key`).dependsOn)
            .map((each) => /-nodes-(.*)-preflight$/.exec(each)?.[1])
            .filter((each) => each !== undefined);
    assert.deepEqual(waits("cp-01"), ["cp-01", "worker-03"]);
    assert.deepEqual(waits("worker-01"), ["cp-01", "worker-01", "worker-03"]);
    assert.deepEqual(waits("worker-02"), ["cp-01", "worker-01", "worker-02", "worker-03"]);
    assert.deepEqual(waits("worker-03"), ["cp-01", "worker-03"]);
});

test("the figures of the hypervisors come before those of the machines", () => {
    assert.match(preflight, /^hypervisors +hv-01 +hv-02\n(.*\n)*.*KVM.*usable +usable\n(.*\n)*\npreflight +cp-01 +worker-01/);
});

test("no secret of a guest is an input in clear", () => {
    assert.ok(JSON.stringify(registered.map(({ inputs }) => inputs)).includes(secretMark));
    const clear = registered.flatMap(({ name, inputs }) => clearMarks(inputs, name));
    assert.deepEqual(clear, []);
});
