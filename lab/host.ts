import * as fs from "node:fs";
import { cgroupSetup, type CgroupSetup } from "./cgroup";
import { run, succeeds, type Progress } from "./process";

/** What the machine offers to a lab. */
export interface Host {
    readonly cgroup: CgroupSetup;
    /** A systemd manages this machine: systemd-nspawn may ask it for a scope. */
    readonly systemd: boolean;
    /** Root may lower oom_score_adj (CAP_SYS_RESOURCE). Where it may not, containerd needs restrict_oom_score_adj. */
    readonly sysResource: boolean;
}

/** Commands that are called, each with the Debian package that has it. */
export type Tools = Readonly<Record<string, string>>;

/** What every lab calls. */
const tools: Tools = {
    "systemd-nspawn": "systemd-container",
    mmdebstrap: "mmdebstrap",
    ip: "iproute2",
    "ssh-keygen": "openssh-client",
    ssh: "openssh-client",
    openssl: "openssl",
    gpg: "gnupg",
    "apt-ftparchive": "apt-utils",
    "dpkg-deb": "dpkg",
    git: "git",
    setcap: "libcap2-bin",
    zstd: "zstd",
    tar: "tar",
    mount: "mount",
    // Called where everything comes from upstream, and by the tests.
    nft: "nftables",
    dnsmasq: "dnsmasq-base",
    // Only the tests call it.
    shellcheck: "shellcheck",
};

/** GiB that a lab needs where it lives: disks of five nodes with their images, rootfs and registry. */
export const neededGiB = 20;

/** Packages to install for the commands that are missing. Pure. */
export function missingPackages(
    has: (command: string) => boolean,
    keyring: boolean,
    needed: Tools = tools,
): string[] {
    const packages = Object.entries(needed)
        .filter(([command]) => !has(command))
        .map(([, name]) => name);
    return [...new Set([...packages, ...(keyring ? [] : ["debian-archive-keyring"])])].sort();
}

function onPath(command: string): boolean {
    const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
    return folders.some((folder) => folder !== "" && fs.existsSync(`${folder}/${command}`));
}

/** CAP_SYS_RESOURCE is bit 24 of the bounding set. */
export function hasSysResource(status: string): boolean {
    const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    return bounding !== undefined && ((BigInt(`0x${bounding}`) >> 24n) & 1n) === 1n;
}

/** Free space of the file system that a folder is (or will be) on. */
function freeGiB(dir: string): number {
    let folder = dir;
    while (!fs.existsSync(folder)) {
        folder = folder.slice(0, folder.lastIndexOf("/")) || "/";
    }
    const stats = fs.statfsSync(folder);
    return (stats.bavail * stats.bsize) / 2 ** 30;
}

/** Installs the Debian packages of the commands that this machine lacks. */
export async function installTools(needed: Tools, progress: Progress): Promise<void> {
    const keyring = fs.existsSync("/usr/share/keyrings/debian-archive-keyring.gpg");
    const missing = missingPackages(onPath, keyring, needed);
    if (missing.length === 0) {
        return;
    }
    if (!onPath("apt-get")) {
        throw new Error(`a lab needs ${missing.join(", ")}, and this machine has no apt-get: install them by hand`);
    }
    progress(`installing ${missing.join(", ")}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    if (!(await succeeds("apt-get", ["install", "-qq", "-y", "--no-install-recommends", ...missing]))) {
        await run("apt-get", ["update", "-qq"], { env });
        await run("apt-get", ["install", "-qq", "-y", "--no-install-recommends", ...missing], { env });
    }
}

/**
 * Checks that the machine can hold a lab, and installs the Debian packages it lacks. Errors name what is missing.
 * `dir` is the folder that the lab will live in.
 */
export async function prepareHost(dir: string, progress: Progress): Promise<Host> {
    if (process.platform !== "linux" || process.getuid?.() !== 0) {
        throw new Error(
            "a lab needs Linux and root (it makes network namespaces, mounts and control groups): run it with sudo",
        );
    }
    const free = freeGiB(dir);
    if (free < neededGiB) {
        throw new Error(
            `a lab needs ${neededGiB} GiB below ${dir}, and ${free.toFixed(1)} GiB are free\n` +
                "  what to do: free space, or set XDG_CACHE_HOME to a folder on a larger disk",
        );
    }
    await installTools(tools, progress);
    return {
        cgroup: cgroupSetup(),
        systemd: fs.existsSync("/run/systemd/system"),
        sysResource: hasSysResource(fs.readFileSync("/proc/self/status", "utf8")),
    };
}
