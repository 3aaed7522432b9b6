import { test, type TestContext } from "node:test";
import type { TestRegion } from "./test-region";

/** The parts of one story, in order: after one that fails the rest would test another region than it means to. */
export class Story {
    private failed: string | undefined;

    /** @param region the region, once it has been made */
    constructor(private readonly region: () => TestRegion) {}

    /** Adds a part; it starts from what the part before it left. */
    part(name: string, tell: (t: TestContext, region: TestRegion) => Promise<void>): void {
        test(name, async (t) => {
            if (this.failed !== undefined) {
                t.skip(`"${this.failed}" failed`);
                return;
            }
            this.failed = name;
            const start = Date.now();
            await tell(t, this.region());
            t.diagnostic(`took ${((Date.now() - start) / 1000).toFixed(0)} s`);
            this.failed = undefined;
        });
    }
}
