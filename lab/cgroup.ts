import * as fs from "node:fs";
import * as path from "node:path";
import { endProcess, startTime } from "./process";

/** How the machine's control groups are set up. */
export interface CgroupSetup {
    readonly version: 1 | 2;
    /** Folders of the v1 controllers, e.g. `/sys/fs/cgroup/memory`; empty with v2. */
    readonly controllers: readonly string[];
    /** Hierarchies in which systemd only tracks its units; nodes that shared one would remove each other's. */
    readonly tracking: readonly string[];
}

/** v1 controllers that containerd and the kubelet use; a lab gives each node a folder in each of them. */
const v1Controllers = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"];

/** Reads how control groups are mounted. `root` is `/sys/fs/cgroup`. */
export function cgroupSetup(root = "/sys/fs/cgroup"): CgroupSetup {
    if (fs.existsSync(path.join(root, "cgroup.controllers"))) {
        return { version: 2, controllers: [], tracking: [] };
    }
    const mounted = (names: readonly string[]): string[] =>
        names.map((name) => path.join(root, name)).filter((folder) => fs.existsSync(path.join(folder, "cgroup.procs")));
    const controllers = mounted(v1Controllers);
    if (controllers.length === 0) {
        throw new Error(`no control groups below ${root}: mount cgroup2 there, or boot a kernel that has them`);
    }
    return { version: 1, controllers, tracking: mounted(["systemd", "unified"]) };
}

/** All folders that belong to `<cgroup>` (e.g. `fjord/lab/cp-01`): one a hierarchy. */
export function cgroupFolders(setup: CgroupSetup, cgroup: string): string[] {
    return [...setup.controllers, ...setup.tracking].map((hierarchy) => path.join(hierarchy, cgroup));
}

/** Makes the folders of a node. A new cpuset has no CPUs and no memory until it is given its parent's. */
export function makeCgroups(setup: CgroupSetup, cgroup: string): string[] {
    const folders = cgroupFolders(setup, cgroup);
    for (const folder of folders) {
        fs.mkdirSync(folder, { recursive: true });
    }
    const cpuset = setup.controllers.find((controller) => path.basename(controller) === "cpuset");
    if (cpuset !== undefined) {
        let folder = cpuset;
        for (const part of cgroup.split("/")) {
            for (const file of ["cpuset.cpus", "cpuset.mems"]) {
                if (fs.readFileSync(path.join(folder, part, file), "utf8").trim() === "") {
                    fs.writeFileSync(path.join(folder, part, file), fs.readFileSync(path.join(folder, file), "utf8"));
                }
            }
            folder = path.join(folder, part);
        }
    }
    return folders;
}

function subfolders(folder: string): string[] {
    if (!fs.existsSync(folder)) {
        return [];
    }
    const below = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...below.flatMap((entry) => subfolders(path.join(folder, entry.name))), folder];
}

/** Folders of `<cgroup>` that exist, deepest first. */
export function existingCgroups(setup: CgroupSetup, cgroup: string): string[] {
    return cgroupFolders(setup, cgroup).flatMap(subfolders);
}

/** Pids of all processes in `<cgroup>`, seen from the host. */
export function cgroupPids(setup: CgroupSetup, cgroup: string): number[] {
    const pids = existingCgroups(setup, cgroup).flatMap((folder) => {
        try {
            return fs.readFileSync(path.join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
        } catch {
            return [];
        }
    });
    return [...new Set(pids)].sort((a, b) => a - b);
}

/** Kills what still runs in `<cgroup>`, which is one node's or one lab's and nobody else's. */
export async function emptyCgroups(setup: CgroupSetup, cgroup: string): Promise<void> {
    for (const pid of cgroupPids(setup, cgroup)) {
        const started = startTime(pid);
        if (started !== undefined) {
            await endProcess(pid, started, 0);
        }
    }
}

/** Removes the folders of `<cgroup>`; they must hold no process. */
export function removeCgroups(setup: CgroupSetup, cgroup: string): void {
    for (const folder of existingCgroups(setup, cgroup)) {
        try {
            fs.rmdirSync(folder);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
                throw error;
            }
        }
    }
}
