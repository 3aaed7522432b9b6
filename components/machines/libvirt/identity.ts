import { createHash } from "node:crypto";
import * as path from "node:path";

/** Namespace of all guests' UUIDs: drawn once, and never changed, or every guest would be another one. */
export const guestNamespace = "8d0c7d5e-54c1-4f0a-9f0e-2b7c3a6f1e94";

/** UUID version 5 (RFC 9562, section 5.5): SHA-1 of namespace and name. */
export function uuidv5(namespace: string, name: string): string {
    const hash = createHash("sha1")
        .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
        .update(name, "utf8")
        .digest()
        .subarray(0, 16);
    hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
    hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
    return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** What tells a guest from all others. Neither part has a slash. */
const identity = (region: string, name: string): string => `${region}/${name}`;

/**
 * UUID of a guest's domain, and of the machine that it sees (machine-id, product_uuid): the same one each time that the
 * guest is made, so that making it twice is making it once.
 */
export function guestUuid(region: string, name: string): string {
    return uuidv5(guestNamespace, identity(region, name));
}

/** MAC address of a guest: QEMU's prefix and 24 bits of a hash. */
export function guestMac(region: string, name: string): string {
    const hash = createHash("sha256").update(identity(region, name), "utf8").digest("hex");
    return ["52", "54", "00", hash.slice(0, 2), hash.slice(2, 4), hash.slice(4, 6)].join(":");
}

/** Guests of one region that have the same MAC address. */
export interface MacCollision {
    readonly mac: string;
    /** Two names or more, sorted. */
    readonly names: readonly string[];
}

/**
 * Names of which only one can be used, because they lead to the same MAC address: among 100 guests one chance in 3400.
 * Names that occur twice count once.
 */
export function macCollisions(region: string, names: readonly string[]): readonly MacCollision[] {
    const byMac = new Map<string, string[]>();
    for (const name of [...new Set(names)].sort()) {
        const mac = guestMac(region, name);
        byMac.set(mac, [...(byMac.get(mac) ?? []), name]);
    }
    return [...byMac].filter(([, same]) => same.length > 1).map(([mac, same]) => ({ mac, names: same }));
}

/**
 * Name of a guest's domain on its hypervisor: `no-oslo-1-worker-01`. Two regions may arrive at the same one; their
 * UUIDs differ.
 */
export function domainName(region: string, name: string): string {
    return `${region}-${name}`;
}

/** The base image of that content in a pool. */
export function basePath(pool: string, sha256: string): string {
    return path.posix.join(pool, `fjord-base-${sha256.slice(0, 12)}.qcow2`);
}

/** A guest's disk: an overlay on its base image. */
export function diskPath(pool: string, domain: string): string {
    return path.posix.join(pool, `${domain}.qcow2`);
}

/** A guest's seed. It holds the host key, and exists for the first boot only. */
export function seedPath(pool: string, domain: string): string {
    return path.posix.join(pool, `${domain}-seed.iso`);
}

/** Where a guest's console is written: the only evidence of one that never comes up. */
export function consolePath(domain: string): string {
    return `/var/log/libvirt/qemu/${domain}-console.log`;
}
