import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { emptyCgroups, makeCgroups, removeCgroups } from "./cgroup";
import type { Host } from "./host";
import { hypervisorFiles } from "./hypervisor";
import { hostKey, operatorKey, sshConfigFile } from "./keys";
import { currentMounts, unmountBelow } from "./mounts";
import { attachNode, detachNode } from "./network";
import { serviceName, type Lab, type LabNode } from "./plan";
import { endProcess, processesWith, run, runningPid, startProcess, startTime, stopProcess, succeeds, until } from "./process";
import { operatorUser } from "./rootfs";

/** Folder with one record a running process of the lab. */
export const runDir = (lab: Lab): string => path.join(lab.dir, "run");

const rootDir = (node: LabNode): string => path.join(node.dir, "root");
const nodeCgroup = (lab: Lab, node: LabNode): string => `${lab.cgroup}/${node.name}`;

/** Where a bare server has its Debian packages from. */
export type DebianOrigin =
    /** ASCII-armoured key of the lab's apt repository, whose suite `bookworm` is the servers' Debian mirror. */
    | { readonly aptKey: string }
    /** Codename of the release; from Debian itself. */
    | { readonly suite: string };

/** What a node's own disk starts with. `rootfs` is the shared root file system (`ensureRootfs`). */
export type NodeImage = { readonly rootfs: string } & DebianOrigin;

/** The server's list of sources in deb822. Pure. */
export function debianSources(lab: Lab, origin: DebianOrigin): string {
    const stanza = (uri: string, suites: string, signedBy: string): string =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By:${signedBy}\n`;
    if ("suite" in origin) {
        const { suite } = origin;
        const keyring = " /usr/share/keyrings/debian-archive-keyring.gpg";
        return [
            stanza("http://deb.debian.org/debian", `${suite} ${suite}-updates`, keyring),
            stanza("http://deb.debian.org/debian-security", `${suite}-security`, keyring),
        ].join("\n");
    }
    // An empty line would end the stanza, so a dot stands for it.
    const armoured = origin.aptKey
        .trim()
        .split("\n")
        .map((line) => ` ${line.trim() === "" ? "." : line}`);
    return stanza(`http://${serviceName(lab, "apt")}`, "bookworm", `\n${armoured.join("\n")}`);
}

/** Every file that makes one server differ from another: path, content, mode. Pure. */
export function nodeFiles(
    lab: Lab,
    node: LabNode,
    keys: { readonly operator: string; readonly hostPrivate: string; readonly hostPublic: string },
    debian: DebianOrigin,
): readonly { readonly path: string; readonly content: string; readonly mode: number; readonly owner?: number }[] {
    const machineId = createHash("sha256").update(`${lab.name}/${lab.range}/${node.name}`).digest("hex").slice(0, 32);
    const home = `/home/${operatorUser.name}/.ssh`;
    return [
        { path: "/etc/hostname", content: `${node.fqdn}\n`, mode: 0o644 },
        { path: "/etc/machine-id", content: `${machineId}\n`, mode: 0o444 },
        {
            path: "/etc/hosts",
            content: `127.0.0.1 localhost\n::1 localhost ip6-localhost\n${node.address} ${node.fqdn} ${node.name}\n`,
            mode: 0o644,
        },
        { path: "/etc/resolv.conf", content: `search ${lab.domain}\nnameserver ${lab.services.dns}\n`, mode: 0o644 },
        {
            path: "/etc/apt/sources.list.d/debian.sources",
            content: debianSources(lab, debian),
            mode: 0o644,
        },
        { path: "/etc/ssh/ssh_host_ed25519_key", content: keys.hostPrivate, mode: 0o600 },
        { path: "/etc/ssh/ssh_host_ed25519_key.pub", content: `${keys.hostPublic}\n`, mode: 0o644 },
        {
            path: "/etc/ssh/sshd_config.d/10-host-key.conf",
            content: "HostKey /etc/ssh/ssh_host_ed25519_key\n",
            mode: 0o644,
        },
        { path: `${home}/authorized_keys`, content: `${keys.operator}\n`, mode: 0o600, owner: operatorUser.id },
        ...Object.entries(node.role === "hypervisor" ? hypervisorFiles(lab, node) : {}).map(([path, content]) => ({
            path,
            content,
            mode: 0o644,
        })),
    ];
}

