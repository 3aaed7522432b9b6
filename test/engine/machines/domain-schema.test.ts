import assert from "node:assert/strict";
import * as fs from "node:fs";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { DomainSpec, domainXml } from "../../../components/machines/libvirt/domain";
import { anyGuest, exampleGuest } from "../../unit/machines/guests";
import { PrivateRoot } from "./private-root";

/** The schema that `virsh define --validate` checks with, as libvirt installs it. */
const schema = "/usr/share/libvirt/schemas/domain.rng";

/** How many definitions of each shape are checked. */
const each = 20;

/** Everything that makes a definition longer or shorter, in all combinations. */
const shapes = (["kvm", "emulation"] as const).flatMap((acceleration) =>
    [true, false].flatMap((seed) =>
        [{}, { iopsSec: 5000 }, { bytesSec: 2 ** 30 }, { iopsSec: 1, bytesSec: 1 }].map((io) => ({
            acceleration,
            seed,
            io,
        })),
    ),
);

let root: PrivateRoot;
before(async () => {
    root = await PrivateRoot.start();
    fs.mkdirSync(root.file("/run/domains"));
});
after(async () => root?.stop());

let written = 0;

/** Makes a file of a definition, and gives its name in the root. */
function write(xml: string): string {
    const file = `/run/domains/${(written += 1)}.xml`;
    fs.writeFileSync(root.file(file), xml);
    return file;
}

/** What libvirt says about each file that is not valid. Its test driver takes guests of every kind, and starts none. */
function validate(files: readonly string[]): string {
    const { stdout, stderr } = root.enter([
        "virsh",
        "-c",
        "test:///default",
        files.map((file) => `define --validate ${file}`).join(";"),
    ]);
    const judged = [...stdout.matchAll(/ defined from (.*)$/gm), ...stderr.matchAll(/^error: Failed to define domain from (.*)$/gm)];
    assert.deepEqual(judged.map(([, file]) => file).sort(), [...files].sort(), stderr);
    return stderr.trim();
}

test("the schema is installed", () => {
    assert.ok(root.exists(schema), `${schema} is missing in the root file system of the lab's hypervisor`);
});

test("libvirt's schema takes the definition of every guest", () => {
    const specs: readonly DomainSpec[] = shapes.flatMap((shape) =>
        fc.sample(anyGuest, each).map((guest) => ({ ...guest, ...shape })),
    );
    const byFile = new Map(specs.map((one) => [write(domainXml(one)), one]));
    const complaints = validate([...byFile.keys()]);
    const bad = [...byFile].find(([file]) => complaints.includes(file));
    assert.equal(complaints, "", `${complaints}\nfirst one: ${JSON.stringify(bad?.[1])}`);
});

test("the schema refuses what is not libvirt's, so that passing means something", () => {
    const good = domainXml({ ...exampleGuest, seed: true });
    const broken = [
        good.replace("cache='none'", "cache='never'"),
        good.replace("</vcpu>", "</vcpus>").replace("<vcpu ", "<vcpus "),
        good.replace("unit='MiB'", "unit='MebiByte'"),
    ];
    for (const xml of broken) {
        assert.notEqual(xml, good);
        assert.match(validate([write(xml)]), /failed to validate against schema/);
    }
    assert.equal(validate([write(good)]), "");
});
