import * as fc from "fast-check";
import { GuestSpec } from "../../../components/machines/libvirt/guest";
import { mib } from "../../../infra/config/types";

/** A guest as plain as the types allow; tests change one thing in it. */
export const exampleGuest: GuestSpec = {
    region: "no-oslo-1",
    name: "worker-01",
    hypervisor: "hv-01",
    pool: "/var/lib/libvirt/images/fjord",
    bridge: "br0",
    acceleration: "kvm",
    vcpus: 4,
    memory: mib(8192),
    diskGiB: 80,
    io: {},
    autostart: true,
    imageSha256: "a1".repeat(32),
    address: "10.0.0.21",
    prefixLength: 24,
    gateway: "10.0.0.1",
    user: "root",
};

const characters = (allowed: string) => fc.constantFrom(...allowed);
const letters = "abcdefghijklmnopqrstuvwxyz";
const text = (allowed: string, maxLength: number) => fc.string({ unit: characters(allowed), minLength: 1, maxLength });

/** Names as a stack can have them, and names that are all markup. */
const name = fc.oneof(
    text(`${letters}0123456789-`, 60),
    text(`${letters}&<>"';= ÅΩ漢😀.,()[]{}$\`\\`, 40).map((odd) => `x${odd}`),
);

/** Guests of all shapes, odd ones included. */
export const anyGuest: fc.Arbitrary<GuestSpec> = fc.record({
    region: name,
    name,
    hypervisor: name,
    pool: fc.oneof(
        fc.constant(exampleGuest.pool),
        name.map((folder) => `/srv/${folder}`),
    ),
    bridge: text(`${letters}0123456789-_.`, 15),
    acceleration: fc.constantFrom("kvm" as const, "emulation" as const),
    vcpus: fc.integer({ min: 1, max: 128 }),
    memory: fc.integer({ min: 256, max: 1 << 20 }).map(mib),
    diskGiB: fc.integer({ min: 1, max: 10_000 }),
    io: fc.record(
        { iopsSec: fc.integer({ min: 1, max: 1_000_000 }), bytesSec: fc.integer({ min: 1, max: 2 ** 40 }) },
        { requiredKeys: [] },
    ),
    autostart: fc.boolean(),
    imageSha256: fc.string({ unit: characters("0123456789abcdef"), minLength: 64, maxLength: 64 }),
    address: fc.ipV4(),
    prefixLength: fc.integer({ min: 8, max: 30 }),
    gateway: fc.ipV4(),
    user: fc.oneof(fc.constant("root"), text(letters, 12)),
});
