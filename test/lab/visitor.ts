import { setTimeout as sleep } from "node:timers/promises";
import { checkIngress } from "../../lab/status";

/** Counts the requests for the application that one worker's ingress does not answer with its page. */
export class Visitor {
    private stopped = false;
    private sent = 0;
    private readonly failures: string[] = [];
    private readonly done: Promise<void>;

    /** Asks ten times a second from now on. */
    constructor(private readonly address: string) {
        this.done = this.visit();
    }

    private async visit(): Promise<void> {
        const open = new Set<Promise<void>>();
        while (!this.stopped) {
            const at = new Date().toISOString();
            const request = checkIngress(this.address).then(({ status }) => {
                if (status !== 200) {
                    this.failures.push(`${at} ${status || "no answer"}`);
                }
            });
            this.sent += 1;
            open.add(request);
            void request.then(() => open.delete(request));
            await sleep(100);
        }
        await Promise.all(open);
    }

    async stop(): Promise<{ sent: number; failures: readonly string[] }> {
        this.stopped = true;
        await this.done;
        return { sent: this.sent, failures: this.failures };
    }
}
