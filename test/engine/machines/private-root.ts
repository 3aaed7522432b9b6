import assert from "node:assert/strict";
import { ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { hypervisorServer } from "../../../lab/hypervisor";
import { ensureRootfs } from "../../../lab/rootfs";
import { cacheRoot } from "../../../lab/toolchain/paths";

/** How something that ran in the root ended. */
export interface Outcome {
    /** Null where it was killed. */
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** Nothing of this machine's environment is seen inside. Commands in /usr/local/sbin stand before those of packages. */
const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" };

/**
 * Run in new namespaces, in the folder of the root file system. Whatever is written goes to a tmpfs, which only these
 * namespaces know: when they end, the mounts and files are gone, and the folder itself was never changed. The paths are
 * relative, because a comma or a colon in one would end an option of overlayfs.
 */
const takeRoot = [
    "set -e",
    "mount -t tmpfs -o mode=0755 fjord mnt",
    "mkdir mnt/upper mnt/work mnt/root",
    "mount -t overlay fjord -o lowerdir=.,upperdir=mnt/upper,workdir=mnt/work mnt/root",
    "cd mnt/root",
    "mount -t proc proc proc",
    "mount -t sysfs sysfs sys",
    "mount -t tmpfs -o mode=0755 fjord run",
    // Without /dev/kvm: where that is there and does not work, libvirt asks QEMU for its abilities at every call anew.
    "mount -t tmpfs -o mode=0755 fjord dev",
    "mkdir dev/pts dev/shm dev/net run/lock run/machine",
    "cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/fd dev",
    "mknod dev/net/tun c 10 200",
    "mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts",
    "ln -s pts/ptmx dev/ptmx",
    "pivot_root . run/machine",
    "cd /",
    "umount -l /run/machine",
    "rmdir /run/machine",
    "ip link set lo up",
    "echo ready",
    // This bash stays: the first process of the namespace inherits every daemon, and has to reap it. When the tests end,
    // however they do, so does its input.
    "read -r || true",
].join("\n");

/** A process that holds the namespaces, and the first process in them, seen from outside. */
interface Namespaces {
    readonly holder: ChildProcess;
    readonly inside: number;
}

/** Namespaces with the root file system of the lab's hypervisor as their own. It is built where it is not there yet. */
export async function openNamespaces(): Promise<Namespaces> {
    const { root } = await ensureRootfs(cacheRoot(), (line) => console.error(line), hypervisorServer());
    const holder = spawn("unshare", ["--mount", "--net", "--pid", "--fork", "--kill-child", "bash", "-c", takeRoot], {
        cwd: root,
        stdio: "pipe",
        env: environment,
    });
    let words = "";
    holder.stderr.on("data", (data: Buffer) => (words += String(data)));
    const [first] = await Promise.race([once(holder.stdout, "data"), once(holder, "close")]);
    assert.ok(
        first instanceof Buffer,
        `the namespaces of a hypervisor could not be made (they need root): ${words}`,
    );
    const children = fs.readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8").trim();
    return { holder, inside: Number(children) };
}

/**
 * The root file system of the lab's hypervisor, with everything of Debian's that is called in a test, in namespaces of
 * its own: what is installed on this machine makes no difference. When it ends, everything that ran in it ends too, and
 * of its files nothing is left. Needs root.
 */
export class PrivateRoot {
    protected constructor(private readonly namespaces: Namespaces) {}

    static async start(): Promise<PrivateRoot> {
        return new PrivateRoot(await openNamespaces());
    }

    async stop(): Promise<void> {
        const { holder } = this.namespaces;
        if (holder.exitCode === null && holder.signalCode === null) {
            // The first process ends when all others have, and the holder after it.
            const ended = once(holder, "exit");
            holder.stdin?.end();
            await ended;
        }
    }

    /** A program of the root, as it ended. */
    enter(args: readonly string[], input = ""): Outcome {
        const { status, signal, stdout, stderr } = spawnSync(
            "nsenter",
            ["--target", String(this.namespaces.inside), "--mount", "--net", "--pid", "--", ...args],
            { input, encoding: "utf8", timeout: 120_000, env: environment },
        );
        return { code: signal === null && status !== 137 ? status : null, stdout, stderr };
    }

    /** A line of shell, which has to end well; gives its output. */
    run(line: string): string {
        const { code, stdout, stderr } = this.enter(["bash", "-c", line]);
        assert.equal(code, 0, `${line}: ${stderr}`);
        return stdout.trim();
    }

    /** A program of this machine's Node that is only in the root's network; sees files by `file`, and ends with the root. */
    serve(program: string, ...args: readonly string[]): void {
        spawn(
            "nsenter",
            ["--target", String(this.namespaces.inside), "--net", "--pid", "--", process.execPath, "-e", program, ...args],
            { stdio: ["ignore", "inherit", "inherit"] },
        );
    }

    /** What of the root's a test looks at from outside. */
    file(name: string): string {
        return `/proc/${this.namespaces.inside}/root${name}`;
    }

    exists(name: string): boolean {
        return fs.existsSync(this.file(name));
    }

    files(folder: string): string[] {
        return fs.readdirSync(this.file(folder)).sort();
    }
}
