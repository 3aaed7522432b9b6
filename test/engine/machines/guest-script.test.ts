import assert from "node:assert/strict";
import * as path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { GuestSpec } from "../../../components/machines/libvirt/guest";
import { GuestVerb, guestParams } from "../../../components/machines/libvirt/guest-script";
import { basePath } from "../../../components/machines/libvirt/identity";
import { leavePoolStep, poolStep } from "../../../components/machines/libvirt/pool-script";
import { SeedSpec } from "../../../components/machines/libvirt/seed";
import { ScriptExit, ScriptValue } from "../../../components/remote/script";
import { mib } from "../../../infra/config/types";
import { exampleGuest } from "../../unit/machines/guests";
import { bridge, pool, PrivateHypervisor } from "./private-hypervisor";
import type { Outcome } from "./private-root";

const scripts = path.join(__dirname, "../../../components/machines/libvirt/scripts");
const guest: GuestSpec = {
    ...exampleGuest,
    pool,
    bridge,
    acceleration: "emulation",
    vcpus: 1,
    memory: mib(128),
    diskGiB: 1,
};
const domain = "no-oslo-1-worker-01";
const disk = `${pool}/${domain}.qcow2`;
const base = basePath(pool, guest.imageSha256);
const secret = "-----BEGIN OPENSSH PRIVATE KEY-----";

function seedOf(change: Partial<GuestSpec> = {}): SeedSpec {
    return {
        guest: { ...guest, ...change },
        fqdn: "worker-01.osl.node",
        nameservers: ["10.0.0.2"],
        authorizedKeys: ["ssh-ed25519 AAAA someone"],
        hostKey: { privateKey: secret, publicKey: "ssh-ed25519 AAAA host" },
    };
}

let hypervisor: PrivateHypervisor;
/** What must be the same after every test. */
let foreign: string;

/** The domain of somebody else that runs beside, its definition and its disk. */
function foreignState(): string {
    return hypervisor.run(
        "virsh -q -c qemu:///system domid db-01; virsh -q -c qemu:///system dumpxml db-01; virsh -q -c qemu:///system dumpxml --inactive db-01; sha256sum /var/lib/libvirt/images/fjord/db-01.qcow2",
    );
}

/** How a test calls a verb where it is not the plain guest. */
interface Call {
    readonly change?: Partial<GuestSpec>;
    readonly params?: Readonly<Record<string, ScriptValue>>;
    readonly mode?: "apply" | "check";
    readonly kill?: string;
}

function call(verb: GuestVerb, { change, params, ...options }: Call = {}): Outcome {
    return hypervisor.script(
        path.join(scripts, "guest.sh"),
        // These guests have no system that could stop when it is asked.
        {
            ...guestParams(verb, seedOf(change)),
            ...(verb === "restart" && { SHUTDOWN_WAIT: 1 }),
            ...((verb === "create" || verb === "delete") && { SHUTDOWN_WAIT: 0 }),
            ...params,
        },
        options,
    );
}

/** Runs a verb that has to end well; gives the number of its changes. */
function done(verb: GuestVerb, options: Call = {}): number {
    const { code, stdout, stderr } = call(verb, options);
    assert.equal(code, ScriptExit.ok, stderr);
    return Number((JSON.parse(stdout) as { changes: string }).changes);
}

function refused(verb: GuestVerb, message: RegExp, options: Call = {}): void {
    const { code, stderr } = call(verb, options);
    assert.equal(code, ScriptExit.failed, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /what to do: ./);
}

function tidy(): string[] {
    const { code, stdout, stderr } = hypervisor.script(path.join(scripts, "pool.sh"), {
        ...poolStep({ pool }, guest.region, [], [guest.imageSha256]).params,
    });
    assert.equal(code, ScriptExit.ok, stderr);
    return (JSON.parse(stdout) as { removed: string }).removed.split(" ").filter((name) => name !== "");
}

const domains = (): string[] => hypervisor.run("virsh -q -c qemu:///system list --all --name | sort").split("\n");
const stateOf = (name: string): string => hypervisor.run(`virsh -q -c qemu:///system domstate ${name}`);
const virtualGiB = (): number =>
    Number(hypervisor.run(`qemu-img info -U --output=json ${disk} | sed -nE 's/^    "virtual-size": ([0-9]+),?/\\1/p'`)) / 2 ** 30;
const others = [path.basename(base), `${path.basename(base)}.ok`, "db-01.qcow2"];
/** Files of the pool that belong to the guest. */
const own = (): string[] => hypervisor.files(pool).filter((file) => !others.includes(file));

const whole = [`${domain}-seed.iso`, `${domain}.qcow2`, `${domain}.qcow2.creating`];

