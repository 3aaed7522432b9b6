import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import { CrdTask } from "./crd-task";

/** Arguments of `applyCrds`. */
export interface ApplyCrdsArgs extends Omit<CrdTask, "controlPlanes"> {
    readonly controlPlanes: pulumi.Input<CrdTask["controlPlanes"]>;
    /** Private key of the stack's SSH identity, with which it enters the control planes. */
    readonly privateKey: pulumi.Input<string>;
}

const projectRoot = path.join(__dirname, "..", "..");

/**
 * Applies the CRDs of the platform, server-side, on a control plane. They are not Pulumi resources because Argo CD's
 * alone are 1.8 MB, which every checkpoint would carry; what the state keeps of them is the sha256 of their files. Runs
 * again when a file, a control plane or the mirror changes. There is no removal: CRDs go with their cluster, and taking
 * them away from a running one would take every application with them.
 *
 * @param opts the command provider, and the cluster in `dependsOn`.
 */
export function applyCrds(
    name: string,
    args: ApplyCrdsArgs,
    opts: pulumi.CustomResourceOptions,
): command.local.Command {
    const { privateKey, ...task } = args;
    return new command.local.Command(
        name,
        {
            create: "node --require tsx/cjs components/platform/apply-crds.ts",
            // Relative, so that another checkout is no change: the provider starts where the program does.
            dir: path.relative(process.cwd(), projectRoot) || ".",
            environment: { FJORD_CRDS: pulumi.output(task).apply((known) => JSON.stringify(known satisfies CrdTask)) },
            stdin: pulumi.secret(privateKey),
            logging: command.local.Logging.None,
            addPreviousOutputInEnv: false,
        },
        { ...opts, additionalSecretOutputs: ["stderr"], customTimeouts: { create: "5m", update: "5m" } },
    );
}