async function mountDisk(node: LabNode, rootfs: string): Promise<void> {
    if (currentMounts(rootDir(node)).length > 0) {
        return;
    }
    const layers = `lowerdir=${rootfs},upperdir=${path.join(node.dir, "upper")},workdir=${path.join(node.dir, "work")}`;
    await run("mount", ["-t", "overlay", `fjord-${node.machine}`, "-o", layers, rootDir(node)]);
}

/** True once `createNode` has finished for this node. */
export const nodeExists = (node: LabNode): boolean => fs.existsSync(path.join(node.dir, "rootfs"));

/**
 * Makes a node's disk: an overlay over the shared root file system for everything but /var, and a copy of its own for
 * /var, because containerd's snapshotter cannot stand on an overlay. Does nothing if the disk is there.
 */
export async function createNode(lab: Lab, node: LabNode, image: NodeImage): Promise<void> {
    if (nodeExists(node)) {
        return;
    }
    const operator = await operatorKey(lab);
    const host = await hostKey(lab, node);
    await unmountBelow(node.dir);
    fs.rmSync(node.dir, { recursive: true, force: true });
    for (const part of ["root", "upper", "work"]) {
        fs.mkdirSync(path.join(node.dir, part), { recursive: true });
    }
    await run("cp", ["-a", "--reflink=auto", path.join(image.rootfs, "var"), path.join(node.dir, "var")]);
    await mountDisk(node, image.rootfs);
    const keys = {
        operator: operator.publicKey,
        hostPrivate: fs.readFileSync(host.file, "utf8"),
        hostPublic: host.publicKey,
    };
    for (const file of nodeFiles(lab, node, keys, image)) {
        const target = path.join(rootDir(node), file.path);
        fs.mkdirSync(path.dirname(target), { recursive: true, mode: file.owner === undefined ? 0o755 : 0o700 });
        fs.writeFileSync(target, file.content, { mode: file.mode });
        fs.chmodSync(target, file.mode);
        if (file.owner !== undefined) {
            fs.chownSync(path.dirname(target), file.owner, file.owner);
            fs.chownSync(target, file.owner, file.owner);
        }
    }
    fs.writeFileSync(path.join(node.dir, "rootfs"), `${image.rootfs}\n`);
}

/** Arguments of systemd-nspawn for one node. Pure. */
export function nspawnArguments(node: LabNode, host: Host, extraBinds: readonly string[]): string[] {
    return [
        "--quiet",
        `--directory=${rootDir(node)}`,
        `--machine=${node.machine}`,
        `--hostname=${node.fqdn}`,
        "--boot",
        `--network-namespace-path=/run/netns/${node.machine}`,
        "--capability=all",
        "--register=no",
        // Without a systemd on the host there is nobody to ask for a scope.
        ...(host.systemd ? [] : ["--keep-unit"]),
        "--private-users=no",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--system-call-filter=@mount @module @raw-io keyctl bpf @clock",
        `--bind=${path.join(node.dir, "var")}:/var`,
        // sysfs has an empty folder there in which no mount point can be made.
        ...(host.cgroup.version === 1 ? ["--tmpfs=/sys/fs/cgroup:mode=755"] : []),
        ...extraBinds.map((bind) => `--bind=${bind}`),
        "--setenv=container=docker",
    ];
}

// Moves itself into the cgroup folders given before `--`, then becomes the command after it.
const enterCgroups = 'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done; shift; exec "$@"';

