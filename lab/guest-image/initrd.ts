import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../process";
import { initrdModules } from "./recipe";

const scriptFile = path.join(__dirname, "init.sh");

/** The script that is process 1 until the root file system is there. */
export const initScript = (): string => fs.readFileSync(scriptFile, "utf8");

/** Module files in what `modprobe --show-depends` prints, in the order in which they have to be loaded. Pure. */
export function moduleFiles(text: string): string[] {
    const files = [...text.matchAll(/^insmod (\S+)/gm)].map((match) => match[1] ?? "");
    return [...new Set(files)];
}

/**
 * Writes an initrd of a script, a shell and the few modules that it loads. A general one with udev takes an emulated CPU
 * many seconds to read, unpack and go through.
 */
export async function writeInitrd(root: string, kernel: string, file: string): Promise<void> {
    const work = `${file}.d`;
    for (const folder of ["bin", "dev", "modules", "proc", "root"]) {
        fs.mkdirSync(path.join(work, folder), { recursive: true });
    }
    fs.copyFileSync(scriptFile, path.join(work, "init"));
    fs.chmodSync(path.join(work, "init"), 0o755);
    fs.copyFileSync(path.join(root, "usr/bin/busybox"), path.join(work, "bin/busybox"));
    const modprobe = ["modprobe", "--show-depends", "--set-version", kernel, "--all", ...initrdModules];
    const depends = await run("chroot", [root, ...modprobe]);
    for (const [i, module] of moduleFiles(depends).entries()) {
        const target = path.join(work, "modules", `${String(i).padStart(2, "0")}-${path.basename(module)}`);
        fs.copyFileSync(path.join(root, module), target);
        if (target.endsWith(".xz")) {
            await run("xz", ["--decompress", target]);
        }
    }
    // Not compressed: it is two megabytes, and unpacking is what an emulated CPU is slow at.
    await run("sh", ["-c", 'cd "$1" && find . | sort | cpio --quiet -o -H newc >"$2"', "sh", work, file]);
    fs.rmSync(work, { recursive: true });
}
