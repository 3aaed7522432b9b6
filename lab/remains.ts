import * as fs from "node:fs";
import * as path from "node:path";
import { cgroupPids, emptyCgroups, existingCgroups, removeCgroups, type CgroupSetup } from "./cgroup";
import { disconnectFromInternet, labTables } from "./internet";
import { currentMounts, unmountBelow } from "./mounts";
import { netnsPids } from "./network";
import { runDir } from "./node";
import type { Lab } from "./plan";
import { stackPids } from "./stack-processes";
import {
    endProcess,
    processesWith,
    recordedProcesses,
    run,
    runningPid,
    startTime,
    stopProcess,
    succeeds,
    type Progress,
} from "./process";

/** What of a lab is still there. All of it is found by the lab's name and folder, never by a record alone. */
export interface Remains {
    readonly processes: readonly { readonly pid: number; readonly command: string }[];
    readonly namespaces: readonly string[];
    readonly links: readonly string[];
    readonly mounts: readonly string[];
    readonly cgroups: readonly string[];
    /** Tables of the packet filter. */
    readonly tables: readonly string[];
}

/** True for the names of this lab's bridge, cables and namespaces, and for no other lab's. Pure. */
export function belongsTo(lab: Pick<Lab, "bridge">, name: string): boolean {
    return name === lab.bridge || name.startsWith(`${lab.bridge}-`);
}

const namesIn = (folder: string, lab: Lab): string[] =>
    fs.existsSync(folder)
        ? fs
              .readdirSync(folder)
              .filter((name) => belongsTo(lab, name))
              .sort()
        : [];

/** Processes of systemd-nspawn whose root lies in the lab's folder. */
function nspawnPids(lab: Lab): number[] {
    const root = `--directory=${path.join(lab.dir, "nodes")}/`;
    return processesWith((words) => words.some((word) => word.startsWith(root)));
}

function commandOf(pid: number): string {
    try {
        return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    } catch {
        return "";
    }
}

/** Lists everything of a lab that runs, is mounted, or is set up in the kernel. Files in its folder do not count. */
export async function findRemains(lab: Lab, cgroup: CgroupSetup): Promise<Remains> {
    const namespaces = namesIn("/run/netns", lab);
    const recorded = recordedProcesses(runDir(lab)).map((name) => runningPid(runDir(lab), name));
    const inside = await Promise.all(namespaces.map(netnsPids));
    const pids = new Set([
        ...recorded,
        ...inside.flat(),
        ...nspawnPids(lab),
        ...stackPids(lab),
        ...cgroupPids(cgroup, lab.cgroup),
    ]);
    return {
        processes: [...pids]
            .filter((pid) => pid !== undefined && startTime(pid) !== undefined)
            .map((pid) => Number(pid))
            .sort((a, b) => a - b)
            .map((pid) => ({ pid, command: commandOf(pid) })),
        namespaces,
        links: namesIn("/sys/class/net", lab),
        mounts: currentMounts(lab.dir),
        cgroups: existingCgroups(cgroup, lab.cgroup),
        tables: await labTables(lab),
    };
}

export const nothingRemains = (remains: Remains): boolean => Object.values(remains).every((list) => list.length === 0);

/**
 * Takes a lab down: every process by its own pid, then mounts, namespaces, links, its table of the packet filter and
 * control groups; with `files` its folder too, keys and state included. Works from any half-gone state, and does nothing where nothing is left.
 */
export async function removeLab(
    lab: Lab,
    cgroup: CgroupSetup,
    files: "files" | "keep-files",
    progress: Progress,
): Promise<void> {
    progress(`stopping the processes of lab ${lab.name}`);
    const found = await findRemains(lab, cgroup);
    // First those that work on the servers: they would wait for what goes away under them.
    await endAll(stackPids(lab));
    await Promise.all(
        recordedProcesses(runDir(lab)).map((name) =>
            stopProcess(runDir(lab), name, name.startsWith("service-") ? 3000 : 0),
        ),
    );
    await emptyCgroups(cgroup, lab.cgroup);
    await endAll((await findRemains(lab, cgroup)).processes.map(({ pid }) => pid));
    progress(
        `removing ${found.mounts.length} mounts, ${found.namespaces.length} namespaces, ${found.links.length} links`,
    );
    await unmountBelow(lab.dir);
    for (const link of namesIn("/sys/class/net", lab)) {
        // The other end of a cable goes with it.
        await succeeds("ip", ["link", "delete", link]);
    }
    for (const namespace of namesIn("/run/netns", lab)) {
        if (!(await succeeds("ip", ["netns", "delete", namespace]))) {
            fs.rmSync(path.join("/run/netns", namespace), { force: true });
        }
    }
    await disconnectFromInternet(lab);
    removeCgroups(cgroup, lab.cgroup);
    removeEmptyParents(cgroup, path.dirname(lab.cgroup));
    const left = await findRemains(lab, cgroup);
    if (!nothingRemains(left)) {
        throw new Error(
            `lab ${lab.name} is not gone: ${JSON.stringify(left)}\n` +
                "  what to do: run lab:down again; a process in state D has to end first",
        );
    }
    if (files === "files") {
        progress(`removing ${lab.dir}`);
        await run("rm", ["-rf", "--one-file-system", lab.dir]);
    }
}

/** Kills processes, each by its own pid. */
async function endAll(pids: readonly number[]): Promise<void> {
    for (const pid of pids) {
        const started = startTime(pid);
        if (started !== undefined) {
            await endProcess(pid, started, 0);
        }
    }
}

/** The folder that all labs share goes with the last of them. */
function removeEmptyParents(cgroup: CgroupSetup, parent: string): void {
    for (const hierarchy of [...cgroup.controllers, ...cgroup.tracking]) {
        try {
            fs.rmdirSync(path.join(hierarchy, parent));
        } catch {
            // Another lab lives there, or it was never made.
        }
    }
}
