import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { load } from "js-yaml";
import { guestMac } from "../../../components/machines/libvirt/identity";
import { instanceId, seed, seedHash, SeedSpec } from "../../../components/machines/libvirt/seed";
import { mib } from "../../../infra/config/types";
import { anyGuest, exampleGuest } from "./guests";

const spec: SeedSpec = {
    guest: exampleGuest,
    fqdn: "worker-01.osl.node",
    nameservers: ["10.0.0.2", "10.0.0.3"],
    authorizedKeys: ["ssh-ed25519 AAAAstack fjord", "ssh-ed25519 AAAAoperator"],
    // No key: the seed only passes it on.
    hostKey: {
        privateKey: "-----BEGIN KEY-----\nline one\nline two\n-----END KEY-----",
        publicKey: "ssh-ed25519 AAAAhost",
    },
};

type Document = Record<string, unknown>;
const userData = (of: SeedSpec = spec): Document => load(seed(of).userData) as Document;

test("user-data is a cloud-config", () => {
    assert.match(seed(spec).userData, /^#cloud-config\n/);
});

test("root logs in with the keys and without a password", () => {
    const data = userData();
    assert.deepEqual(data["users"], [{ name: "root", lock_passwd: true, ssh_authorized_keys: spec.authorizedKeys }]);
    assert.equal(data["disable_root"], false);
    assert.equal(data["ssh_pwauth"], false);
});

test("another user has sudo without a password, and root does not log in", () => {
    const data = userData({ ...spec, guest: { ...exampleGuest, user: "ops" } });
    assert.deepEqual(data["users"], [
        {
            name: "ops",
            sudo: "ALL=(ALL) NOPASSWD:ALL",
            shell: "/bin/bash",
            lock_passwd: true,
            ssh_authorized_keys: spec.authorizedKeys,
        },
    ]);
    assert.equal(data["disable_root"], true);
});

test("the host key is the one that was made before, whole lines, and the only one", () => {
    const data = userData();
    assert.equal(data["ssh_deletekeys"], true);
    assert.deepEqual(data["ssh_keys"], {
        ed25519_private: `${spec.hostKey.privateKey}\n`,
        ed25519_public: "ssh-ed25519 AAAAhost\n",
    });
});

test("the host name is the full one, and /etc/hosts is not cloud-init's", () => {
    const data = userData();
    assert.equal(data["fqdn"], "worker-01.osl.node");
    assert.equal(data["prefer_fqdn_over_hostname"], true);
    assert.equal(data["manage_etc_hosts"], false);
});

test("the disk's file system grows, nothing is updated, there is no swap", () => {
    const data = userData();
    assert.deepEqual(data["growpart"], { mode: "auto", devices: ["/"], ignore_growroot_disabled: false });
    assert.equal(data["resize_rootfs"], true);
    assert.equal(data["package_update"], false);
    assert.deepEqual(data["swap"], { filename: "", size: 0 });
});

test("the guest outlives its seed: cloud-init keeps what it knows, udev keeps the interface's name", () => {
    const files = userData()["write_files"] as { path: string; content: string }[];
    assert.deepEqual(
        files.map((file) => [file.path, file.content]),
        [
            ["/etc/cloud/cloud.cfg.d/98-fjord-guest.cfg", "manual_cache_clean: true\n"],
            [
                "/etc/systemd/network/10-fjord-eth0.link",
                `[Match]\nPermanentMACAddress=${guestMac("no-oslo-1", "worker-01")}\n\n[Link]\nName=eth0\n`,
            ],
        ],
    );
});

test("no later step writes over the files that the guest needs without its seed", () => {
    const adopt = fs.readFileSync(path.join(__dirname, "../../../components/nodes/scripts/adopt.sh"), "utf8");
    assert.match(adopt, /\/etc\/cloud\/cloud\.cfg\.d\//, "it writes there, too");
    for (const { path: file } of userData()["write_files"] as { path: string }[]) {
        assert.ok(!adopt.includes(file), file);
    }
});

test("the interface is found by its MAC address and has the static address", () => {
    assert.deepEqual(load(seed(spec).networkConfig), {
        version: 2,
        ethernets: {
            eth0: {
                match: { macaddress: guestMac("no-oslo-1", "worker-01") },
                "set-name": "eth0",
                dhcp4: false,
                addresses: ["10.0.0.21/24"],
                routes: [{ to: "0.0.0.0/0", via: "10.0.0.1" }],
                nameservers: { addresses: ["10.0.0.2", "10.0.0.3"] },
            },
        },
    });
});

test("a MAC address of digits is quoted: YAML 1.1 would read a number to base 60", () => {
    const name = Array.from({ length: 100_000 }, (_, index) => `worker-${index}`).find((one) =>
        /^52:54:00(:[0-5]\d){3}$/.test(guestMac("no-oslo-1", one)),
    );
    assert.ok(name);
    const text = seed({ ...spec, guest: { ...exampleGuest, name } }).networkConfig;
    assert.match(text, /macaddress: (['"])52:54:00(:\d\d){3}\1$/m);
});

test("the instance is another one exactly where the guest is made anew", () => {
    assert.match(instanceId(exampleGuest), /^no-oslo-1-worker-01-[0-9a-f]{12}$/);
    assert.equal((load(seed(spec).metaData) as Document)["instance-id"], instanceId(exampleGuest));
    assert.equal(
        instanceId({ ...exampleGuest, memory: mib(1), diskGiB: 1, autostart: false }),
        instanceId(exampleGuest),
    );
    assert.notEqual(instanceId({ ...exampleGuest, address: "10.0.0.22" }), instanceId(exampleGuest));
});

test("the hash follows every input of the seed but the private key", () => {
    const same = (change: Partial<SeedSpec>) => seedHash({ ...spec, ...change }) === seedHash(spec);
    assert.ok(same({ hostKey: { ...spec.hostKey, privateKey: "another" } }));
    assert.ok(!same({ hostKey: { ...spec.hostKey, publicKey: "another" } }));
    assert.ok(!same({ fqdn: "worker-01.bgo.node" }));
    assert.ok(!same({ nameservers: [...spec.nameservers].reverse() }));
    assert.ok(!same({ authorizedKeys: [] }));
    assert.ok(!same({ guest: { ...exampleGuest, user: "ops" } }));
});

test("whatever the names, the texts are YAML, and the private key is in user-data only", () => {
    fc.assert(
        fc.property(anyGuest, fc.string(), (guest, fqdn) => {
            const { userData: user, metaData, networkConfig } = seed({ ...spec, guest, fqdn });
            assert.equal((load(user) as Document)["fqdn"], fqdn);
            assert.equal((load(metaData) as Document)["local-hostname"], fqdn);
            assert.equal(typeof load(networkConfig), "object");
            assert.doesNotMatch(metaData + networkConfig, /BEGIN KEY/);
        }),
    );
});