before(async () => {
    hypervisor = await PrivateHypervisor.start();
    hypervisor.run(`qemu-img create -q -f qcow2 ${base} 16M; chmod 0444 ${base}; echo proven >${base}.ok`);
    hypervisor.run(
        `qemu-img create -q -f qcow2 ${pool}/db-01.qcow2 16M
cat >/run/db.xml <<XML
<domain type='qemu'><name>db-01</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${pool}/db-01.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>
XML
virsh -q -c qemu:///system define /run/db.xml; virsh -q -c qemu:///system start db-01`,
    );
    foreign = foreignState();
});
after(async () => hypervisor?.stop());
afterEach(() => assert.equal(foreignState(), foreign, "the foreign domain was touched"));

test("a guest is made, once", () => {
    assert.equal(call("create", { mode: "check" }).code, ScriptExit.drift);
    assert.deepEqual(own(), [], "check changed something");
    assert.ok(done("create") > 0);
    assert.deepEqual(own(), whole);
    assert.equal(stateOf(domain), "running");
    assert.equal(virtualGiB(), 1);
    assert.match(hypervisor.run(`qemu-img info -U ${disk}`), new RegExp(`backing file: ${base}`));
    assert.match(hypervisor.run(`virsh -c qemu:///system dominfo ${domain}`), /Autostart: +enable/);
    assert.match(hypervisor.run(`stat -c %a ${pool}/${domain}-seed.iso`), /^600$/);

    const before = hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`);
    assert.equal(done("create"), 0);
    assert.equal(hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`), before, "it was started again");
    assert.deepEqual(
        hypervisor.calls().filter((line) => /define|start|create|genisoimage/.test(line)),
        [],
    );
});

test("the private host key is in the seed, and nowhere else", () => {
    const seen = hypervisor.run(`grep -rlaF -e '${secret}' /run /var/log /var/lib/libvirt /etc/libvirt || true`);
    assert.equal(seen, `${pool}/${domain}-seed.iso`);
});

test("after the first boot the seed goes, also where taking it out was interrupted", () => {
    assert.equal(call("settle", { kill: "before change-media" }).code, null);
    assert.equal(call("settle", { kill: "before define" }).code, null);
    assert.ok(done("settle") > 0);
    assert.deepEqual(own(), [`${domain}.qcow2`]);
    for (const which of ["", "--inactive"]) {
        assert.doesNotMatch(hypervisor.run(`virsh -q -c qemu:///system domblklist ${domain} ${which}`), /seed/);
    }
    assert.equal(done("settle"), 0);
    assert.equal(done("create"), 0, "a finished guest was not taken as it is");
});

test("disk and limits change while it runs, and a disk never shrinks", () => {
    const before = hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`);
    const change = { diskGiB: 2, io: { iopsSec: 500, bytesSec: 1_000_000 }, autostart: false };
    assert.equal(call("change", { change, mode: "check" }).code, ScriptExit.drift);
    assert.equal(done("change", { change }), 4);
    assert.equal(virtualGiB(), 2);
    for (const scope of ["--live", "--config"]) {
        const limits = hypervisor.run(`virsh -q -c qemu:///system blkdeviotune ${domain} vda ${scope}`);
        assert.match(limits, /total_iops_sec *: 500\n/);
        assert.match(limits, /total_bytes_sec *: 1000000\n/);
    }
    assert.match(hypervisor.run(`virsh -c qemu:///system dominfo ${domain}`), /Autostart: +disable/);
    assert.equal(done("change", { change }), 0);
    assert.equal(done("change"), 3, "limits are taken away, autostart is put back");
    assert.equal(virtualGiB(), 2);
    assert.equal(hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`), before, "it was started again");
});

test("other settings come with a restart, and without need there is none", () => {
    assert.equal(done("restart"), 0);
    const change = { memory: mib(160) };
    assert.equal(call("restart", { change, mode: "check" }).code, ScriptExit.drift);
    assert.equal(done("restart", { change }), 1);
    assert.equal(hypervisor.run(`virsh -q -c qemu:///system dominfo ${domain} | sed -n 's/^Max memory: *//p'`), "163840 KiB");
    assert.equal(stateOf(domain), "running");
    assert.equal(virtualGiB(), 2, "the disk is another one");
    assert.equal(done("restart", { change }), 0);
});

test("a restart that was interrupted goes on", () => {
    assert.equal(call("restart", { kill: "after define" }).code, null);
    assert.equal(call("restart", { mode: "check" }).code, ScriptExit.drift);
    assert.equal(call("restart", { kill: "after destroy" }).code, null);
    assert.equal(stateOf(domain), "shut off");
    assert.equal(done("restart"), 1);
    assert.equal(stateOf(domain), "running");
});

