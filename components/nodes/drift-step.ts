import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Seconds, SshTarget } from "../../infra/config/types";
import { RemoteScript } from "../remote/step";
import { driftChecks, driftParams, driftScript, keyCheck } from "./drift";
import { NodePlan, PlainScript } from "./steps";

/** Lets the holders of the drift keys ask this machine what differs. */
export function driftStep(plan: NodePlan, publicKey: pulumi.Input<string>): RemoteScript {
    const own = driftChecks(plan);
    const known = driftParams(plan, plan.region.ssh.driftKeys, own);
    const key = pulumi.output(publicKey).apply((text) => keyCheck(plan, text));
    return {
        ...driftScript,
        params: {
            ...known,
            STEPS: key.apply(({ step }) => [step, ...own.map((check) => check.step)]),
            CHECKS: key.apply(({ text }) => [text, ...own.map((check) => check.text)]),
        },
    };
}

/** What `drift-end.ts` is told on its stdin. */
export interface EndDriftTask extends Pick<PlainScript, "params"> {
    /** `worker-01.osl.node` */
    readonly node: string;
    readonly ssh: SshTarget;
    /** Of drift.sh, relative to the project. */
    readonly script: string;
    readonly timeout: Seconds;
    /** Private key of the stack's SSH identity. */
    readonly privateKey: string;
}

/**
 * Does nothing while drift keys are in the stack, and takes user and files off the machine when the last one leaves. A
 * machine that itself leaves is cleaned by the step that gives it back (`leaving`), which may find it gone.
 */
export function endDrift(
    name: string,
    plan: NodePlan,
    leaving: pulumi.Resource,
    opts: pulumi.CustomResourceOptions,
): command.local.Command {
    const { machine } = plan;
    const task = {
        node: machine.fqdn,
        // Relative to the project, so that another checkout is no change.
        script: "components/nodes/scripts/drift.sh",
        params: { KEYS: [] },
        timeout: driftScript.timeout,
    };
    const stdin = pulumi
        .all([machine.connection.args, machine.ssh])
        .apply(([{ privateKey = "" }, ssh]) => JSON.stringify({ ...task, ssh, privateKey } satisfies EndDriftTask));
    return new command.local.Command(
        name,
        {
            create: ":",
            delete: "node --require tsx/cjs components/nodes/drift-end.ts",
            // Pulumi runs local commands in the folder of the program's main file; the project is the one above.
            dir: "..",
            stdin: pulumi.secret(stdin),
            logging: command.local.Logging.Stderr,
            addPreviousOutputInEnv: false,
            ...(machine.incarnation !== undefined && { triggers: [machine.incarnation] }),
        },
        { ...opts, dependsOn: [leaving], deletedWith: machine.resource ?? leaving, deleteBeforeReplace: true },
    );
}
