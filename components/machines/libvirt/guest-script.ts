import { Seconds, seconds } from "../../../infra/config/types";
import { ScriptValue } from "../../remote/script";
import { classes, specHash, systemHash } from "./change";
import { domainXml } from "./domain";
import { GuestSpec } from "./guest";
import { basePath, consolePath, diskPath, domainName, guestUuid, seedPath } from "./identity";
import { seed, SeedSpec } from "./seed";

/**
 * What is done to a guest on its hypervisor: made and started; its seed taken away after the first boot; changed while
 * it runs; given another definition and started with it; removed.
 */
export type GuestVerb = "create" | "settle" | "change" | "restart" | "delete";

/** How long a guest may take from its start until cloud-init is done; the emulated one measured took 60 s. */
export const bootLimits = { kvm: seconds(300), emulation: seconds(900) } as const satisfies Record<
    GuestSpec["acceleration"],
    Seconds
>;

/** How long each way of asking a guest to stop is given (its agent, then ACPI); systemd's own limit for a unit is 90 s. */
const shutdownWait = seconds(90);

/** Everything but stopping a guest takes moments: no verb waits for one to boot. */
const ownTime = 120;

/** What guest.sh takes for a guest. As a whole a secret where the verb is `create`: the seed holds the host key. */
export function guestParams(verb: GuestVerb, spec: SeedSpec): Readonly<Record<string, ScriptValue>> {
    const { guest } = spec;
    const domain = domainName(guest.region, guest.name);
    return {
        VERB: verb,
        REGION: guest.region,
        GUEST: guest.name,
        DOMAIN: domain,
        UUID: guestUuid(guest.region, guest.name),
        DISK: diskPath(guest.pool, domain),
        SEED: seedPath(guest.pool, domain),
        CONSOLE: consolePath(domain),
        ...verbParams(verb, spec),
    };
}

function verbParams(verb: GuestVerb, spec: SeedSpec): Readonly<Record<string, ScriptValue>> {
    const { guest } = spec;
    const { live } = classes(guest);
    switch (verb) {
        case "create": {
            const { userData, metaData, networkConfig } = seed(spec);
            return {
                ...definitionParams(guest),
                SYSTEM: systemHash(guest),
                SHUTDOWN_WAIT: shutdownWait,
                BASE: basePath(guest.pool, guest.imageSha256),
                DISK_GIB: live.diskGiB,
                USER_DATA: userData,
                META_DATA: metaData,
                NETWORK_CONFIG: networkConfig,
                BOOT_LIMIT: bootLimits[guest.acceleration],
            };
        }
        case "settle":
            return { FINAL_XML: domainXml({ ...guest, seed: false }) };
        case "change":
            return {
                DISK_GIB: live.diskGiB,
                IOPS: live.iopsSec,
                BYTES_PER_SECOND: live.bytesSec,
                AUTOSTART: live.autostart ? "on" : "off",
            };
        case "restart":
            return {
                ...definitionParams(guest),
                FINAL_XML: domainXml({ ...guest, seed: false }),
                SHUTDOWN_WAIT: shutdownWait,
            };
        case "delete":
            return { SHUTDOWN_WAIT: shutdownWait };
    }
}

function definitionParams(guest: GuestSpec): Readonly<Record<string, ScriptValue>> {
    return {
        XML: domainXml({ ...guest, seed: true }),
        MEMORY: guest.memory,
        BRIDGE: guest.bridge,
        SPEC: specHash(guest),
    };
}

/** What guest.sh may take for itself; after it the script is ended on the hypervisor. */
export function ownLimit(verb: GuestVerb): Seconds {
    // A guest that is made may have to take the place of another system of its own name.
    return seconds(ownTime + (verb === "settle" || verb === "change" ? 0 : 2 * shutdownWait));
}
