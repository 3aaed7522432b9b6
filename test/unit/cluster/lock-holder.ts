import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../../components/cluster/lock";
import { seconds } from "../../../infra/config/types";

/** A process of the lock's test: notes when it goes in and out, or dies inside. */
const [file = "", log = "", fate = ""] = process.argv.slice(2);

void withLock({ file, who: String(process.pid), limit: seconds(30) }, async () => {
    fs.appendFileSync(log, "in\n");
    if (fate === "die") {
        process.kill(process.pid, "SIGKILL");
    }
    await sleep(50);
    fs.appendFileSync(log, "out\n");
});
