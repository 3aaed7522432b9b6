import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { TestContext } from "node:test";
import type { RegionInput } from "../../../infra/config/schema/region";
import { diagnostics } from "../../../lab/pulumi";
import { guestImageName } from "../../../lab/services/files";
import { sshNode, startNode, stopNode, waitForSsh } from "../../../lab/node";
import type { TestRegion } from "../test-region";

type Hypervisor = NonNullable<RegionInput["hypervisors"]>[number];

/** One thing wrong on the hypervisor or in what the stack says of it, and the error that a person is to see. */
interface Fault {
    readonly name: string;
    /** Changes the hypervisor's entry of the stack. */
    readonly says?: (hypervisor: Hypervisor) => Hypervisor;
    /** Does something to the server, and undoes it. */
    readonly breaks?: (region: TestRegion) => Promise<() => Promise<void>>;
    readonly expected: RegExp;
}

const onHypervisor = (region: TestRegion, command: string): Promise<string> =>
    sshNode(region.lab, region.node("hv-01"), command);

const undoneBy =
    (does: string, undoes: string) =>
    async (region: TestRegion): Promise<() => Promise<void>> => {
        await onHypervisor(region, does);
        return async () => void (await onHypervisor(region, undoes));
    };

const faults: readonly Fault[] = [
    {
        name: "a bridge that is missing",
        says: (hypervisor) => ({ ...hypervisor, bridge: "br9" }),
        expected: /fjord: hv-01: step hypervisor failed: bridge is absent.*what to do: /s,
    },
    {
        name: "KVM that is missing or broken",
        says: (hypervisor) => ({ ...hypervisor, acceleration: "kvm" }),
        expected: /fjord: hv-01: step hypervisor failed: .*kvm is (absent|broken).*what to do: /s,
    },
    {
        name: "more memory promised than there is",
        says: (hypervisor) => ({ ...hypervisor, capacity: { ...hypervisor.capacity, memoryMiB: 10_000_000 } }),
        expected: /fjord: hv-01: step hypervisor failed: .*memory is \d+ MiB, must be at least \d+ MiB.*what to do: /s,
    },
    {
        name: "a pool that is full",
        breaks: undoneBy(
            "sudo -n mkdir -p /var/lib/libvirt/images/fjord && sudo -n mount -t tmpfs -o size=8m tmpfs /var/lib/libvirt/images/fjord",
            "sudo -n umount /var/lib/libvirt/images/fjord",
        ),
        expected: /fjord: hv-01: step hypervisor failed: .*disk is \d+ MiB, must be at least \d+ MiB.*what to do: /s,
    },
    {
        name: "a hypervisor that is off",
        breaks: async (region) => {
            const { lab, made } = region;
            const server = region.node("hv-01");
            await stopNode(lab, server, made.host);
            return async () => {
                await startNode(lab, server, made.host);
                await waitForSsh(lab, server);
            };
        },
        expected: /fjord: hv-01: step hypervisor did not start: the machine did not answer at 10\.83\.0\.201:22.*what to do: check that it is powered on/s,
    },
    {
        name: "an image with another checksum than the lock's",
        breaks: async ({ lab, made: { lock } }) => {
            const image = lock.guestImages?.[guestImageName];
            assert.ok(image);
            // A link to the file that all labs share.
            const served = path.join(lab.dir, "files", "images", `${image.sha256}.qcow2`);
            const target = fs.readlinkSync(served);
            fs.rmSync(served);
            fs.writeFileSync(served, "other bytes");
            return async () => {
                fs.rmSync(served);
                fs.symlinkSync(target, served);
            };
        },
        expected: /fjord: hv-01: step \S+ failed: \S+ has sha256 [0-9a-f]{64}, the lock says [0-9a-f]{64}.*what to do: /s,
    },
    {
        name: "a name that a foreign domain has",
        breaks: undoneBy(
            `printf '<domain type="qemu"><name>guest-worker-01</name><memory unit="MiB">64</memory><os><type arch="x86_64">hvm</type></os></domain>' > /tmp/foreign.xml && sudo -n virsh -q define /tmp/foreign.xml`,
            "sudo -n virsh -q undefine guest-worker-01 && rm /tmp/foreign.xml",
        ),
        expected: /fjord: hv-01: step guest-worker-01 failed: the name guest-worker-01 is taken by a domain that is not this stack's.*what to do: ask who runs it/s,
    },
];

/** Every fault of a hypervisor is an error that names it, the step, the cause and what to do, and makes no guest. */
export async function hypervisorFaults(t: TestContext, region: TestRegion): Promise<void> {
    for (const { name, says = (hypervisor: Hypervisor) => hypervisor, breaks, expected } of faults) {
        await region.configure((input) => ({ ...input, hypervisors: input.hypervisors?.map(says) ?? [] }));
        const undo = await breaks?.(region);
        const result = await region.tryUp();
        await undo?.();
        assert.notEqual(result.code, 0, name);
        assert.match(diagnostics(result.output), expected, name);
        t.diagnostic(`${name} (${result.seconds.toFixed(1)} s):\n${diagnostics(result.output)}`);
    }
    await region.configure();
    assert.equal((await onHypervisor(region, "sudo -n virsh -q list --all --name")).trim(), "", "no guest was made");
}
