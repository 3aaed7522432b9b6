import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
    basePath,
    consolePath,
    diskPath,
    domainName,
    guestMac,
    guestNamespace,
    guestUuid,
    macCollisions,
    seedPath,
    uuidv5,
} from "../../../components/machines/libvirt/identity";

/** Namespaces of RFC 9562, section 6.6. */
const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const url = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

test("UUIDs of version 5 are the published ones", () => {
    // RFC 9562, A.4; documentation of Python's uuid module; a name that is a URL, by Python's too.
    assert.equal(uuidv5(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert.equal(uuidv5(dns, "python.org"), "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    assert.equal(uuidv5(url, "http://www.example.com/"), "fcde3c85-2270-590f-9e7c-ee003d65e0e2");
});

test("a guest's identity never changes: these values are on hypervisors", () => {
    assert.equal(guestNamespace, "8d0c7d5e-54c1-4f0a-9f0e-2b7c3a6f1e94");
    assert.equal(guestUuid("no-oslo-1", "worker-01"), "c7b46d80-bc49-536d-aaaf-b9a4f8ca9b84");
    assert.equal(guestMac("no-oslo-1", "worker-01"), "52:54:00:16:fc:c8");
});

test("UUID and MAC address are well-formed, and of their kind", () => {
    fc.assert(
        fc.property(fc.string(), fc.string(), (region, name) => {
            assert.match(
                guestUuid(region, name),
                /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
            );
            assert.match(guestMac(region, name), /^52:54:00(:[0-9a-f]{2}){3}$/);
        }),
    );
});

test("two regions' guests are two, also where their domains have one name", () => {
    assert.equal(domainName("no-oslo", "1-a"), domainName("no-oslo-1", "a"));
    assert.notEqual(guestUuid("no-oslo", "1-a"), guestUuid("no-oslo-1", "a"));
    assert.notEqual(guestMac("no-oslo", "1-a"), guestMac("no-oslo-1", "a"));
});

test("guests of one region that share a MAC address are found, and no others", () => {
    // With 2^24 addresses, 20 000 names have about twelve collisions; which ones is fixed by the hash.
    const names = Array.from({ length: 20_000 }, (_, index) => `worker-${index}`);
    const macs = new Set(names.map((name) => guestMac("no-oslo-1", name)));
    const found = macCollisions("no-oslo-1", names);
    assert.ok(found.length > 0);
    assert.equal(
        found.reduce((sum, { names: same }) => sum + same.length - 1, 0),
        names.length - macs.size,
    );
    for (const { mac, names: same } of found) {
        assert.ok(same.every((name) => guestMac("no-oslo-1", name) === mac));
        assert.deepEqual([...same], [...same].sort());
    }
    const [first] = found;
    assert.deepEqual(macCollisions("no-oslo-1", [...first!.names].reverse()), [first]);
    assert.deepEqual(macCollisions("no-oslo-1", ["a", "a", "b"]), []);
});

test("files lie in the pool, named after their domain or their content", () => {
    const sha256 = "0123456789abcdef".repeat(4);
    assert.equal(basePath("/pool", sha256), "/pool/fjord-base-0123456789ab.qcow2");
    assert.equal(diskPath("/pool/", "no-oslo-1-worker-01"), "/pool/no-oslo-1-worker-01.qcow2");
    assert.equal(seedPath("/pool", "no-oslo-1-worker-01"), "/pool/no-oslo-1-worker-01-seed.iso");
    assert.equal(consolePath("no-oslo-1-worker-01"), "/var/log/libvirt/qemu/no-oslo-1-worker-01-console.log");
});
