import { Command } from "commander";
import * as os from "node:os";
import { clearHalfWritten } from "./attributes";
import { findProcess } from "./process";
import { clearDead, findLocks, lockFolder } from "./unlock";

/** Exit codes: 0 no lock is left, 1 a lock is left because its owner lives or cannot be judged, 2 wrong use. */
new Command("unlock")
    .description("Clears a stack's state lock, but only when its owner is provably dead, and what that one left half written.")
    .requiredOption("--stack <name>", "the stack")
    .option("--backend <url>", "state backend", process.env["PULUMI_BACKEND_URL"])
    .option("--project <name>", "Pulumi project", "fjord")
    .action(({ stack, backend, project }: { stack: string; backend?: string; project: string }) => {
        if (backend === undefined) {
            throw new Error("unlock: no state backend is known\n  what to do: set PULUMI_BACKEND_URL or pass --backend");
        }
        const locks = findLocks(lockFolder(backend, project, stack), os.hostname(), findProcess);
        const left = clearDead(locks);
        for (const { verdict } of locks) {
            console.log(verdict.kind === "dead" ? `cleared: ${verdict.why}` : `left: ${verdict.why}\n  what to do: ${verdict.fix}`);
        }
        if (locks.length === 0) {
            console.log(`stack ${stack} is not locked`);
        }
        if (left.length === 0) {
            for (const file of clearHalfWritten(backend, project, stack)) {
                console.log(`cleared: ${file}, which a run was writing when it was killed; the state itself is whole`);
            }
        }
        process.exitCode = left.length > 0 ? 1 : 0;
    })
    .parseAsync()
    .catch((error: Error) => {
        console.error(error.message);
        process.exitCode = 2;
    });
