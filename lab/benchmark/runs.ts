import { spawn } from "node:child_process";
import * as path from "node:path";
import { createInterface } from "node:readline";
import * as pulumi from "@pulumi/pulumi";
import { loadUpstreamFile } from "../../components/platform/upstream-file";
import type { SealingKey } from "../../components/trust/sealing-key";
import type { RegionTrust } from "../../components/trust/outputs";
import { loadStackConfig } from "../../infra/config/load";
import type { FileName } from "../../infra/config/lock";
import type { RegionConfig } from "../../infra/config/types";
import { renderByHand } from "../by-hand";
import { cgroupSetup } from "../cgroup";
import { sshConfigFile } from "../keys";
import { makeLab, type MadeLab } from "../make";
import { Phases } from "../phases";
import { sshNode } from "../node";
import { labNode, type Lab } from "../plan";
import { run, until } from "../process";
import { ensureStack, mustPulumi, stackOutputs } from "../pulumi";
import { regionInput, seedRepository, trustStack, upArguments, upTrust, waitForApplication, writeConfig } from "../region";
import { removeLab } from "../remains";
import { stackKeys } from "../stack";
import { formatStatus, regionStatus, type LabStatus } from "../status";
import type { Measured, Way } from "./figures";
import { watchMemory } from "./memory";

type Milestones = Record<string, number>;

/** What of the program's resources tells that a milestone is reached: the last of them that is created counts. */
const resources: readonly (readonly [string, RegExp])[] = [
    ["first server prepared", /-nodes-cp-01-loadbalancer$/],
    ["servers prepared", /-nodes-.*-loadbalancer$/],
    ["cluster begun", /-cluster-init$/],
    ["platform applied", /-platform-argocd-.*(deployment|stateful-set)$/],
    ["servers joined", /-cluster-(cp|worker)-\d\d$/],
];

async function byPulumi(made: MadeLab): Promise<() => Promise<Milestones>> {
    const { lab, programs } = made;
    writeConfig(lab, lab.name, await regionInput(made));
    await ensureStack(lab, programs, lab.name);
    return async () => {
        const milestones: Milestones = {};
        const start = Date.now();
        await mustPulumi(lab, programs, lab.name, upArguments(lab), (line) => {
            const created = /, created (\S+)$/.exec(line)?.[1];
            for (const [name, pattern] of resources) {
                if (created !== undefined && pattern.test(created)) {
                    milestones[name] = (Date.now() - start) / 1000;
                }
            }
        });
        milestones["application healthy"] = (Date.now() - start) / 1000;
        return milestones;
    };
}

/** The region's configuration as the program reads it. */
async function regionConfig(made: MadeLab): Promise<RegionConfig> {
    const input = stackKeys(await regionInput(made));
    const raw = Object.fromEntries(Object.entries(input).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
    const loaded = loadStackConfig(raw, { stack: made.lab.name });
    if (!loaded.ok || loaded.config.kind !== "region") {
        throw new Error(`the lab's own configuration is not one of a region: ${loaded.ok ? loaded.config.kind : JSON.stringify(loaded.problems)}`);
    }
    return loaded.config;
}

async function regionTrust({ lab, programs }: MadeLab): Promise<RegionTrust> {
    const { sealingKeys, deployKey } = await stackOutputs(lab, programs, trustStack);
    return { sealingKeys: sealingKeys as SealingKey[], deployKey: pulumi.secret(deployKey as string) };
}

async function byHand(made: MadeLab): Promise<() => Promise<Milestones>> {
    const { lab, lock } = made;
    const folder = path.join(lab.dir, "by-hand");
    const config = await regionConfig(made);
    const manifest = (name: FileName): Promise<string> => loadUpstreamFile(lock.files[name], config.mirrors.files?.url, config.mirrors.ca);
    await renderByHand(folder, {
        config,
        lock,
        argocdManifest: await manifest("argocd-manifest"),
        sealedSecretsManifest: await manifest("sealed-secrets-crd"),
        trust: await regionTrust(made),
    });
    return async () => {
        const milestones: Milestones = {};
        const child = spawn(path.join(__dirname, "..", "by-hand.sh"), [folder, sshConfigFile(lab)], { stdio: ["ignore", "pipe", "pipe"] });
        const said: string[] = [];
        createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
        createInterface({ input: child.stdout }).on("line", (line) => {
            const [seconds, name] = line.split("\t");
            if (seconds !== undefined && name !== undefined) {
                milestones[name] = Number(seconds);
            }
        });
        const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
        if (code !== 0) {
            throw new Error(`by-hand.sh ended with code ${code}\n  | ${said.slice(-10).join("\n  | ")}`);
        }
        return milestones;
    };
}

const ways: Readonly<Record<Way, (made: MadeLab) => Promise<() => Promise<Milestones>>>> = { "pulumi up": byPulumi, "by hand": byHand };

/** How long what has started last may take once the application answers. */
const settleLimit = 120_000;

/** Both ways end in the same state, and are asked for it in the same way: nodes, pods and application as they should be. */
async function waitUntilHealthy(lab: Lab): Promise<void> {
    const first = labNode(lab, "cp-01");
    const kubectl = (...words: string[]): Promise<string> => sshNode(lab, first, `sudo kubectl --kubeconfig /etc/kubernetes/admin.conf ${words.join(" ")}`);
    let status: LabStatus | undefined;
    const healthy = await until(settleLimit, async () => (status = await regionStatus(lab, kubectl)).healthy && status.nodes.length === lab.nodes.length, 250);
    if (!healthy) {
        throw new Error(`the region is not healthy ${settleLimit / 1000} s after its application has answered\n${status ? formatStatus(status) : ""}`);
    }
}

/** Makes a lab anew, puts up its region one way, and measures that. The lab is left as it is then. */
export async function measure(lab: Lab, way: Way): Promise<Measured> {
    await removeLab(lab, cgroupSetup(), "files", () => undefined);
    const phases = new Phases();
    const made = await makeLab(lab, phases);
    await phases.run("trust stack", () => upTrust(made));
    await phases.run("configuration in Git", () => seedRepository(made));
    const go = await ways[way](made);
    const start = Date.now();
    const since = (): number => (Date.now() - start) / 1000;
    const { result: milestones, peak: peakMemory } = await watchMemory(async () => {
        const reached = await phases.run(`region (${way})`, go);
        await phases.run("application", () => waitForApplication(lab));
        const answers = since();
        await phases.run("all healthy", () => waitUntilHealthy(lab));
        return { ...reached, "application answers": answers };
    });
    const seconds = since();
    const disk = Number((await run("du", ["--summarize", "--one-file-system", "--block-size=1M", lab.dir])).split("\t")[0]);
    return {
        way,
        seconds,
        milestones,
        phases: Object.fromEntries(phases.done.map((phase) => [phase.name, phase.seconds])),
        peakMemory,
        disk,
    };
}