test("a definition that libvirt refuses changes nothing", () => {
    const before = hypervisor.run(`virsh -q -c qemu:///system dumpxml ${domain} --inactive`);
    refused("restart", /libvirt refuses the definition of no-oslo-1-worker-01: .+/, {
        params: { FINAL_XML: "<domain type='qemu'><name>x</name></domain>", SPEC: "another" },
    });
    assert.equal(stateOf(domain), "running");
    assert.equal(hypervisor.run(`virsh -q -c qemu:///system dumpxml ${domain} --inactive`), before);
});

test("a definition that does not start gives way to the old one", () => {
    const params = guestParams("restart", seedOf({ memory: mib(192) }));
    refused("restart", /does not start with its new settings: .+\n.*runs with the old ones again/, {
        change: { memory: mib(192) },
        // Valid, and without the file that it starts from.
        params: { FINAL_XML: String(params["FINAL_XML"]).replace(disk, `${pool}/nothing.qcow2`) },
    });
    assert.equal(stateOf(domain), "running");
    assert.equal(done("restart"), 0);
});

test("a guest is removed with all that is its own, also where that was interrupted", () => {
    assert.equal(call("delete", { kill: "before undefine" }).code, null);
    assert.ok(done("delete") > 0);
    assert.deepEqual(domains(), ["db-01"]);
    assert.deepEqual(own(), []);
    assert.equal(hypervisor.exists(`/var/log/libvirt/qemu/${domain}-console.log`), false);
    assert.deepEqual(hypervisor.files("/var/lib/libvirt/qemu/nvram"), []);
    assert.equal(done("delete"), 0);
    assert.ok(hypervisor.exists(base), "the base is not the guest's");
});

for (const kill of [
    "before qemu-img create",
    "after qemu-img create",
    "after genisoimage",
    "after define",
    "after start",
]) {
    test(`a guest whose making was killed ${kill} is made anew by the next run`, () => {
        assert.equal(call("create", { kill }).code, null);
        assert.ok(done("create") > 0);
        assert.deepEqual(domains(), ["db-01", domain]);
        assert.deepEqual(own(), whole);
        assert.equal(stateOf(domain), "running");
        assert.deepEqual(hypervisor.files("/run/fjord"), ["holder", "lock"], "what was in hand lies there");
        done("delete");
        assert.deepEqual(own(), []);
    });
}

test("a first boot that took too long, or had other settings, is begun again", () => {
    done("create");
    const first = hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`);
    hypervisor.run(`touch -d '-400 seconds' ${disk}.creating`);
    assert.equal(done("create"), 0, "an emulated guest has 900 s");
    assert.ok(done("create", { params: { BOOT_LIMIT: 300 } }) > 0);
    assert.notEqual(hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`), first);
    assert.ok(done("create", { change: { memory: mib(160) } }) > 0);
    assert.deepEqual(own(), whole);
});

test("an unfinished guest that is not wanted any more goes, a finished one stays and is told", () => {
    assert.deepEqual(tidy(), [domain]);
    assert.deepEqual(domains(), ["db-01"]);
    assert.deepEqual(own(), []);

    done("create");
    done("settle");
    assert.deepEqual(tidy(), []);
    assert.equal(stateOf(domain), "running");
    done("delete");
});

test("a finished guest of another system is made anew, one that does not tell its system is taken", () => {
    const id = (): string => hypervisor.run(`virsh -q -c qemu:///system domid ${domain}`);
    done("create");
    done("settle");
    const first = id();
    const change = { address: "10.0.0.99" };
    assert.equal(call("create", { change, mode: "check" }).code, ScriptExit.drift);
    assert.equal(id(), first);
    assert.ok(done("create", { change }) > 0);
    assert.notEqual(id(), first);
    assert.deepEqual(own(), whole, "it has a seed again: its disk is new");
    done("settle", { change });
    const second = id();
    assert.equal(done("create", { change }), 0);

    // As it was before domains told their system.
    hypervisor.run(
        `virsh -q -c qemu:///system dumpxml ${domain} --inactive >/run/old.xml; sed -i '/fjord:system/d' /run/old.xml; virsh -q -c qemu:///system define /run/old.xml`,
    );
    assert.equal(done("create"), 0);
    assert.equal(id(), second);
    done("delete");
    assert.deepEqual(own(), []);
});

test("a making of another system that was killed is made by the next run", () => {
    done("create");
    done("settle");
    const change = { address: "10.0.0.99" };
    assert.equal(call("create", { change, kill: "before undefine" }).code, null);
    assert.ok(done("create", { change }) > 0);
    assert.deepEqual(own(), whole);
    done("delete");
    assert.deepEqual(own(), []);
});

