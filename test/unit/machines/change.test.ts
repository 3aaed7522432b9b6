import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { classes, GuestClasses, growProblem, specHash, systemHash } from "../../../components/machines/libvirt/change";
import { GuestSpec } from "../../../components/machines/libvirt/guest";
import { stableHash } from "../../../components/machines/libvirt/hash";
import { mib } from "../../../infra/config/types";
import { anyGuest, exampleGuest } from "./guests";

/** Every fact of a guest with another value, and the only class that it may touch. */
const changes: readonly { readonly change: Partial<GuestSpec>; readonly touches: keyof GuestClasses }[] = [
    { change: { region: "no-bergen-1" }, touches: "replaces" },
    { change: { name: "worker-02" }, touches: "replaces" },
    { change: { hypervisor: "hv-02" }, touches: "replaces" },
    { change: { pool: "/srv" }, touches: "replaces" },
    { change: { imageSha256: "b2".repeat(32) }, touches: "replaces" },
    { change: { address: "10.0.0.22" }, touches: "replaces" },
    { change: { prefixLength: 16 }, touches: "replaces" },
    { change: { gateway: "10.0.0.2" }, touches: "replaces" },
    { change: { user: "ops" }, touches: "replaces" },
    { change: { vcpus: 6 }, touches: "restarts" },
    { change: { memory: mib(16384) }, touches: "restarts" },
    { change: { acceleration: "emulation" }, touches: "restarts" },
    { change: { bridge: "br1" }, touches: "restarts" },
    { change: { diskGiB: 160 }, touches: "live" },
    { change: { io: { iopsSec: 5000 } }, touches: "live" },
    { change: { io: { bytesSec: 5000 } }, touches: "live" },
    { change: { autostart: false }, touches: "live" },
];

test("the table of changes has every fact of a guest", () => {
    assert.deepEqual(
        [...new Set(changes.flatMap(({ change }) => Object.keys(change)))].sort(),
        Object.keys(exampleGuest).sort(),
    );
});

for (const { change, touches } of changes) {
    test(`another ${Object.entries(change).map(([key, value]) => `${key} (${JSON.stringify(value)})`)} touches ${touches} only`, () => {
        const before = classes(exampleGuest);
        const after = classes({ ...exampleGuest, ...change });
        for (const one of ["replaces", "restarts", "live"] as const) {
            assert.equal(isDeepStrictEqual(after[one], before[one]), one !== touches, one);
        }
    });
}

test("the hash of a domain's metadata follows what needs a restart, and nothing else", () => {
    for (const { change, touches } of changes) {
        const same = specHash({ ...exampleGuest, ...change }) === specHash(exampleGuest);
        assert.equal(same, touches !== "restarts", JSON.stringify(change));
    }
    assert.equal(
        specHash(exampleGuest),
        "7887fc6eabd8959a93f191dfe9fae33ff02d255d1f20da26611b509c57f83057",
        "guests of earlier versions would be restarted",
    );
});

test("the hash of a system follows what makes the guest anew, and nothing else", () => {
    for (const { change, touches } of changes) {
        const same = systemHash({ ...exampleGuest, ...change }) === systemHash(exampleGuest);
        assert.equal(same, touches !== "replaces", JSON.stringify(change));
    }
    assert.equal(systemHash(exampleGuest), stableHash(classes(exampleGuest).replaces), "guests of earlier versions would be made anew");
});

test("the hash depends on no order of keys", () => {
    fc.assert(
        fc.property(anyGuest, (guest) => {
            const reversed = Object.fromEntries(Object.entries(guest).reverse()) as unknown as GuestSpec;
            assert.equal(specHash(reversed), specHash(guest));
        }),
    );
});

test("a disk grows and never shrinks", () => {
    assert.equal(growProblem({ diskGiB: 80 }, exampleGuest), undefined);
    assert.equal(growProblem({ diskGiB: 40 }, exampleGuest), undefined);
    assert.match(
        growProblem({ diskGiB: 160 }, exampleGuest) ?? "",
        /^worker-01: its disk has 160 GiB and its plan asks for 80 GiB; .*\n {2}what to do: /,
    );
});
