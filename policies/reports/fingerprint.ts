import { createHash } from "node:crypto";

/**
 * Makes fingerprints of what things are called by: the same in every review, and never the same for two things of one.
 * Things that are called alike are told apart by their order.
 */
export function fingerprints(): (...parts: readonly (string | undefined)[]) => string {
    const counts = new Map<string, number>();
    return (...parts) => {
        // As JSON, so that no text can pass for two, and halves of characters are written out.
        const key = JSON.stringify(parts);
        const count = counts.get(key) ?? 0;
        counts.set(key, count + 1);
        return createHash("sha256").update(`${key}${count}`).digest("hex").slice(0, 32);
    };
}
