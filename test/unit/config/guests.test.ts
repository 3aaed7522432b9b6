import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { imageNamed, imageNames, refusedImage } from "../../../components/machines/images";
import { labPlan, planNamed, planNames } from "../../../components/machines/plans";
import { guestImageUrl } from "../../../infra/config/lock";
import { formatIpv4 } from "../../../infra/config/network";
import { RegionConfig } from "../../../infra/config/types";
import {
    Config,
    directory,
    fromFile,
    guestImages,
    guestRegion,
    loaded,
    ownImage,
    problems,
    region,
    set,
} from "./fixtures";

function regionOf(config: Config): RegionConfig {
    const result = loaded(config);
    assert.ok(result.ok, JSON.stringify(result));
    return result.config as RegionConfig;
}

test("the example on guests loads, with every default filled in", () => {
    const example = fromFile("no-bergen-1");
    const { machines, hypervisors, guestNetwork, images, plans } = regionOf(example);
    assert.deepEqual(machines[0], {
        kind: "libvirt",
        name: "cp-01",
        role: "control-plane",
        plan: "nvme-16gb",
        labels: {},
        taints: [{ key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" }],
        user: "root",
        address: "10.30.0.11",
        nodeAddress: "10.30.0.11",
        image: "debian-12",
    });
    assert.deepEqual(hypervisors[0], {
        name: "hv-01",
        ssh: {
            address: "10.30.0.5",
            port: 22,
            user: "root",
            hostKey: (example["hypervisors"] as { hostKey: string }[])[0]!.hostKey,
        },
        pool: "/var/lib/libvirt/images/fjord",
        bridge: "br0",
        acceleration: "kvm",
        capacity: { vcpus: 16, memory: 61440, diskGiB: 800 },
        vcpuRatio: 1,
    });
    assert.deepEqual(guestNetwork, { prefixLength: 24, gateway: "10.30.0.1", nameservers: ["10.30.0.2", "10.30.0.3"] });
    assert.deepEqual(images, [{ name: "debian-12", url: imageNamed("debian-12")!.url }]);
    assert.deepEqual(plans, []);
});

test("a region without guests has none of it, and may have hypervisors that nothing runs on", () => {
    const plain = regionOf(region());
    assert.deepEqual([plain.hypervisors, plain.guestNetwork, plain.images, plain.plans], [[], undefined, [], []]);
    const hypervisors = fromFile("no-bergen-1")["hypervisors"];
    assert.equal(regionOf({ ...region(), hypervisors }).hypervisors.length, 3);
});

test("what a guest and a hypervisor say themselves wins over what is written elsewhere", () => {
    const config = [
        [["ssh", "user"], "ops"],
        [["machines", 3, "user"], "debian"],
        [["machines", 3, "hypervisor"], "hv-02"],
        [["hypervisors", 1, "acceleration"], "emulation"],
        [["hypervisors", 1, "jump"], { address: "192.0.2.1", hostKey: hostKeyOf(0) }],
    ].reduce<Config>((all, [at, value]) => set(all, at as string[], value), guestRegion());
    const { machines, hypervisors, images, plans } = regionOf(config);
    const [first, , , pinned, , last] = machines;
    assert.ok(first?.kind === "libvirt" && pinned?.kind === "libvirt" && last?.kind === "libvirt");
    assert.deepEqual([first.user, "hypervisor" in first], ["ops", false]);
    assert.deepEqual([pinned.user, pinned.hypervisor], ["debian", "hv-02"]);
    assert.deepEqual([hypervisors[1]!.acceleration, hypervisors[1]!.ssh.jump?.user], ["emulation", "ops"]);
    assert.deepEqual(images, [{ name: "debian-12", url: imageNamed("debian-12")!.url }, ownImage]);
    assert.deepEqual(plans, [
        { name: "nvme-12gb", vcpus: 4, memory: 12288, diskGiB: 120, io: { iops: 20000 } },
        { name: "nvme-24gb", vcpus: 6, memory: 24576, diskGiB: 240 },
    ]);
    assert.equal(planNamed(last.plan, plans), plans[0]);
});

function hostKeyOf(index: number): string {
    return (fromFile("no-bergen-1")["hypervisors"] as { hostKey: string }[])[index]!.hostKey;
}

test("guests need a network, and hypervisors to run on", () => {
    const lacking = set(set(guestRegion(), ["guestNetwork"], undefined), ["hypervisors"], undefined);
    assert.deepEqual(problems(lacking), [
        "fjord:guestNetwork: is missing, and fjord:machines[0] is of kind libvirt",
        "fjord:hypervisors: is missing, and fjord:machines[0] is of kind libvirt",
    ]);
});

test("somebody but the stack can log in to guests", () => {
    const at = "fjord:ssh.authorizedKeys";
    for (const none of [undefined, []]) {
        assert.deepEqual(problems(set(guestRegion(), ["ssh", "authorizedKeys"], none)), [
            `${at}: is empty, and fjord:machines[0] is made by the stack, which lets in only whom it is told`,
        ]);
    }
    assert.match(problems(set(guestRegion(), ["ssh", "authorizedKeys"], ["ssh-dss AAAA"])).join(), /authorizedKeys\[0\]: /);
});

test("an entry without a usable kind is checked as what it looks like", () => {
    const guest = set(set(guestRegion(), ["machines", 3, "kind"], undefined), ["machines", 3, "adress"], "x");
    assert.deepEqual(problems(set(guest, ["machines", 3, "address"], "worker.bgo.node")), [
        'fjord:machines[3].address: "worker.bgo.node" is not an IPv4 address',
        "fjord:machines[3].adress: is not a key that fjord knows",
        "fjord:machines[3].kind: is missing",
    ]);
    const server = set(set(region(), ["machines", 3, "kind"], "kvm"), ["machines", 3, "hostKey"], undefined);
    assert.deepEqual(problems(server), ["fjord:machines[3].hostKey: is missing", 'fjord:machines[3].kind: is "kvm"']);
    assert.match(
        problems(set(region(), ["machines", 3], "worker")).join(),
        /machines\[3\]: is "worker", which is a text/,
    );
});

test("exactly the addresses that a host of the guest network may have are accepted", () => {
    const example = guestRegion();
    const taken = new Set([1, 5, 6, 7, 11, 12, 13, 21, 22].map((last) => `10.30.0.${last}`));
    const near = fc.integer({ min: 10 * 2 ** 24 + 30 * 2 ** 16 - 8, max: 10 * 2 ** 24 + 30 * 2 ** 16 + 264 });
    fc.assert(
        fc.property(near.map(formatIpv4), (address) => {
            const last = Number(address.split(".")[3]);
            const right = address.startsWith("10.30.0.") && last !== 0 && last !== 255 && !taken.has(address);
            const found = problems(set(example, ["machines", 5, "address"], address));
            assert.equal(found.length, right ? 0 : 1, found.join());
        }),
        { numRuns: 60 },
    );
    const network = (key: string, value: unknown) => problems(set(example, ["guestNetwork", key], value)).join();
    assert.match(network("gateway", "10.30.0.0"), /gateway: .*network 10.30.0.0\/24 itself/);
    assert.match(network("nameservers", ["10.30.0.2", "10.96.0.10"]), /nameservers\[1\]: .*serviceCidr/);
});

test("a guest fits its hypervisor alone: memory, disk, and vcpus times the ratio", () => {
    const pinned = (changes: Readonly<Record<string, unknown>>) =>
        problems(
            Object.entries(changes).reduce<Config>(
                (all, [key, value]) => set(all, ["hypervisors", 1, ...key.split(".")], value),
                set(guestRegion(), ["machines", 3, "hypervisor"], "hv-02"),
            ),
        ).join();
    assert.equal(pinned({ capacity: { vcpus: 6, memoryMiB: 16384, diskGiB: 160 } }), "");
    for (const short of [{ vcpus: 5 }, { memoryMiB: 16383 }, { diskGiB: 159 }]) {
        assert.match(
            pinned({ capacity: { vcpus: 6, memoryMiB: 16384, diskGiB: 160, ...short } }),
            /machines\[3\].plan: "nvme-16gb" asks for 6 vcpus, 16384 MiB and 160 GiB, more than the whole of hv-02 \(/,
        );
    }
    assert.equal(pinned({ capacity: { vcpus: 3, memoryMiB: 16384, diskGiB: 160 }, vcpuRatio: 2 }), "");
    assert.notEqual(pinned({ capacity: { vcpus: 3, memoryMiB: 16384, diskGiB: 160 }, vcpuRatio: 1.5 }), "");
});

test("names are unique over hypervisors, plans and images", () => {
    assert.deepEqual(problems(set(guestRegion(), ["hypervisors", 2, "name"], "hv-01")), [
        'fjord:hypervisors[2].name: "hv-01" is also the name of fjord:hypervisors[0]',
    ]);
    assert.deepEqual(problems(set(guestRegion(), ["plans", 1, "name"], "nvme-12gb")), [
        'fjord:plans[1].name: "nvme-12gb" is also the name of fjord:plans[0]',
    ]);
    assert.deepEqual(problems(set(guestRegion(), ["images", 1], ownImage)), [
        'fjord:images[1].name: "debian-12-hardened" is also the name of fjord:images[0]',
    ]);
});

test("a name that is wrong where it is given is not wrong again where it is used", () => {
    const pinned = set(guestRegion(), ["machines", 3, "hypervisor"], "hv-02");
    for (const at of [["plans", 0, "name"], ["images", 0, "name"], ["hypervisors", 1, "name"]]) {
        const found = problems(set(pinned, at, "No_Name"));
        assert.equal(found.length, 1, found.join());
        assert.match(found[0]!, /"No_Name" is not/);
    }
});

test("every server has one host key, hypervisors and their jump hosts among them", () => {
    const jump = (hostKey: string, address = "10.30.0.7") =>
        problems(set(guestRegion(), ["hypervisors", 0, "jump"], { address, hostKey })).join();
    assert.equal(jump(hostKeyOf(2)), "");
    assert.match(
        jump(hostKeyOf(1)),
        /hypervisors\[2\].hostKey: is another host key for 10.30.0.7:22 than fjord:hypervisors\[0\].jump.hostKey/,
    );
    assert.match(
        jump(hostKeyOf(0), "10.30.0.5"),
        /hypervisors\[0\].jump.address: "10.30.0.5" is the hypervisor itself/,
    );
    const server = { hostKey: hostKeyOf(1), address: "10.30.0.6" };
    const existing = { kind: "existing", name: "worker-01", role: "worker", ...server };
    assert.match(
        problems(set(guestRegion(), ["machines", 3], existing)).join(),
        /machines\[3\].address: 10.30.0.6:22 is also the address of fjord:hypervisors\[1\]/,
    );
});

test("the length of a guest's name on its hypervisor counts the stack's name where the region has none", () => {
    const named = (region: string | undefined, length: number) => {
        const config = set(set(guestRegion(), ["domain"], "n.no"), ["name"], region);
        return problems(set(config, ["machines", 3, "name"], "w".repeat(length))).join();
    };
    assert.equal(named(undefined, 55), "");
    assert.match(named(undefined, 56), /on its hypervisor 61 characters long: test-w/);
    assert.equal(named("a", 58), "");
    assert.match(named("a", 59), /on its hypervisor 61 characters long: a-w/);
});

test("an image that the lock does not have, or has from elsewhere, is refused with the command", () => {
    const withImages = (images: unknown) => {
        const lock = "stacks/other.lock.json";
        const whole = JSON.parse(fs.readFileSync(path.join(directory, "stacks/upstream.lock.json"), "utf8"));
        fs.writeFileSync(path.join(directory, lock), JSON.stringify({ ...whole, guestImages: images }));
        const result = loaded({ ...guestRegion(), lock });
        return result.ok ? [] : result.problems.map(({ path, message, fix }) => `${path}: ${message} -> ${fix}`);
    };
    assert.deepEqual(withImages(guestImages), []);
    const lacking = withImages(undefined);
    assert.equal(lacking.length, 2, "one problem an image");
    assert.match(
        lacking[0]!,
        /machines\[0\].image: "debian-12" has no checksum in stacks\/other.lock.json -> run `npm run lock`/,
    );
    assert.match(lacking[1]!, /machines\[5\].image: "debian-12-hardened" has no checksum/);
    const debian = guestImages["debian-12"]!;
    const moved = withImages({ ...guestImages, "debian-12": { ...debian, url: "https://old.node/a.qcow2" } });
    assert.match(
        moved.join(),
        /"debian-12" is pinned in .* from https:\/\/old.node\/a.qcow2, and is to come from https:\/\/cloud.debian.org/,
    );
    assert.match(
        withImages({ "debian-12": { ...debian, sha256: "" } }).join(),
        /fjord:lock: .*guestImages.debian-12.sha256: is not resolved/,
    );
});

test("the catalogues: one build of a vendor each, with its checksums beside it; no bound on a disk's rate", () => {
    assert.deepEqual(imageNames, ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"]);
    for (const name of imageNames) {
        const { url, sums, os, release } = imageNamed(name)!;
        assert.match(url, /^https:\/\/[^/]+\/.*20\d{6}/, "a URL with a date does not move");
        assert.equal(path.posix.dirname(url), path.posix.dirname(sums.url));
        assert.ok(name.startsWith(os) && url.includes(`/${release}/`));
        assert.equal(refusedImage(name), undefined);
    }
    assert.ok(refusedImage("ubuntu-20.04")!.instead.every((name) => imageNames.includes(name)));
    assert.equal(refusedImage("constructor"), undefined);
    assert.ok(planNames.every((name) => planNamed(name).io === undefined) && planNames.at(-1) === labPlan);
    assert.throws(
        () => planNamed("a", [{ ...planNamed("nvme-4gb"), name: "b" }]),
        /no plan "a": choose one of nvme-4gb, .*lab, b$/,
    );
});

test("a mirror has guest images by their content", () => {
    const image = { url: "https://a.node/x.img", sha256: "ab".repeat(32), bytes: 3 };
    assert.equal(guestImageUrl(image), "https://a.node/x.img");
    assert.equal(
        guestImageUrl(image, "https://mirror.bgo.node/fjord/"),
        `https://mirror.bgo.node/fjord/images/${image.sha256}.qcow2`,
    );
});

test("a guest that is out is no machine of the region, and is remembered; a server is not", () => {
    const config = regionOf(set(guestRegion(), ["machines", 4, "out"], true));
    assert.ok(!config.machines.some(({ name }) => name === "worker-02"));
    assert.deepEqual(config.outGuests?.map(({ name, kind }) => [name, kind]), [["worker-02", "libvirt"]]);
    assert.equal(regionOf(guestRegion()).outGuests, undefined);
    assert.equal(regionOf(set(region(), ["machines", 4, "out"], true)).outGuests, undefined);
});
