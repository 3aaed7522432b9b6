import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { distributionPackages } from "../../../components/nodes/apt";
import { kernelArguments, loaderFiles, planDisk, rootLabel, sfdiskScript } from "../../../lab/guest-image/disk";
import { initScript, moduleFiles } from "../../../lab/guest-image/initrd";
import * as recipe from "../../../lab/guest-image/recipe";
import { guestImageUrl } from "../../../infra/config/lock";
import { planLab } from "../../../lab/plan";
import { filesUrl, serveGuestImage } from "../../../lab/services/files";

test("partitions lie one after the other, within both copies of the table, the root file system's last", () => {
    fc.assert(
        fc.property(fc.integer({ min: 33, max: 1024 }), fc.integer({ min: 1, max: 100_000 }), (espMiB, rootMiB) => {
            const disk = planDisk(espMiB + rootMiB + 2, espMiB);
            assert.deepEqual(
                [disk.esp.startMiB, disk.esp.sizeMiB, disk.root.startMiB, disk.root.sizeMiB],
                [1, espMiB, 1 + espMiB, rootMiB],
            );
            assert.ok(disk.root.startMiB + disk.root.sizeMiB < disk.sizeMiB);
        }),
    );
    assert.throws(() => planDisk(129, 127), /a disk of 129 MiB has no place for a root file system beside 127 MiB/);
});

test("the partition table", () => {
    assert.equal(
        sfdiskScript(planDisk(2048, 127)),
        "label: gpt\n" +
            'start=1MiB, size=127MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="esp"\n' +
            'start=128MiB, size=1919MiB, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name="root"\n',
    );
});

test("the boot loader starts the one kernel at once, and its console is the serial port", () => {
    assert.deepEqual(loaderFiles, {
        "loader/loader.conf": "default lab.conf\ntimeout 0\neditor no\n",
        "loader/entries/lab.conf": `title Debian\nlinux /vmlinuz\ninitrd /initrd.img\noptions ${kernelArguments.join(" ")}\n`,
    });
    assert.ok(kernelArguments.includes("console=ttyS0"));
    // A clock that leaves the guest for every look at it slows an emulated guest down.
    assert.ok(kernelArguments.includes("tsc=reliable"));
});

test("kernel and fstab look for the root file system under the label it is made with", () => {
    assert.ok(kernelArguments.includes(`root=LABEL=${rootLabel}`));
    assert.ok(recipe.imageFiles["/etc/fstab"]?.startsWith(`LABEL=${rootLabel} / ext4 `));
    assert.ok(rootLabel.length <= 16, "ext4 keeps 16 bytes");
});

test("the initrd loads what is no part of the kernel, each module once and after what it needs", () => {
    const text = [
        "builtin virtio_pci",
        "insmod /lib/modules/6.12/kernel/block/ring.ko.xz ",
        "insmod /lib/modules/6.12/kernel/block/virtio_blk.ko.xz ",
        "insmod /lib/modules/6.12/kernel/block/ring.ko.xz ",
        "builtin ext4",
    ].join("\n");
    assert.deepEqual(
        moduleFiles(text).map((file) => path.basename(file)),
        ["ring.ko.xz", "virtio_blk.ko.xz"],
    );
    assert.deepEqual(moduleFiles("builtin ext4\n"), []);
});

test("the initrd hands over to the system's own init, and says what it misses", () => {
    const script = initScript();
    assert.match(script, /^#!\/bin\/busybox sh\n/);
    assert.match(script, /exec \$busybox switch_root \/root \/sbin\/init\n$/);
    assert.match(script, /echo "initrd: no file system \$root after 30 s/);
    assert.ok(recipe.packages.includes("busybox-static"));
});

test("the image has what a node installs from Debian, what a cloud image has, and each once", () => {
    const { packages } = recipe;
    assert.equal(new Set(packages).size, packages.length);
    const needed = ["cloud-init", "cloud-guest-utils", "qemu-guest-agent", "openssh-server", "sudo", "curl", "ca-certificates"];
    for (const name of [...distributionPackages, ...needed]) {
        assert.ok(packages.includes(name), name);
    }
});

test("nothing is masked that is also switched on, and the console of a container is not the guest's", () => {
    assert.deepEqual(
        recipe.masked.filter((unit) => [...recipe.enabled, ...recipe.disabled].includes(unit)),
        [],
    );
    assert.ok(recipe.masked.includes("apt-daily.timer") && recipe.masked.includes("fstrim.timer"));
});

test("cloud-init looks at seeds only, and leaves the package sources to the region", () => {
    assert.equal(
        recipe.imageFiles["/etc/cloud/cloud.cfg.d/99-lab.cfg"],
        `datasource_list: [NoCloud]
system_info:
  network:
    renderers: [networkd]
apt:
  preserve_sources_list: true
locale: false
no_ssh_fingerprints: true
ssh:
  emit_keys_to_console: false
`,
    );
});

test("the mirror serves the image from the cache, under a name of its content, and forgets the one before", (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const image = (text: string, sha256: string): { file: string; sha256: string } => {
        const file = path.join(dir, `${text}.qcow2`);
        fs.writeFileSync(file, text);
        return { file, sha256 };
    };
    const lab = planLab({ name: "files", labsDir: dir });
    serveGuestImage(lab, image("old", "a".repeat(64)));
    const served = serveGuestImage(lab, image("new", "b".repeat(64)));
    const below = `images/${"b".repeat(64)}.qcow2`;
    assert.deepEqual(served, { url: `${filesUrl(lab)}${below}`, sha256: "b".repeat(64), bytes: 3 });
    // Where the program looks for it on a region's mirror.
    assert.equal(guestImageUrl(served, filesUrl(lab)), served.url);
    assert.equal(fs.readFileSync(path.join(lab.dir, "files", below), "utf8"), "new");
    assert.deepEqual(fs.readdirSync(path.join(lab.dir, "files/images")), [path.basename(below)]);
});