test("what somebody else has is not taken", () => {
    refused("create", /the name db-01 is taken by a domain .*made without fjord/, {
        params: { DOMAIN: "db-01", DISK: `${pool}/db-01.qcow2` },
    });
    for (const verb of ["settle", "change", "restart", "delete"] as const) {
        refused(verb, /the name db-01 is taken/, { params: { DOMAIN: "db-01", DISK: `${pool}/db-01.qcow2` } });
    }
    assert.deepEqual(own(), []);

    done("create");
    refused("delete", /\(uuid [0-9a-f-]{36}, region no-oslo-1\)/, { params: { REGION: "no-bergen-1" } });
    assert.equal(stateOf(domain), "running");
    done("delete");

    hypervisor.run(`echo precious >${disk}`);
    refused("create", /worker-01\.qcow2 exists and no domain of this stack has it/);
    assert.equal(done("delete"), 0);
    assert.equal(hypervisor.run(`cat ${disk}`), "precious");
    hypervisor.run(`rm ${disk}`);
});

test("what is missing is said before anything is made", () => {
    refused("create", /there is no bridge br7/, { change: { bridge: "br7" } });
    refused("create", /needs 999999 MiB, and the guests that run on this hypervisor have 64 of its \d+ MiB/, {
        params: { MEMORY: 999999 },
    });
    refused("create", /the base image .* is not in the pool/, { change: { imageSha256: "b2".repeat(32) } });
    refused("change", /there is no domain no-oslo-1-worker-01/);
    assert.deepEqual(own(), []);
});

test("a full pool is said with its figures, before anything is made", () => {
    hypervisor.run(`mkdir /run/small; mount -t tmpfs -o size=8M fjord /run/small; cp ${base} ${base}.ok /run/small/`);
    refused("create", /the pool \/run\/small is too full for worker-01: \d+ MiB free, a tenth of its disk of 1024 MiB/, {
        change: { pool: "/run/small" },
    });
    assert.deepEqual(hypervisor.files("/run/small"), [path.basename(base), `${path.basename(base)}.ok`]);
    assert.deepEqual(domains(), ["db-01"]);
});

test("a base goes when nothing has needed it for an hour", () => {
    const unused = basePath(pool, "c3".repeat(32));
    const young = basePath(pool, "d4".repeat(32));
    done("create");
    hypervisor.run(`cp ${base} ${unused}; cp ${base} ${young}; cp ${base} ${pool}/fjord-base-of-mine.qcow2; touch -d '-2 hours' ${pool}/fjord-base-*`);
    hypervisor.run(`touch ${young}`);
    const prune = (): string => {
        const { code, stdout, stderr } = hypervisor.script(path.join(scripts, "pool.sh"), {
            ...poolStep({ pool }, guest.region, [domain], []).params,
        });
        assert.equal(code, ScriptExit.ok, stderr);
        return (JSON.parse(stdout) as { pruned: string }).pruned;
    };
    hypervisor.run(`echo broken >${pool}/somebody.qcow2`);
    assert.equal(prune(), "", "a disk that cannot be read could need it");
    hypervisor.run(`rm ${pool}/somebody.qcow2`);
    assert.equal(prune(), unused);
    for (const kept of [base, young, `${pool}/fjord-base-of-mine.qcow2`]) {
        assert.ok(hypervisor.exists(kept), kept);
    }
});

test("a hypervisor that leaves the stack keeps nothing of the region but finished guests and what they need", () => {
    const young = basePath(pool, "e5".repeat(32));
    const leave = (): unknown => {
        const { code, stdout, stderr } = hypervisor.script(path.join(scripts, "pool.sh"), leavePoolStep({ pool }, guest.region).params);
        assert.equal(code, ScriptExit.ok, stderr);
        return JSON.parse(stdout);
    };
    hypervisor.run(`cp ${base} ${young}; echo proven >${young}.ok; rm -f ${pool}/fjord-base-of-mine.qcow2 ${basePath(pool, "d4".repeat(32))}`);
    done("create");
    done("settle");
    assert.deepEqual(leave(), { removed: "", unwanted: domain, pruned: young });
    assert.equal(stateOf(domain), "running");
    assert.ok(hypervisor.exists(base), "its disk needs it");
    done("delete");

    done("create");
    assert.deepEqual(leave(), { removed: domain, unwanted: "", pruned: base });
    assert.deepEqual(domains(), ["db-01"]);
    assert.deepEqual(hypervisor.files(pool), ["db-01.qcow2"], "neither a disk, nor a seed, nor a base is left");
    assert.deepEqual(leave(), { removed: "", unwanted: "", pruned: "" });
});