/** Powers a node on; it keeps what was on its disk. Returns once it is started, not once it answers (`waitForSsh`). */
export async function startNode(lab: Lab, node: LabNode, host: Host): Promise<void> {
    if (runningPid(runDir(lab), node.name) !== undefined) {
        return;
    }
    if (!nodeExists(node)) {
        throw new Error(`${node.name} has no disk: create it before it is started`);
    }
    await clearNode(lab, node, host);
    await mountDisk(node, fs.readFileSync(path.join(node.dir, "rootfs"), "utf8").trim());
    await attachNode(lab, node);
    const folders = makeCgroups(host.cgroup, nodeCgroup(lab, node));
    const controllers = folders.slice(0, host.cgroup.controllers.length);
    const binds = [
        "/dev/kmsg",
        ...(fs.existsSync("/lib/modules") ? ["/lib/modules:/lib/modules"] : []),
        ...controllers.map((folder, i) => `${folder}:${host.cgroup.controllers[i]}`),
    ];
    startProcess(
        runDir(lab),
        node.name,
        "/bin/sh",
        ["-c", enterCgroups, "sh", ...folders, "--", "systemd-nspawn", ...nspawnArguments(node, host, binds)],
        { log: path.join(node.dir, "console.log"), env: { SYSTEMD_NSPAWN_API_VFS_WRITABLE: "1" } },
    );
}

/** Processes of systemd-nspawn that hold this node, also those that no record names (after a crash). */
export function nspawnPids(node: LabNode): number[] {
    const marks = [`--machine=${node.machine}`, `--directory=${rootDir(node)}`];
    return processesWith((words) => marks.every((mark) => words.includes(mark)));
}

/** Takes away what a node's last run left: processes, mounts, cable, namespace, control groups. */
async function clearNode(lab: Lab, node: LabNode, host: Pick<Host, "cgroup">): Promise<void> {
    for (const pid of nspawnPids(node)) {
        const started = startTime(pid);
        if (started !== undefined) {
            await endProcess(pid, started, 0);
        }
    }
    await emptyCgroups(host.cgroup, nodeCgroup(lab, node));
    await unmountBelow(node.dir);
    await detachNode(node);
    removeCgroups(host.cgroup, nodeCgroup(lab, node));
}

/**
 * Powers a node off; its disk stays. `soft` shuts it down and pulls the plug after 20 s; `hard` pulls the plug at once.
 */
export async function stopNode(
    lab: Lab,
    node: LabNode,
    host: Pick<Host, "cgroup">,
    how: "soft" | "hard" = "soft",
): Promise<void> {
    await stopProcess(runDir(lab), node.name, how === "soft" ? 20_000 : 0);
    await clearNode(lab, node, host);
}

/** Powers a node off at once and throws its disk away. Its host key stays: the next disk gets the same one. */
export async function removeNode(lab: Lab, node: LabNode, host: Pick<Host, "cgroup">): Promise<void> {
    await stopNode(lab, node, host, "hard");
    fs.rmSync(node.dir, { recursive: true, force: true });
}

/** Runs a command on a node as the operator would, over SSH. */
export function sshNode(lab: Lab, node: LabNode, command: string, input?: string): Promise<string> {
    return run("ssh", ["-F", sshConfigFile(lab), node.name, command], input === undefined ? {} : { input });
}

/** Waits until a node lets the operator in. */
export async function waitForSsh(lab: Lab, node: LabNode, milliseconds = 60_000): Promise<void> {
    const answers = (): Promise<boolean> =>
        succeeds("ssh", ["-F", sshConfigFile(lab), "-o", "ConnectTimeout=2", node.name, "true"]);
    const ended = (): boolean => runningPid(runDir(lab), node.name) === undefined;
    const console = path.join(node.dir, "console.log");
    if (!(await until(milliseconds, async () => ended() || (await answers()), 100)) || ended()) {
        const what = ended() ? "ended while it booted" : `did not answer SSH within ${milliseconds / 1000} s`;
        throw new Error(`${node.name} ${what}\n  log: ${console}`);
    }
}
