import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import { ApplicationConfig } from "../../infra/config/types";
import { ControlPlane } from "./kubectl";

/** What `await-application.ts` is told, in the environment variable `FJORD_APPLICATION`; the private key comes on its stdin. */
export interface AwaitTask {
    /** Name of the Application. */
    readonly name: string;
    /** Tried in this order until one answers. */
    readonly controlPlanes: readonly ControlPlane[];
}

/** Arguments of `awaitApplication`. */
export interface AwaitApplicationArgs {
    readonly application: ApplicationConfig;
    readonly controlPlanes: pulumi.Input<readonly ControlPlane[]>;
    /** Private key of the stack's SSH identity, with which it enters the control planes. */
    readonly privateKey: pulumi.Input<string>;
}

const projectRoot = path.join(__dirname, "..", "..");

/**
 * Waits until an application is what Git says and runs, at most five minutes; ends early, with Argo CD's own words and
 * what to do, where only a person can help. Waits again when the application's configuration or a control plane changes.
 *
 * @param opts the application's object in `dependsOn`
 */
export function awaitApplication(
    name: string,
    args: AwaitApplicationArgs,
    opts: pulumi.CustomResourceOptions,
): command.local.Command {
    const { application, controlPlanes, privateKey } = args;
    return new command.local.Command(
        name,
        {
            create: "node --require tsx/cjs components/platform/await-application.ts",
            dir: path.relative(process.cwd(), projectRoot) || ".",
            environment: {
                FJORD_APPLICATION: pulumi
                    .output(controlPlanes)
                    .apply((known) => JSON.stringify({ name: application.name, controlPlanes: known } satisfies AwaitTask)),
            },
            stdin: pulumi.secret(privateKey),
            triggers: [application],
            logging: command.local.Logging.None,
            addPreviousOutputInEnv: false,
        },
        { ...opts, additionalSecretOutputs: ["stderr"], customTimeouts: { create: "7m", update: "7m" } },
    );
}
