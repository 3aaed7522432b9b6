import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { TestContext } from "node:test";
import type { Lock } from "../../../infra/config/lock";
import type { RegionInput } from "../../../infra/config/schema/region";
import { guestImageAt, guestImageName } from "../../../lab/services/files";
import { changes, type TestRegion } from "../test-region";
import { larger, onGuest, remains } from "./guest";

/** The second worker of the region: as the first, at the next address. */
const second = "worker-02";

/** The region as the part before left it, with another list of guests. */
const withGuests = (edit: (first: RegionInput["machines"][number]) => readonly RegionInput["machines"][number][]) => (input: RegionInput): RegionInput => ({
    ...larger(input),
    machines: input.machines.flatMap((machine) => (machine.kind === "libvirt" ? edit(machine) : [machine])),
});

async function expectReady(region: TestRegion, name: string): Promise<void> {
    assert.match(await region.kubectl("get", "nodes"), new RegExp(`^${name}\\S+ +Ready`, "m"));
}

/** What would differ if anybody had touched the first worker: its boot, and the node's own identity. */
async function firstWorker(region: TestRegion): Promise<string> {
    const boot = await onGuest(region, "cat /proc/sys/kernel/random/boot_id");
    const uid = await region.kubectl("get", "node", "worker-01.lab.node", "-o", "jsonpath={.metadata.uid} {.spec.unschedulable}");
    return `${boot.trim()} ${uid.trim()}`;
}

const summary = (output: string): string => JSON.stringify(changes(output));

/** What a preview with `--diff` does to each resource, by its name. */
const previewed = (text: string): ReadonlyMap<string, string> =>
    new Map([...text.matchAll(/\((create|update|replace|delete)\)[^\n]*\n(?: *\[id=[^\n]*\n)? *\[urn=[^\]]*::([^\]:]+)\]/g)].map(([, verb = "", name = ""]) => [name, verb]));

/** The only steps of other machines that name every machine of the region: their hosts file and their firewall. */
const namesEverybody = /-(adopt|firewall)$/;

/** Previews and runs; the first worker may get another address into its hosts file and firewall, and nothing else. */
async function without(region: TestRegion, change: () => Promise<void>): Promise<{ readonly steps: ReadonlyMap<string, string>; readonly preview: string; readonly output: string; readonly seconds: number }> {
    const before = await firstWorker(region);
    await change();
    const preview = await region.preview();
    const steps = previewed(preview.output);
    for (const [name, verb] of steps) {
        assert.ok(!name.includes("worker-01") || (verb === "update" && namesEverybody.test(name)), `${verb} ${name}`);
    }
    const { output, seconds } = await region.up();
    assert.equal(await firstWorker(region), before, "the first worker has not noticed");
    return { steps, preview: preview.output, output, seconds };
}

/** One more worker is made and joins; the first one is left alone. */
export async function guestAdded(t: TestContext, region: TestRegion): Promise<void> {
    const { steps, preview, output, seconds } = await without(region, () => region.configure(withGuests(two())));
    assert.equal(steps.get("guest-worker-02-domain"), "create");
    await expectReady(region, second);
    t.diagnostic(`a second guest joined in ${seconds.toFixed(0)} s: preview ${summary(preview)}, up ${summary(output)}; the first: nothing`);
}

const two = (image?: string) => (first: RegionInput["machines"][number]): readonly RegionInput["machines"][number][] =>
    first.kind === "libvirt"
        ? [first, { ...first, name: second, address: first.address.replace(/\d+$/, "22"), ...(image !== undefined && { image }) }]
        : [first];

/** Another image of the same system: other bytes, and so another checksum. Gives its name. */
function anotherImage(region: TestRegion): { readonly name: string; readonly url: string } {
    const lock = JSON.parse(fs.readFileSync(region.made.lockFile, "utf8")) as Lock;
    const known = lock.guestImages?.[guestImageName];
    assert.ok(known);
    const folder = path.join(region.lab.dir, "files", "images");
    // What lies behind the last cluster of a qcow2 file means nothing to QEMU.
    const bytes = Buffer.concat([fs.readFileSync(path.join(folder, `${known.sha256}.qcow2`)), Buffer.alloc(65_536)]);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    fs.writeFileSync(path.join(folder, `${sha256}.qcow2`), bytes);
    const name = `${guestImageName}-b`;
    const url = guestImageAt(region.lab, { sha256 });
    const guestImages = { ...lock.guestImages, [name]: { url, sha256, bytes: bytes.length } };
    fs.writeFileSync(region.made.lockFile, JSON.stringify({ ...lock, guestImages }));
    return { name, url };
}

/** Another image makes the second worker anew, after it has left; the first one is left alone. */
export async function imageChanged(t: TestContext, region: TestRegion): Promise<void> {
    const uid = await region.kubectl("get", "node", "worker-02.lab.node", "-o", "jsonpath={.metadata.uid}");
    const image = anotherImage(region);
    const { steps, preview, output, seconds } = await without(region, () =>
        region.configure((input) => ({ ...withGuests(two(image.name))(input), images: [...(input.images ?? []), image] })),
    );
    assert.match(preview, /imageSha256/);
    assert.equal(steps.get("guest-worker-02-domain"), "replace");
    await expectReady(region, second);
    assert.notEqual(await region.kubectl("get", "node", "worker-02.lab.node", "-o", "jsonpath={.metadata.uid}"), uid, "it is another node");
    t.diagnostic(`another image: made anew and joined in ${seconds.toFixed(0)} s: preview ${summary(preview)}, up ${summary(output)}; the first: nothing`);
}

/** The second worker leaves; the first one is left alone. */
export async function guestRemoved(t: TestContext, region: TestRegion): Promise<void> {
    const { steps, preview, output, seconds } = await without(region, () => region.configure(larger));
    assert.equal(steps.get("guest-worker-02-domain"), "delete");
    assert.doesNotMatch(await remains(region), /worker-02/);
    assert.doesNotMatch(await region.kubectl("get", "nodes"), /worker-02/);
    t.diagnostic(`the second guest left in ${seconds.toFixed(0)} s: preview ${summary(preview)}, up ${summary(output)}; the first: nothing`);
}
