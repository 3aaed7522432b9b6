import * as path from "node:path";
import type { RegionInput } from "../../infra/config/schema/region";
import { cgroupSetup } from "../../lab/cgroup";
import { makeLab, type MadeLab } from "../../lab/make";
import { removeNode } from "../../lab/node";
import { Phases } from "../../lab/phases";
import { defaultMachines, labNode, planLab, type Lab, type LabNode } from "../../lab/plan";
import { run } from "../../lab/process";
import { configFile, ensureStack, mustPulumi, pulumi, stackFiles, type PulumiRun } from "../../lab/pulumi";
import { destroyArguments, previewArguments, regionInput, upArguments, writeConfig } from "../../lab/region";
import { removeLab } from "../../lab/remains";
import { kubeconfigFile } from "../../lab/status";

/** Name and range of the lab that these tests make. Nothing else uses them, so that a test beside a lab harms neither. */
export const testLabName = "test";
const testRange = "10.79.0.0/24";

/** The plan of the tests' lab, with the machines it has at this point of the story. */
export const planTestLab = (machines: readonly string[] = defaultMachines): Lab =>
    planLab({ name: testLabName, range: testRange, machines });

/** An etcd member as `etcdctl member list` shows it. */
export interface EtcdMember {
    readonly name: string;
    readonly learner: boolean;
}

/** The plan of a test's lab with other machines than it has at first. */
export type LabPlan = (machines?: readonly string[]) => Lab;

/** A lab and its region, in the state that the story has brought them to. */
export class TestRegion {
    private constructor(
        private readonly plan: LabPlan,
        private current: MadeLab,
    ) {}

    /** Makes the servers and services; what an earlier run that was killed has left is removed first. */
    static async make(plan: LabPlan): Promise<TestRegion> {
        await TestRegion.remove(plan);
        return new TestRegion(plan, await makeLab(plan(), new Phases()));
    }

    /** Removes the lab, whatever is left of it. */
    static remove(plan: LabPlan): Promise<void> {
        return removeLab(plan(), cgroupSetup(), "files", () => undefined);
    }

    get made(): MadeLab {
        return this.current;
    }

    /** Goes on with a lab whose mirrors have other content. */
    take(made: MadeLab): void {
        this.current = made;
    }

    get lab(): Lab {
        return this.current.lab;
    }

    get address(): string {
        return labNode(this.lab, "worker-01").address;
    }

    node(name: string): LabNode {
        return labNode(this.lab, name);
    }

    /** Gives the lab a list of machines; those that are not there are made, with empty disks, and booted. */
    async setMachines(machines: readonly string[] = this.lab.nodes.map(({ name }) => name)): Promise<void> {
        this.current = await makeLab(this.plan(machines), new Phases());
    }

    /** Throws one server away, which the stack no longer has. */
    async discard(name: string): Promise<void> {
        await removeNode(this.lab, this.node(name), this.current.host);
        await this.setMachines(this.lab.nodes.map((node) => node.name).filter((other) => other !== name));
    }

    /** Writes the region's configuration, as a person would who edits the stack's file. */
    async configure(edit: (input: RegionInput) => RegionInput = (input) => input): Promise<void> {
        writeConfig(this.lab, this.lab.name, edit(await regionInput(this.current)));
        await ensureStack(this.lab, this.current.programs, this.lab.name);
    }

    /** `pulumi up`, which may fail. */
    tryUp(): Promise<PulumiRun> {
        return pulumi(this.lab, this.current.programs, this.lab.name, upArguments(this.lab));
    }

    /** `pulumi preview`, which must succeed. */
    preview(): Promise<PulumiRun> {
        const args = [...previewArguments(this.lab), "--diff"];
        return mustPulumi(this.lab, this.current.programs, this.lab.name, args);
    }

    /** `pulumi up`, which must succeed. */
    up(): Promise<PulumiRun> {
        return mustPulumi(this.lab, this.current.programs, this.lab.name, upArguments(this.lab));
    }

    tryDestroy(stack: string = this.lab.name): Promise<PulumiRun> {
        const args = destroyArguments(this.lab).map((word) =>
            word === configFile(this.lab, this.lab.name) ? configFile(this.lab, stack) : word,
        );
        return pulumi(this.lab, this.current.programs, stack, args);
    }

    kubectl(...args: string[]): Promise<string> {
        const env = { FJORD_HOME: stackFiles(this.lab).home };
        return run(
            path.join(this.current.content.toolchain.bin, "kubectl"),
            ["--kubeconfig", kubeconfigFile(this.lab), "--request-timeout=20s", ...args],
            { env },
        );
    }

    async etcdMembers(through = "cp-02"): Promise<EtcdMember[]> {
        const pki = "/etc/kubernetes/pki/etcd";
        const etcdctl = [
            "etcdctl",
            "--endpoints=https://127.0.0.1:2379",
            `--cacert=${pki}/ca.crt`,
            `--cert=${pki}/server.crt`,
            `--key=${pki}/server.key`,
        ];
        const list = await this.kubectl(
            "exec",
            "-n",
            "kube-system",
            `etcd-${this.node(through).fqdn}`,
            "--",
            ...etcdctl,
            "member",
            "list",
            "-w",
            "json",
        );
        return (JSON.parse(list) as { members: { name: string; isLearner?: boolean }[] }).members
            .map(({ name, isLearner }) => ({ name, learner: isLearner ?? false }))
            .sort((a, b) => a.name.localeCompare(b.name));
    }
}

/** How many resources a run created, changed, deleted and left alone, from Pulumi's summary. */
export function changes(output: string): Readonly<Record<string, number>> {
    const summary = output.slice(output.lastIndexOf("\nResources:"));
    const counts = [
        ...summary.matchAll(
            /(\d+) (created|updated|deleted|replaced|unchanged|to create|to update|to delete|to replace)/g,
        ),
    ];
    return Object.fromEntries(counts.map(([, count, what]) => [what ?? "", Number(count)]));
}

/** Seconds with one decimal, for the figures that tests print. */
export const inSeconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;
