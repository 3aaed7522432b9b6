/**
 * Gives as many as possible of the items a slot of their own (augmenting paths; Kuhn, 1955). An item that has a slot
 * keeps one; which one may change while others are served. `slotsOf` are the slots that an item can have, best first.
 */
export function matchMost<Item, Slot>(
    items: readonly Item[],
    slotsOf: (item: Item) => readonly Slot[],
): ReadonlyMap<Item, Slot> {
    const holders = new Map<Slot, Item>();
    const serve = (item: Item, tried: Set<Slot>): boolean => {
        for (const slot of slotsOf(item)) {
            if (tried.has(slot)) {
                continue;
            }
            tried.add(slot);
            const holder = holders.get(slot);
            if (holder === undefined || serve(holder, tried)) {
                holders.set(slot, item);
                return true;
            }
        }
        return false;
    };
    for (const item of items) {
        serve(item, new Set());
    }
    return new Map([...holders].map(([slot, item]) => [item, slot]));
}
