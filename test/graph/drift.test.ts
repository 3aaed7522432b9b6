import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Nodes } from "../../components/nodes/nodes";
import { exampleLock, exampleMachines, exampleRegion } from "../unit/nodes/example";
import { clearMarks, recordResources, Registered, secretMark } from "./record";

let registered: Registered[];
const options = new Map<string, { readonly opts: pulumi.CustomResourceOptions; readonly resource: pulumi.Resource }>();

/** The same machines twice: with a drift key and without. */
before(async () => {
    registered = recordResources(false);
    const note: pulumi.ResourceTransformation = ({ name, opts, resource }) => {
        options.set(name, { opts, resource });
        return undefined;
    };
    const machines = exampleMachines.map((machine) => ({
        ...machine,
        connection: { ...machine.connection, args: { host: machine.nodeAddress, privateKey: pulumi.secret(secretMark) } },
    }));
    const args = { machines, lock: exampleLock, publicKey: "ssh-ed25519 AAAAstack" };
    new Nodes("plain", { ...args, region: exampleRegion });
    const ssh = { ...exampleRegion.ssh, driftKeys: ["ssh-ed25519 AAAAdrift job@ci"] };
    new Nodes("asked", { ...args, region: { ...exampleRegion, ssh } }, { transformations: [note] });
    await pulumi.runtime.disconnect();
});

/** Names of what a resource depends on. */
function waitsFor(name: string): readonly (string | undefined)[] {
    const on = [options.get(name)?.opts.dependsOn ?? []].flat();
    return on.map((each) => [...options].find(([, { resource }]) => resource === each)?.[0]);
}

const named = (prefix: string): Registered[] => registered.filter(({ name }) => name.startsWith(`${prefix}-`));
const textOf = (one: Registered | undefined): string => String(one?.inputs["stdin"]);

test("without drift keys a region has no drift step, and its other steps are those of a region with keys", () => {
    assert.deepEqual(named("plain").filter(({ name }) => name.includes("drift")), []);
    const others = named("asked").filter(({ name }) => !name.includes("drift"));
    assert.equal(others.length, named("plain").length);
    for (const { name } of named("plain").filter(({ type }) => type === "command:remote:Command")) {
        const other = others.find((one) => one.name === name.replace("plain", "asked"));
        assert.equal(textOf(other), textOf(registered.find((one) => one.name === name)), name);
    }
});

test("with a key every machine gets a drift step after its others, and one that ends it", () => {
    for (const { name } of exampleMachines) {
        assert.ok(registered.some((one) => one.name === `asked-${name}-drift`));
        assert.deepEqual(waitsFor(`asked-${name}-drift`), [`asked-${name}-images`, `asked-${name}-drift-end`]);
        assert.deepEqual(waitsFor(`asked-${name}-drift-end`), [`asked-${name}-give-back`]);
        // A machine that leaves may be gone: giving it back is then all that is done, and that takes it.
        const deletedWith = options.get(`asked-${name}-drift-end`)?.opts.deletedWith;
        assert.equal(deletedWith, options.get(`asked-${name}-give-back`)?.resource);
        const end = registered.find((one) => one.name === `asked-${name}-drift-end`);
        assert.equal(end?.inputs["create"], ":");
        assert.match(String(end.inputs["delete"]), /^node .* components\/nodes\/drift-end\.ts$/);
    }
});

test("the drift step holds the job's key without its comment, the stack's key, and nothing secret", () => {
    const steps = named("asked").filter(({ name }) => name.endsWith("-drift"));
    assert.equal(steps.length, exampleMachines.length);
    for (const step of steps) {
        assert.match(textOf(step), /declare -ra KEYS=\('ssh-ed25519 AAAAdrift'\)/);
        assert.match(textOf(step), /ssh-ed25519 AAAAstack fjord:no-oslo-1/);
        assert.equal(typeof step.inputs["stdin"], "string", "it is no secret, so that a preview can show it");
        assert.doesNotMatch(textOf(step), /PRIVATE KEY/);
    }
    assert.deepEqual(named("asked").flatMap(({ name, inputs }) => clearMarks(inputs).map((place) => name + place)), []);
});
