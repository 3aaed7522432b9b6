import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HypervisorConfig, RegionConfig, SshTarget } from "../../../infra/config/types";
import { PlainScript } from "../../nodes/steps";
import { leavePoolStep } from "./pool-script";

/** What `tidy.ts` is told on its stdin. */
export interface TidyTask extends PlainScript {
    readonly hypervisor: SshTarget & { readonly name: string };
    /** The operator's private key file as the stack names it, with `~`; absent: the SSH agent. */
    readonly identityFile?: string;
}

/** Pulumi runs local commands in the folder of the program's main file; the project is the one above. */
const project = "..";

/**
 * Does nothing while a hypervisor is in the stack. When it leaves, and all guests have, it removes what of the region is
 * left in its pool: guests that a killed run half made, with their seeds, and base images that no disk needs. It runs
 * where Pulumi runs, with the key of whoever runs it, because a hypervisor that is lost must be able to leave too.
 */
export function tidy(name: string, hypervisor: HypervisorConfig, region: RegionConfig, opts: pulumi.CustomResourceOptions): command.local.Command {
    const task: TidyTask = {
        hypervisor: { ...hypervisor.ssh, name: hypervisor.name },
        ...(region.ssh.identityFile !== undefined && { identityFile: region.ssh.identityFile }),
        ...leavePoolStep(hypervisor, region.name),
        // Relative to the project, so that another checkout is no change.
        script: "components/machines/libvirt/scripts/pool.sh",
    };
    return new command.local.Command(
        name,
        {
            create: ":",
            delete: "node --require tsx/cjs components/machines/libvirt/tidy.ts",
            dir: project,
            stdin: JSON.stringify(task),
            logging: command.local.Logging.Stderr,
            addPreviousOutputInEnv: false,
        },
        opts,
    );
}
