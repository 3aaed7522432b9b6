import * as pulumi from "@pulumi/pulumi";

/**
 * Lets worker guests that exist be made anew one after the other: each waits until the one before it is back in the
 * cluster. The steps that it waits for are made after the guests, so they are handed in later.
 */
export class Turns {
    private hand!: (members: ReadonlyMap<string, pulumi.Resource>) => void;
    private readonly members = new Promise<ReadonlyMap<string, pulumi.Resource>>((resolve) => {
        this.hand = resolve;
    });

    /** @param order short names of the guests, first turn first */
    constructor(private readonly order: readonly string[]) {}

    /** What the guest waits for: nothing where it has no turn, or the first one. */
    before(name: string): Promise<pulumi.Resource[]> {
        const previous = this.order[this.order.indexOf(name) - 1];
        return previous === undefined
            ? Promise.resolve([])
            : this.members.then((members) => [members.get(previous)].filter((member) => member !== undefined));
    }

    /** The steps that made the machines members, by short name. Must be called, or guests wait for ever. */
    settle(members: ReadonlyMap<string, pulumi.Resource>): void {
        this.hand(members);
    }
}
