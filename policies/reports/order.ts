const collator = new Intl.Collator("en", { numeric: true });

/** `worker-2` before `worker-10`, whatever the machine's language is. */
const compare = (one: string, other: string): number => collator.compare(one, other) || (one < other ? -1 : Number(one > other));

/** Compares two lists of texts by the first that differ, for what has several names. 0 only where all are the same. */
export const compareTexts = (ones: readonly string[], others: readonly string[]): number =>
    ones.reduce((decided, one, index) => decided || compare(one, others[index] ?? ""), 0);
