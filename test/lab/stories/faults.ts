import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { TestContext } from "node:test";
import { operatorKey } from "../../../lab/keys";
import { sshNode, startNode, stopNode, waitForSsh } from "../../../lab/node";
import { operatorUser } from "../../../lab/rootfs";
import { startService } from "../../../lab/services";
import type { ImageIndex } from "../../../lab/services/registry";
import { diagnostics, failedAfter, stackOutput, type PulumiRun } from "../../../lab/pulumi";
import { trustStack } from "../../../lab/region";
import { registerDeployKeys } from "../../../lab/services/repository";
import type { TestRegion } from "../test-region";
import { tracesOn } from "./workers";

/** What an error must say: which machine, which step, the cause, and what to do or where to look. */
interface Expected {
    readonly machine: string;
    readonly step: string;
    readonly cause: RegExp;
}

/** The parts of a run's diagnostics that the project has written: from `fjord:` to the end of its indented lines. */
function errorsOf(output: string): string[] {
    return [...output.matchAll(/fjord: .*(\n\s+(?:\||what to do:|log:).*)*/g)].map(([text]) => text);
}

function expectErrors(t: TestContext, result: PulumiRun, limit: number, expected: readonly Expected[]): void {
    assert.notEqual(result.code, 0, "the run fails");
    const errors = errorsOf(diagnostics(result.output));
    for (const { machine, step, cause } of expected) {
        const error = errors.find((text) => text.includes(machine) && text.includes(`step ${step} `));
        assert.ok(error, `no error names ${machine} and step ${step}:\n${diagnostics(result.output)}`);
        assert.match(error, cause);
        assert.match(error, /what to do: \S/);
        assert.match(error, /log: \S/);
        t.diagnostic(error);
    }
    assert.ok(result.seconds < limit, `${result.seconds.toFixed(0)} s, and should be within ${limit} s`);
    assert.doesNotMatch(result.output, /PRIVATE KEY/);
    t.diagnostic(`${expected.length} errors after ${result.seconds.toFixed(1)} s`);
}

/** Machines that cannot be entered, each for another reason: all are named, and none of the others is changed. */
export async function unreachable(t: TestContext, region: TestRegion): Promise<void> {
    const { lab } = region;
    const [off, strange, locked] = [region.node("worker-02"), region.node("cp-03"), region.node("worker-01")];
    await stopNode(lab, off, region.made.host);
    const wrongKey = (await operatorKey(lab)).publicKey;
    const authorized = path.join(locked.dir, "root/home", operatorUser.name, ".ssh/authorized_keys");
    const kept = fs.readFileSync(authorized, "utf8");
    fs.writeFileSync(authorized, "");

    await region.configure((input) => ({
        ...input,
        machines: input.machines.map((machine) =>
            machine.name === strange.name ? { ...machine, hostKey: wrongKey } : machine,
        ),
    }));
    const result = await region.tryUp();
    fs.writeFileSync(authorized, kept);
    expectErrors(t, result, 120, [
        { machine: off.fqdn, step: "preflight", cause: /did not answer/ },
        { machine: strange.fqdn, step: "preflight", cause: /another host key/ },
        { machine: locked.fqdn, step: "preflight", cause: /refused the key/ },
    ]);
    for (const name of ["cp-01", "cp-02"]) {
        assert.equal(await tracesOn(region, name), "path /var/log/fjord", `${name}: measured, not changed`);
    }
    await startNode(lab, off, region.made.host);
    await waitForSsh(lab, off);
}

/** Holds dpkg's lock as apt does, with fcntl. */
const holdApt = `sudo -n systemd-run --quiet --unit=hold-apt perl -e 'use Fcntl; open(F, ">>", "/var/lib/dpkg/lock-frontend") or die; my $l = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; sleep 900'`;

/** Seconds; a person would wait longer than a test. */
const aptWait = 20;

/** Servers whose packages do not come: apt held by another, and no room. Both were begun, so both are reported. */
export async function noPackages(t: TestContext, region: TestRegion): Promise<void> {
    const [held, full] = [region.node("worker-01"), region.node("worker-02")];
    await sshNode(region.lab, held, holdApt);
    await sshNode(region.lab, full, "sudo -n mount -t tmpfs -o size=1m tmpfs /var/cache/apt");
    await region.configure((input) => ({ ...input, aptWait }));
    const result = await region.tryUp();
    await sshNode(region.lab, held, "sudo -n systemctl stop hold-apt");
    await sshNode(region.lab, full, "sudo -n umount /var/cache/apt");
    await region.configure();
    expectErrors(t, result, 150, [
        {
            machine: held.fqdn,
            step: "packages",
            cause: /apt is held by another process after 20 s \(held by process \d+ \(perl\)\)/,
        },
        { machine: full.fqdn, step: "packages", cause: /disk is full \(.* free on \/var\/cache\/apt/ },
    ]);
}

/** An image that the stack names and no registry has. */
export async function noImage(t: TestContext, region: TestRegion): Promise<void> {
    const { lab, made } = region;
    const mirrors = made.content.mirrors;
    assert.ok(mirrors);
    const index = JSON.parse(fs.readFileSync(mirrors.imageIndex, "utf8")) as ImageIndex;
    const rest = Object.entries(index).filter(([name]) => !name.startsWith("registry.k8s.io/kube-proxy:"));
    assert.ok(rest.length < Object.keys(index).length);
    // The index is shared by all labs of the machine: this one's mirror gets another.
    const poorer = path.join(lab.dir, "poorer-images.json");
    fs.writeFileSync(poorer, JSON.stringify(Object.fromEntries(rest)));
    await startService(lab, "registry", { ...made.content, mirrors: { ...mirrors, imageIndex: poorer } });
    const result = await region.tryUp();
    await startService(lab, "registry", made.content);
    const errors = errorsOf(diagnostics(result.output));
    const machine = lab.nodes.find(({ fqdn }) => errors.some((text) => text.includes(fqdn)));
    expectErrors(t, result, 240, [
        {
            machine: machine?.fqdn ?? "a server",
            step: "images",
            cause: /registry\.k8s\.io\/kube-proxy:\S+ from registry\.k8s\.io: not found/,
        },
    ]);
}

/** The Git server does not know the deploy key: Argo CD's own words reach the person, and soon. */
export async function gitRefuses(t: TestContext, region: TestRegion): Promise<void> {
    registerDeployKeys(region.lab, []);
    const result = await region.tryUp();
    expectErrors(t, result, 400, [
        { machine: "payment-service-prod", step: "application", cause: /unable to authenticate|authentication/ },
    ]);
    const after = failedAfter(fs.readFileSync(result.log, "utf8"), "-payment-service-prod-healthy");
    assert.ok(after !== undefined, `the log does not say that the application failed: ${result.log}`);
    t.diagnostic(`Git's refusal was reported ${after.toFixed(1)} s after the application was made`);
    assert.ok(after < 120, `${after} s`);
    registerDeployKeys(region.lab, [
        await stackOutput(region.lab, region.made.programs, trustStack, "deployKeyPublic"),
    ]);
}
