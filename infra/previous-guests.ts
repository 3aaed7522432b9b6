import { GuestRecord, GuestRecords } from "../components/machines/libvirt/plan";

/**
 * Name of the stack's output that holds them. So a guest stays where it is, and a change that makes it anew is known
 * before anything is touched.
 */
export const guestsOutput = "guests";

function isRecord(value: unknown): value is GuestRecord {
    const record = value as Partial<GuestRecord> | null;
    return (
        typeof record?.hypervisor === "string" && typeof record.system === "string" && typeof record.diskGiB === "number"
    );
}

/** Reads the guests out of a stack's output; what is no record is left out. Pure. */
export function parseGuests(value: unknown): GuestRecords {
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(entries.filter((entry): entry is [string, GuestRecord] => isRecord(entry[1])));
}
