import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run, type Progress } from "./process";

/** The user that the operator logs in as; it has sudo without a password, as a provider's image would have it. */
export const operatorUser = { name: "ops", id: 1000 } as const;

/**
 * Debian release of the servers where the lab brings the packages itself: the newest whose systemd runs on control
 * groups of version 1, too.
 */
export const labDebian = "bookworm";

/** What a plain Debian server has that matters here, and nothing that Kubernetes brings. */
const packages: readonly string[] = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "ca-certificates",
    "netbase",
    "iproute2",
    "iputils-ping",
    "nftables",
    "kmod",
    "procps",
    "psmisc",
    "less",
    "curl",
    "gpgv",
    "perl",
    "tzdata",
];

/**
 * What nodes may install from Debian later on. Fetched now, with all that it depends on, so that the lab's Debian
 * mirror serves real packages of the same day as the root file system.
 */
const mirrored: readonly string[] = [
    "haproxy",
    "nftables",
    "conntrack",
    "iptables",
    "ethtool",
    "socat",
    "ebtables",
    "ipset",
    "runc",
];

/** Timers and consoles that a server without internet and without a screen has no use for. */
const masked: readonly string[] = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "console-getty.service",
    "systemd-firstboot.service",
];

const dpkgOptions = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
];

/** Key of everything that goes into the root file system. */
export function rootfsKey(suite: string = labDebian): string {
    const inputs = { suite, packages, mirrored, masked, dpkgOptions, operatorUser, recipe: 3 };
    return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

async function customize(root: string): Promise<void> {
    const chroot = (...command: string[]): Promise<string> => run("chroot", [root, ...command]);
    await chroot("systemctl", "--quiet", "mask", ...masked);
    await chroot(
        "useradd",
        "--create-home",
        "--shell",
        "/bin/bash",
        "--uid",
        String(operatorUser.id),
        operatorUser.name,
    );
    const sudoers = path.join(root, "etc/sudoers.d", operatorUser.name);
    fs.writeFileSync(sudoers, `${operatorUser.name} ALL=(ALL) NOPASSWD:ALL\n`, { mode: 0o440 });
    // What must differ between servers is made with each of them.
    for (const file of fs.readdirSync(path.join(root, "etc/ssh")).filter((name) => name.startsWith("ssh_host_"))) {
        fs.rmSync(path.join(root, "etc/ssh", file));
    }
    for (const file of [
        "etc/machine-id",
        "var/lib/dbus/machine-id",
        "etc/hostname",
        "etc/resolv.conf",
        "etc/apt/sources.list",
    ]) {
        fs.rmSync(path.join(root, file), { force: true });
    }
}

/** The parts of a bare Debian server. */
export interface Rootfs {
    /** The root file system. Nodes only ever read it. */
    readonly root: string;
    /** Debian packages for the lab's mirror. */
    readonly debs: string;
    readonly key: string;
}

/**
 * The bare Debian server that all nodes start from, built once for this machine and kept in `<cacheDir>/rootfs/<key>`.
 * `suite` is the codename of its Debian release.
 */
export async function ensureRootfs(cacheDir: string, progress: Progress, suite: string = labDebian): Promise<Rootfs> {
    const key = rootfsKey(suite);
    const dir = path.join(cacheDir, "rootfs", key);
    const rootfs: Rootfs = { root: path.join(dir, "root"), debs: path.join(dir, "debs"), key };
    if (fs.existsSync(dir)) {
        return rootfs;
    }
    progress("building the root file system of a bare Debian server (half a minute)");
    fs.mkdirSync(path.dirname(dir), { recursive: true });
    const building = `${dir}.${randomBytes(4).toString("hex")}`;
    const root = path.join(building, "root");
    fs.mkdirSync(path.join(building, "debs"), { recursive: true });
    try {
        // The hook has its own apt configuration, which leads apt into the new root.
        const download = [
            'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --quiet --yes --no-install-recommends --download-only install',
            ...mirrored,
        ].join(" ");
        const copy = `find "$1/var/cache/apt/archives" -name '*.deb' -exec mv -t '${path.join(building, "debs")}' {} +`;
        await run("mmdebstrap", [
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            '--aptopt=Acquire::Languages "none"',
            ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
            `--customize-hook=${download} && ${copy}`,
            `--include=${packages.join(",")}`,
            suite,
            root,
        ]);
        await customize(root);
        fs.renameSync(building, dir);
    } catch (error) {
        fs.rmSync(building, { recursive: true, force: true });
        if (!fs.existsSync(dir)) {
            throw error;
        }
    }
    return rootfs;
}
