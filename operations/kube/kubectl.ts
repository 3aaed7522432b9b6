import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { stackFiles } from "../../components/cluster/home";

/** Runs kubectl against a region: `node --require tsx/cjs operations/kube/kubectl.ts <stack> get nodes`. */
function main(stack: string | undefined, words: readonly string[]): number {
    if (stack === undefined) {
        process.stderr.write("fjord: name the stack first: kubectl.ts <stack> get nodes\n");
        return 2;
    }
    const { kubeconfig } = stackFiles(stack);
    if (!fs.existsSync(kubeconfig)) {
        process.stderr.write(
            `fjord: stack ${stack} has no kubeconfig on this computer (${kubeconfig})\n  what to do: run \`pulumi up --stack ${stack}\`, which writes it\n`,
        );
        return 1;
    }
    const { status, error } = spawnSync("kubectl", words, {
        stdio: "inherit",
        env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    if (error) {
        process.stderr.write(
            `fjord: kubectl could not be started (${error.message})\n  what to do: install kubectl, or put it on PATH\n`,
        );
        return 127;
    }
    return status ?? 1;
}

process.exit(main(process.argv[2], process.argv.slice(3)));
