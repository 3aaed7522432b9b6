import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { makeGuests } from "../../components/machines/libvirt/guests";
import { planGuests, PlannedGuest } from "../../components/machines/libvirt/plan";
import { Turns } from "../../components/machines/libvirt/turns";
import { mib, RegionConfig } from "../../infra/config/types";
import { GuestTask } from "../../components/machines/libvirt/guest-task";
import { TidyTask } from "../../components/machines/libvirt/tidy-step";
import { Region } from "../../infra/region";
import { guestRegion, guestLock } from "../fixtures/guests";
import { clearMarks, recordResources, Registered, secretMark } from "./record";

interface Options {
    readonly dependsOn: readonly pulumi.Resource[];
    readonly opts: pulumi.CustomResourceOptions;
    readonly resource: pulumi.Resource;
}

/** The region of the fixtures, with one more hypervisor that is too small for any guest. */
const region: RegionConfig = {
    ...guestRegion,
    hypervisors: [
        ...guestRegion.hypervisors,
        { ...guestRegion.hypervisors[0]!, name: "hv-03", capacity: { vcpus: 1, memory: mib(1024), diskGiB: 10 } },
    ],
};
const none = { privateKey: pulumi.output(""), publicKey: pulumi.output("") };

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
    const first = planGuests(region, guestLock.guestImages, {});
    assert.ok(first.ok);
    // A region whose first two workers exist, and whose third one is new.
    const previous = Object.fromEntries(
        first.guests
            .filter(({ machine }) => machine.name !== "worker-03")
            .map(({ machine, spec, system }) => [machine.name, { hypervisor: spec.hypervisor, system, diskGiB: spec.diskGiB }]),
    );
    const plan = planGuests(region, guestLock.guestImages, previous);
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
    const made = new Region("no-oslo-1", { config: region, lock: guestLock, argocdManifest, trust, guests }, { transformations: [note] });
    makeGuests("empty", { region, lock: guestLock, guests: [], operator: { kind: "agent" }, stackKey: none, turns: new Turns([]) }, { transformations: [note] });
    made.preflight.apply((text) => (preflight = text));
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
    assert.match(preflight, /^hypervisors +hv-01 +hv-02 +hv-03\n(.*\n)*.*KVM.*usable +usable +usable\n(.*\n)*\npreflight +cp-01 +worker-01/);
});

test("a guest that is left on a hypervisor and that nobody wants is a warning of the report", () => {
    assert.match(preflight, /^warn hv-01: guests nobody wants is no-oslo-1-worker-09, should be/m);
});

test("every hypervisor is tidied, with or without guests, and once more when it leaves, after its guests have", () => {
    for (const [name, hypervisors] of [["no-oslo-1", ["hv-01", "hv-02", "hv-03"]], ["empty", ["hv-01", "hv-02", "hv-03"]]] as const) {
        for (const hypervisor of hypervisors) {
            const step = `${name}-hypervisors-${hypervisor}`;
            assert.deepEqual(names(one(`${step}-pool`).dependsOn), [`${step}-tidy`]);
            const { inputs } = one(`${step}-tidy`);
            assert.equal(inputs["create"], ":");
            assert.match(String(inputs["delete"]), /libvirt\/tidy\.ts$/);
            const task = JSON.parse(String(inputs["stdin"])) as TidyTask;
            assert.deepEqual(task.params, { REGION: "no-oslo-1", POOL: "/var/lib/libvirt/images/fjord", WANTED: [], KEEP: [], GRACE: 0 });
            assert.equal(path.isAbsolute(task.script), false, "another checkout is no change");
            assert.ok(fs.existsSync(path.join(__dirname, "../..", task.script)));
        }
    }
    assert.match(String(one("no-oslo-1-hypervisors-hv-03-pool").inputs["stdin"]), /^declare -ra WANTED=\(\)$/m);
    for (const { machine, spec } of guests) {
        const image = `no-oslo-1-hypervisors-${spec.hypervisor}-${machine.image}`;
        assert.deepEqual(names(one(image).dependsOn), [`no-oslo-1-hypervisors-${spec.hypervisor}-pool`]);
    }
});

test("a hypervisor that is another server, or that another person reaches, is reached as the stack says now", () => {
    const steps = registered.filter(({ name, type }) => type === "command:remote:Command" && name.startsWith("no-oslo-1-hypervisors-"));
    assert.ok(steps.length >= 8, `${steps.length} steps`);
    for (const { name } of steps) {
        assert.deepEqual(one(name).opts.ignoreChanges ?? [], [], name);
    }
});

test("a guest's step knows how to put its base back", () => {
    const task = JSON.parse((one("no-oslo-1-worker-01-domain").inputs["stdin"] as { value: string }).value) as GuestTask;
    assert.equal(task.base.params["SHA256"], guestLock.guestImages?.["debian-12"]?.sha256);
});

test("no secret of a guest is an input in clear", () => {
    assert.ok(JSON.stringify(registered.map(({ inputs }) => inputs)).includes(secretMark));
    const clear = registered.flatMap(({ name, inputs }) => clearMarks(inputs, name));
    assert.deepEqual(clear, []);
});
