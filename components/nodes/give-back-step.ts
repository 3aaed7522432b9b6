import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Seconds, SshTarget } from "../../infra/config/types";
import { cleanStep, NodePlan, PlainScript } from "./steps";

/** What `give-back.ts` is told on its stdin. */
export interface GiveBackTask extends Pick<PlainScript, "script" | "params"> {
    /** `worker-01.osl.node` */
    readonly node: string;
    readonly ssh: SshTarget;
    readonly timeout: Seconds;
    /** Private key of the stack's SSH identity. */
    readonly privateKey: string;
}

/** Pulumi runs local commands in the folder of the program's main file; the project is the one above. */
const project = "..";

/**
 * Does nothing while a machine is in the stack, and cleans it when it leaves. It runs where Pulumi runs, because a
 * machine that is lost for good must be able to leave too: a remote command would fail for ever on it.
 */
export function giveBack(name: string, plan: NodePlan, opts: pulumi.CustomResourceOptions): command.local.Command {
    const { machine } = plan;
    const { params, timeout } = cleanStep(plan);
    // Relative to the project, so that another checkout is no change.
    const script = "components/nodes/scripts/clean.sh";
    const stdin = pulumi
        .all([machine.connection.args, machine.ssh])
        .apply(([{ privateKey = "" }, ssh]) =>
            JSON.stringify({ node: machine.fqdn, ssh, script, params, timeout, privateKey } satisfies GiveBackTask),
        );
    return new command.local.Command(
        name,
        {
            create: ":",
            delete: "node --require tsx/cjs components/nodes/give-back.ts",
            dir: project,
            stdin: pulumi.secret(stdin),
            logging: command.local.Logging.Stderr,
            addPreviousOutputInEnv: false,
            ...(machine.incarnation !== undefined && { triggers: [machine.incarnation] }),
        },
        { ...opts, deleteBeforeReplace: true },
    );
}
