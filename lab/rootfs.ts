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
export const serverPackages: readonly string[] = [
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
export const maskedUnits: readonly string[] = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "console-getty.service",
    "systemd-firstboot.service",
];

/** Options of dpkg that leave out what nobody reads on a server. */
export const dpkgOptions: readonly string[] = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
];

/** What a root file system is made of. */
export interface RootfsRecipe {
    /** For progress: `a bare Debian server`. */
    readonly title: string;
    /** Codename of the Debian release. */
    readonly suite: string;
    readonly packages: readonly string[];
    /** Packages that are only fetched, for the lab's Debian mirror, with all that they depend on. */
    readonly mirrored: readonly string[];
    readonly masked: readonly string[];
    /** Texts that replace or add to the packages' own files, by their path. */
    readonly files?: Readonly<Record<string, string>>;
    /** Units to enable beside those that packages enable themselves. */
    readonly enabled?: readonly string[];
}

/** The servers of a region, before anything is done to them. `suite` is the codename of their Debian release. */
export const bareServer = (suite: string = labDebian): RootfsRecipe => ({
    title: "a bare Debian server",
    suite,
    packages: serverPackages,
    mirrored,
    masked: maskedUnits,
});

/** Key of everything that goes into the root file system. */
export function rootfsKey({ suite, packages, mirrored, masked, files, enabled }: RootfsRecipe): string {
    const inputs = { suite, packages, mirrored, masked, dpkgOptions, operatorUser, recipe: 3, files, enabled };
    return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

async function customize(root: string, recipe: RootfsRecipe): Promise<void> {
    const chroot = (...command: string[]): Promise<string> => run("chroot", [root, ...command]);
    for (const [name, text] of Object.entries(recipe.files ?? {})) {
        fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
        fs.writeFileSync(path.join(root, name), text);
    }
    await chroot("systemctl", "--quiet", "mask", ...recipe.masked);
    if (recipe.enabled !== undefined) {
        await chroot("systemctl", "--quiet", "enable", ...recipe.enabled);
    }
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

/** Arguments of mmdebstrap for a recipe. Pure. */
export function mmdebstrapArguments(recipe: RootfsRecipe, root: string, debs: string): string[] {
    // The hook has its own apt configuration, which leads apt into the new root.
    const download = [
        'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --quiet --yes --no-install-recommends --download-only install',
        ...recipe.mirrored,
    ].join(" ");
    const copy = `find "$1/var/cache/apt/archives" -name '*.deb' -exec mv -t '${debs}' {} +`;
    return [
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        '--aptopt=Acquire::Languages "none"',
        ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
        ...(recipe.mirrored.length === 0 ? [] : [`--customize-hook=${download} && ${copy}`]),
        `--include=${recipe.packages.join(",")}`,
        recipe.suite,
        root,
    ];
}

/**
 * A root file system that servers start from, built once for this machine and kept in `<cacheDir>/rootfs/<key>`.
 */
export async function ensureRootfs(
    cacheDir: string,
    progress: Progress,
    recipe: RootfsRecipe = bareServer(),
): Promise<Rootfs> {
    const key = rootfsKey(recipe);
    const dir = path.join(cacheDir, "rootfs", key);
    const rootfs: Rootfs = { root: path.join(dir, "root"), debs: path.join(dir, "debs"), key };
    if (fs.existsSync(dir)) {
        return rootfs;
    }
    progress(`building the root file system of ${recipe.title} (half a minute)`);
    fs.mkdirSync(path.dirname(dir), { recursive: true });
    const building = `${dir}.${randomBytes(4).toString("hex")}`;
    const [root, debs] = [path.join(building, "root"), path.join(building, "debs")];
    fs.mkdirSync(debs, { recursive: true });
    try {
        await run("mmdebstrap", mmdebstrapArguments(recipe, root, debs));
        await customize(root, recipe);
        fs.renameSync(building, dir);
    } catch (error) {
        fs.rmSync(building, { recursive: true, force: true });
        if (!fs.existsSync(dir)) {
            throw error;
        }
    }
    return rootfs;
}
