import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { installTools, type Tools } from "../host";
import { run, type Progress, type RunOptions } from "../process";
import { dpkgOptions } from "../rootfs";
import { loaderFiles, planDisk, rootLabel, sfdiskScript, type Disk } from "./disk";
import { initScript, writeInitrd } from "./initrd";
import { disabled, enabled, guestDebian, imageFiles, initrdModules, masked, packages, removed } from "./recipe";

/** A bootable image for guests. */
export interface GuestImage {
    /** qcow2. */
    readonly file: string;
    /** Hex sha256 of its bytes. */
    readonly sha256: string;
}

/** What only the image's build calls, on the machine that builds it. */
const tools: Tools = {
    mmdebstrap: "mmdebstrap",
    mke2fs: "e2fsprogs",
    sfdisk: "fdisk",
    mformat: "mtools",
    mcopy: "mtools",
    "qemu-img": "qemu-utils",
    cpio: "cpio",
    xz: "xz-utils",
};

/** Large enough for the system and little else: a guest's own disk is larger, and is grown into at its first boot. */
const disk = planDisk(2048, 127);

/** The boot loader, where its package has it and where firmware looks for it. */
const loader = { from: "usr/lib/systemd/boot/efi/systemd-bootx64.efi", to: "EFI/BOOT/BOOTX64.EFI" } as const;

/** Key of everything that goes into the image. */
export function guestImageKey(): string {
    const made = { guestDebian, packages, disabled, enabled, masked, imageFiles, removed };
    const boot = { disk, loaderFiles, loader, initrdModules, initScript: initScript() };
    const inputs = { ...made, ...boot, dpkgOptions, recipe: 1 };
    return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

/** A build that nobody waits for yields to whatever else the machine does. */
const gently = (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> =>
    run("nice", ["-n", "10", command, ...args], options);

function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
        const file = path.join(root, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
    }
}

async function installSystem(root: string): Promise<void> {
    const args = [
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        '--aptopt=Acquire::Languages "none"',
        ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
        `--include=${packages.join(",")}`,
        guestDebian.codename,
        root,
    ];
    // The kernel's package need not make an initrd: the image has one of its own.
    await gently("mmdebstrap", args, { env: { INITRD: "No" } });
}

async function customize(root: string): Promise<void> {
    for (const file of removed) {
        fs.rmSync(path.join(root, file), { force: true });
    }
    writeFiles(root, imageFiles);
    const systemctl = (verb: string, units: readonly string[]): Promise<string> =>
        run("chroot", [root, "systemctl", "--quiet", verb, ...units]);
    await systemctl("disable", disabled);
    await systemctl("enable", enabled);
    await systemctl("mask", masked);
    fs.symlinkSync("../run/systemd/resolve/stub-resolv.conf", path.join(root, "etc/resolv.conf"));
    const keys = path.join(root, "etc/ssh");
    for (const file of fs.readdirSync(keys).filter((name) => name.startsWith("ssh_host_"))) {
        fs.rmSync(path.join(keys, file));
    }
}

/** Puts the boot loader, the kernel and its initrd into a folder, laid out as on the ESP. */
async function collectBoot(root: string, esp: string): Promise<void> {
    writeFiles(esp, loaderFiles);
    fs.mkdirSync(path.dirname(path.join(esp, loader.to)), { recursive: true });
    fs.copyFileSync(path.join(root, loader.from), path.join(esp, loader.to));
    const boot = path.join(root, "boot");
    const [kernel, ...others] = fs.readdirSync(boot).filter((name) => name.startsWith("vmlinuz-"));
    if (kernel === undefined || others.length > 0) {
        throw new Error(`the guests' image needs one kernel, and has in /boot: ${fs.readdirSync(boot).join(", ")}`);
    }
    await writeInitrd(root, kernel.slice("vmlinuz-".length), path.join(esp, "initrd.img"));
    // Moved: the guest boots from the ESP, and has no use for it twice.
    fs.renameSync(path.join(boot, kernel), path.join(esp, "vmlinuz"));
}

/** Writes a disk without mounting it: every tool is told where in the file its partition begins. */
async function writeDisk(
    raw: string,
    { sizeMiB, esp, root }: Disk,
    folders: { readonly esp: string; readonly root: string },
): Promise<void> {
    fs.writeFileSync(raw, "");
    fs.truncateSync(raw, sizeMiB * 2 ** 20);
    await gently("sfdisk", ["--quiet", raw], { input: sfdiskScript({ sizeMiB, esp, root }) });
    const image = `${raw}@@${esp.startMiB}M`;
    await gently("mformat", ["-i", image, "-F", "-T", String(esp.sizeMiB * 2048), "-v", "ESP", "::"]);
    const entries = fs.readdirSync(folders.esp).map((name) => path.join(folders.esp, name));
    await gently("mcopy", ["-i", image, "-s", ...entries, "::"]);
    const size = `${root.sizeMiB * 1024}k`;
    const offset = root.startMiB * 2 ** 20;
    const ext4 = ["-t", "ext4", "-L", rootLabel, "-E", `offset=${offset}`];
    await gently("mke2fs", ["-q", "-F", ...ext4, "-d", folders.root, raw, size]);
}

async function sha256Of(file: string): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(fs.createReadStream(file), hash);
    return hash.digest("hex");
}

/**
 * The Debian cloud image of the lab's guests, built once for this machine and kept in `<cacheDir>/guest-images/<key>`.
 * It boots under UEFI and takes user, keys, host keys and network from a NoCloud seed, as Debian's own does.
 */
export async function ensureGuestImage(cacheDir: string, progress: Progress): Promise<GuestImage> {
    const dir = path.join(cacheDir, "guest-images", guestImageKey());
    const name = `debian-${guestDebian.version}.qcow2`;
    const record = path.join(dir, "sha256");
    if (!fs.existsSync(dir)) {
        await installTools(tools, progress);
        fs.mkdirSync(path.dirname(dir), { recursive: true });
        const building = `${dir}.${randomBytes(4).toString("hex")}`;
        const at = (part: string): string => path.join(building, part);
        fs.mkdirSync(at("finished"), { recursive: true });
        try {
            progress(`installing Debian ${guestDebian.version} for the guests' image (a minute or two)`);
            await installSystem(at("root"));
            await customize(at("root"));
            await collectBoot(at("root"), at("esp"));
            progress("writing the guests' image");
            await writeDisk(at("raw"), disk, { esp: at("esp"), root: at("root") });
            const file = at(`finished/${name}`);
            await gently("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", at("raw"), file]);
            fs.writeFileSync(at("finished/sha256"), await sha256Of(file));
            fs.chmodSync(file, 0o444);
            fs.renameSync(at("finished"), dir);
        } catch (error) {
            if (!fs.existsSync(dir)) {
                throw error;
            }
        } finally {
            fs.rmSync(building, { recursive: true, force: true });
        }
    }
    return { file: path.join(dir, name), sha256: fs.readFileSync(record, "utf8") };
}
