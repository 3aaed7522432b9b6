import * as assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { kernelSettings } from "../../../components/nodes/kernel";
import { loadStackConfig } from "../../../infra/config/load";
import type { RegionConfig } from "../../../infra/config/types";
import { operatorKey } from "../../../lab/keys";
import { sshNode } from "../../../lab/node";
import { diagnostics } from "../../../lab/pulumi";
import { run } from "../../../lab/process";
import { stackKeys } from "../../../lab/stack";
import { regionInput } from "../../../lab/region";
import { checkIngress } from "../../../lab/status";
import { portSettings, takesIngress } from "../../../components/nodes/steps";
import type { RegionInput } from "../../../infra/config/schema/region";
import { killUpAt } from "../interrupt";
import { unlock } from "./interruption";
import { changes, type TestRegion } from "../test-region";

const guestAddress = (region: TestRegion): string => region.lab.guests[0]?.address ?? "";

/** Runs a command on the guest as the operator, who was let in by the seed. */
export async function onGuest(region: TestRegion, command: string): Promise<string> {
    const { file } = await operatorKey(region.lab);
    const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=20"];
    return run("ssh", ["-i", file, ...options.flatMap((option) => ["-o", option]), `ops@${guestAddress(region)}`, command]);
}

const onHypervisor = (region: TestRegion, command: string): Promise<string> =>
    sshNode(region.lab, region.node("hv-01"), command);

async function regionConfig(region: TestRegion): Promise<RegionConfig> {
    const keys = stackKeys(await regionInput(region.made));
    const raw = Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
    const loaded = loadStackConfig(raw, { stack: region.lab.name });
    assert.ok(loaded.ok && loaded.config.kind === "region");
    return loaded.config;
}

/** What is on the hypervisor of the region: domains, and files of the pool but for base images. */
export const remains = (region: TestRegion): Promise<string> =>
    onHypervisor(region, "sudo -n virsh -q list --all --name; sudo -n ls /var/lib/libvirt/images/fjord | grep -v '^fjord-base-' || true").then((text) => text.trim());

/** A guest that `up` makes is a worker like any other: its own kernel, control groups of version 2, its settings in force. */
export async function guestJoins(t: TestContext, region: TestRegion): Promise<void> {
    await region.configure();
    const { seconds } = await region.up();
    const [guest] = region.lab.guests;
    assert.ok(guest);
    assert.match(await region.kubectl("get", "nodes"), new RegExp(`^${guest.fqdn} +Ready`, "m"));
    assert.equal((await onGuest(region, "stat -fc %T /sys/fs/cgroup")).trim(), "cgroup2fs");
    assert.match(
        await onGuest(region, "sudo journalctl -u kubelet --no-pager | grep 'cgroup driver'"),
        /Using cgroup driver setting received from the CRI runtime.*cgroupDriver="systemd"/,
    );
    const config = await regionConfig(region);
    const machine = config.machines.find(({ name }) => name === guest.name);
    assert.ok(machine);
    const settings = kernelSettings({
        ingress: takesIngress(machine),
        backlog: config.platform.ingress.backlog,
        ports: portSettings(config),
    });
    for (const setting of settings) {
        const actual = (await onGuest(region, `sudo sysctl -n ${setting.key}`)).trim().replaceAll("\t", " ");
        if ("value" in setting) {
            assert.equal(actual, setting.value, setting.key);
        } else {
            assert.ok(Number(actual) >= setting.atLeast, `${setting.key} is ${actual}, should be at least ${setting.atLeast}`);
        }
    }
    const { status, page } = await checkIngress(guest.address);
    assert.equal(status, 200, page);
    t.diagnostic(`the guest was made and joined, and the application answers from it, in ${seconds.toFixed(0)} s; ${settings.length} kernel settings read back`);
}

/** The plan of all guests with more memory and a larger disk. */
export const larger = (input: RegionInput): RegionInput => ({
    ...input,
    plans: input.plans?.map((plan) => ({ ...plan, memoryMiB: plan.memoryMiB + 256, diskGiB: plan.diskGiB + 2 })) ?? [],
});

