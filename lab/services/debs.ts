import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { PackageName } from "../../infra/config/lock";
import { run, type Progress } from "../process";
import type { Rootfs } from "../rootfs";
import type { Toolchain } from "../toolchain/paths";
import { versions } from "../toolchain/table";

/** Suites of the lab's apt repository. `bookworm` is the Debian mirror that the bare servers come with. */
export const aptSuites = ["kubernetes", "containerd", "bookworm"] as const;
export type AptSuite = (typeof aptSuites)[number];

/** A package made from programs of the toolchain, with the name, version scheme and files of the upstream one. */
interface DebRecipe {
    readonly name: PackageName;
    readonly suite: AptSuite;
    readonly version: string;
    readonly depends: string;
    readonly description: string;
    /** Further fields of the control file. */
    readonly fields?: Readonly<Record<string, string>>;
    /** Path in the package to path below the toolchain's `bin/`. */
    readonly programs: Readonly<Record<string, string>>;
    readonly texts?: Readonly<Record<string, string>>;
    /** Files that dpkg keeps when they were changed. */
    readonly conffiles?: readonly string[];
    readonly postinst?: string;
}

const kubeletUnit = `[Unit]
Description=kubelet: the node agent of Kubernetes
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

/** The variables and files are kubeadm's own: it writes two of the files, and documents the third for the user. */
const kubeadmDropIn = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;

const containerdUnit = `[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`;

const containerdPostinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
    deb-systemd-helper enable containerd.service >/dev/null
    if [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload >/dev/null
        deb-systemd-invoke restart containerd.service >/dev/null || true
    fi
fi
`;

const kubernetesRevision = "1.1";
const cniPlugins = ["bridge", "host-local", "loopback", "portmap", "ptp"];

/** Recipes for the packages of one version of Kubernetes, and of one packaging of containerd. */
const recipesFor = (kubernetes: string, containerdRevision: number): readonly DebRecipe[] => [
    {
        name: "containerd.io",
        suite: "containerd",
        version: `${versions.containerd}-${containerdRevision}`,
        description: "container runtime, with the runc of Debian",
        depends: "libc6, libseccomp2",
        fields: { Provides: "containerd, runc", Conflicts: "containerd, runc", Replaces: "containerd, runc" },
        programs: {
            "usr/bin/containerd": "containerd",
            "usr/bin/containerd-shim-runc-v2": "containerd-shim-runc-v2",
            "usr/bin/ctr": "ctr",
        },
        texts: {
            "lib/systemd/system/containerd.service": containerdUnit,
            "etc/containerd/config.toml": 'disabled_plugins = ["cri"]\n',
        },
        conffiles: ["/etc/containerd/config.toml"],
        postinst: containerdPostinst,
    },
    {
        name: "kubelet",
        suite: "kubernetes",
        version: `${kubernetes}-${kubernetesRevision}`,
        description: "node agent of Kubernetes",
        depends:
            "conntrack, ethtool, iproute2, iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), mount, socat, util-linux",
        programs: { "usr/bin/kubelet": "kubelet" },
        texts: { "usr/lib/systemd/system/kubelet.service": kubeletUnit },
    },
    {
        name: "kubeadm",
        suite: "kubernetes",
        version: `${kubernetes}-${kubernetesRevision}`,
        description: "sets up Kubernetes clusters",
        depends: "cri-tools (>= 1.30.0)",
        programs: { "usr/bin/kubeadm": "kubeadm" },
        texts: { "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": kubeadmDropIn },
    },
    {
        name: "kubectl",
        suite: "kubernetes",
        version: `${kubernetes}-${kubernetesRevision}`,
        description: "command line client of Kubernetes",
        depends: "",
        programs: { "usr/bin/kubectl": "kubectl" },
    },
    {
        name: "kubernetes-cni",
        suite: "kubernetes",
        version: `${versions.cniPlugins}-${kubernetesRevision}`,
        description: "plugins of the container network interface",
        depends: "",
        programs: Object.fromEntries(cniPlugins.map((plugin) => [`opt/cni/bin/${plugin}`, `cni/${plugin}`])),
    },
    {
        name: "cri-tools",
        suite: "kubernetes",
        version: `${versions.criTools}-${kubernetesRevision}`,
        description: "command line client of container runtimes",
        depends: "",
        programs: { "usr/bin/crictl": "crictl" },
    },
];

/** Exact versions of the packages that the lab's repository has: part of the lab's lock. */
export const packageVersions = (kubernetes: string, containerdRevision = 1): Readonly<Record<PackageName, string>> =>
    Object.fromEntries(recipesFor(kubernetes, containerdRevision).map((recipe) => [recipe.name, recipe.version])) as Record<PackageName, string>;

/** Control file of a package. Pure. */
export function controlFile(
    recipe: Pick<DebRecipe, "name" | "version" | "depends" | "description" | "fields">,
): string {
    const fields: Record<string, string> = {
        Package: recipe.name,
        Version: recipe.version,
        Architecture: "amd64",
        Section: "admin",
        Priority: "optional",
        Maintainer: "fjord lab <lab@lab.node>",
        ...(recipe.depends === "" ? {} : { Depends: recipe.depends }),
        ...recipe.fields,
        Description: `${recipe.description} (built by the lab from upstream's Go module)`,
    };
    return Object.entries(fields)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join("");
}

function put(root: string, name: string, mode: number, write: (file: string) => void): void {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    write(file);
    fs.chmodSync(file, mode);
}

async function buildDeb(
    recipe: DebRecipe,
    toolchain: Toolchain,
    runc: string,
    work: string,
    pool: string,
): Promise<void> {
    const root = path.join(work, recipe.name);
    for (const [name, program] of Object.entries(recipe.programs)) {
        put(root, name, 0o755, (file) => fs.copyFileSync(path.join(toolchain.bin, program), file));
    }
    if (recipe.name === "containerd.io") {
        put(root, "usr/bin/runc", 0o755, (file) => fs.copyFileSync(runc, file));
    }
    for (const [name, text] of Object.entries(recipe.texts ?? {})) {
        put(root, name, 0o644, (file) => fs.writeFileSync(file, text));
    }
    put(root, "DEBIAN/control", 0o644, (file) => fs.writeFileSync(file, controlFile(recipe)));
    if (recipe.conffiles) {
        put(root, "DEBIAN/conffiles", 0o644, (file) => fs.writeFileSync(file, `${recipe.conffiles?.join("\n")}\n`));
    }
    if (recipe.postinst) {
        put(root, "DEBIAN/postinst", 0o755, (file) => fs.writeFileSync(file, recipe.postinst ?? ""));
    }
    const target = path.join(pool, `${recipe.name}_${recipe.version}_amd64.deb`);
    await run("dpkg-deb", ["--root-owner-group", "-Zzstd", "-z3", "--build", root, target]);
}

async function extractRunc(rootfs: Rootfs, work: string): Promise<string> {
    const deb = fs.readdirSync(rootfs.debs).find((file) => file.startsWith("runc_"));
    if (deb === undefined) {
        throw new Error(
            `there is no runc among the Debian packages in ${rootfs.debs}: remove that folder's parent and run again`,
        );
    }
    await run("dpkg-deb", ["-x", path.join(rootfs.debs, deb), path.join(work, "runc")]);
    return path.join(work, "runc/usr/sbin/runc");
}

/**
 * Makes the contents of the lab's apt repository, `pool/` and the unsigned lists in `dists/`, once for a toolchain and
 * a root file system. Gives its folder, `<cacheDir>/debs/<key>`.
 */
export async function ensureDebs(
    cacheDir: string,
    toolchain: Toolchain,
    rootfs: Rootfs,
    progress: Progress,
    containerdRevision = 1,
): Promise<string> {
    const recipes = recipesFor(toolchain.kubernetes, containerdRevision);
    const inputs = JSON.stringify({ recipes, toolchain: toolchain.key, rootfs: rootfs.key, format: 1 });
    const dir = path.join(cacheDir, "debs", createHash("sha256").update(inputs).digest("hex").slice(0, 16));
    if (fs.existsSync(dir)) {
        return dir;
    }
    progress(`building ${recipes.length} Debian packages`);
    const building = `${dir}.${randomBytes(4).toString("hex")}`;
    const work = path.join(building, "work");
    fs.mkdirSync(work, { recursive: true });
    try {
        for (const suite of aptSuites) {
            fs.mkdirSync(path.join(building, "pool", suite), { recursive: true });
        }
        const runc = await extractRunc(rootfs, work);
        for (const recipe of recipes) {
            await buildDeb(recipe, toolchain, runc, work, path.join(building, "pool", recipe.suite));
        }
        for (const deb of fs.readdirSync(rootfs.debs)) {
            fs.copyFileSync(path.join(rootfs.debs, deb), path.join(building, "pool/bookworm", deb));
        }
        for (const suite of aptSuites) {
            const lists = path.join(building, "dists", suite, "main/binary-amd64");
            fs.mkdirSync(lists, { recursive: true });
            fs.writeFileSync(
                path.join(lists, "Packages"),
                `${await run("apt-ftparchive", ["packages", `pool/${suite}`], { cwd: building })}\n`,
            );
        }
        fs.rmSync(work, { recursive: true });
        fs.renameSync(building, dir);
    } catch (error) {
        fs.rmSync(building, { recursive: true, force: true });
        if (!fs.existsSync(dir)) {
            throw error;
        }
    }
    return dir;
}