/** Another plan restarts the guest, grows its disk, and is announced; nobody else is touched. */
export async function planChanges(t: TestContext, region: TestRegion): Promise<void> {
    const look = () => onGuest(region, "cat /proc/sys/kernel/random/boot_id; awk '/^MemTotal/ { print $2 }' /proc/meminfo; df --output=size -k / | tail -1");
    const [boot, memory, disk] = (await look()).trim().split("\n");
    await region.configure(larger);
    const preview = await region.preview();
    assert.match(preview.output, /~ restarts: \{[^}]*~ memory +: 2048 => 2304/);
    assert.match(preview.output, /~ live +: \{[^}]*~ diskGiB +: 10 => 12/);
    assert.doesNotMatch(preview.output, /to replace|to delete|to create/);
    const { output, seconds } = await region.up();
    const [bootAfter, memoryAfter, diskAfter] = (await look()).trim().split("\n");
    assert.notEqual(bootAfter, boot, "it was restarted");
    assert.ok(Number(memoryAfter) > Number(memory) + 200_000, `${memory} -> ${memoryAfter} kB`);
    assert.ok(Number(diskAfter) > Number(disk) + 1_900_000, `${disk} -> ${diskAfter} kB`);
    assert.match(await region.kubectl("get", "nodes"), /worker-01\S+ +Ready +<none>/);
    t.diagnostic(`plan changed in ${seconds.toFixed(0)} s: memory ${memory} -> ${memoryAfter} kB, disk ${disk} -> ${diskAfter} kB; ${JSON.stringify(changes(output))}`);
}

/** A guest that was being made when the run was killed, and that nobody wants any more, is gone after the next run. */
export async function killedWhileMade(t: TestContext, region: TestRegion): Promise<void> {
    const [worker] = region.lab.guests;
    assert.ok(worker);
    // The plan stays: a disk does not shrink.
    await region.configure((input) => ({
        ...larger(input),
        machines: input.machines.flatMap((machine) =>
            machine.kind === "libvirt" && machine.name === worker.name
                ? [machine, { ...machine, name: "worker-09", address: worker.address.replace(/\d+$/, "29") }]
                : [machine],
        ),
    }));
    await killUpAt(region.lab, region.made.programs, { name: "guest", line: /-worker-09-domain creating/, later: 8_000 });
    unlock(region);
    assert.match(await remains(region), /-worker-09$/m, "it was half made");
    await region.configure(larger);
    const { seconds } = await region.up();
    assert.doesNotMatch(await remains(region), /worker-09/);
    t.diagnostic(`nothing is left of the half made guest after ${seconds.toFixed(1)} s: ${(await remains(region)).split("\n").join(", ")}`);
}

const withoutGuests = (input: RegionInput): RegionInput => ({ ...input, machines: input.machines.filter(({ kind }) => kind !== "libvirt") });

/** Kills the run that makes the only guest of the hypervisor, in the middle of it. */
async function killWhileOnlyOneIsMade(region: TestRegion): Promise<void> {
    assert.equal(await remains(region), "", "there is no other guest");
    await region.configure();
    await killUpAt(region.lab, region.made.programs, { name: "guest", line: /-worker-01-domain creating/, later: 8_000 });
    unlock(region);
    assert.match(await remains(region), /-worker-01$/m, "it was half made");
}

/** The only guest of a hypervisor, half made and then not wanted, is gone after the next run: no other guest has to be there. */
export async function onlyOneHalfMade(t: TestContext, region: TestRegion): Promise<void> {
    await killWhileOnlyOneIsMade(region);
    await region.configure(withoutGuests);
    const { seconds } = await region.up();
    assert.equal(await remains(region), "");
    t.diagnostic(`nothing is left of the only guest, half made, after ${seconds.toFixed(1)} s`);
}

/** Nothing is left on a hypervisor whose region is destroyed: no half made guest, no seed, no base image. */
export async function hypervisorLeaves(t: TestContext, region: TestRegion): Promise<void> {
    await killWhileOnlyOneIsMade(region);
    const { code, seconds, output } = await region.tryDestroy();
    assert.equal(code, 0, diagnostics(output));
    const left = await onHypervisor(region, "sudo -n virsh -q list --all --name; sudo -n ls -A /var/lib/libvirt/images/fjord");
    assert.equal(left.trim(), "");
    t.diagnostic(`destroyed in ${seconds.toFixed(1)} s, and nothing is left on the hypervisor`);
}

/** A guest that leaves the stack leaves the cluster, and then its hypervisor. */
export async function guestLeaves(t: TestContext, region: TestRegion): Promise<void> {
    await region.configure(withoutGuests);
    const { output, seconds } = await region.up();
    assert.equal(await remains(region), "");
    assert.doesNotMatch(await region.kubectl("get", "nodes"), /worker-01/);
    t.diagnostic(`the guest is gone after ${seconds.toFixed(1)} s: ${JSON.stringify(changes(output))}`);
}
