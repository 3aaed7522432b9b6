import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import * as path from "node:path";
import { GuestRecords, outRecords, planGuests, PlannedGuest, recordsOf } from "../components/machines/libvirt/plan";
import { loadUpstreamFile } from "../components/platform/upstream-file";
import { readTrust, trustOutputs } from "../components/trust/outputs";
import { Trust } from "../components/trust/trust";
import { formatProblems, loadStackConfig } from "./config/load";
import { Lock } from "./config/lock";
import { readLock } from "./config/lock-file";
import { RegionConfig, StackConfig, TrustConfig } from "./config/types";
import { cutStack } from "./error-stack";
import { fixedOutput, fixedProblems, fixedSettings } from "./fixed-settings";
import { guestsOutput, parseGuests } from "./previous-guests";
import { previousOutputs } from "./previous-outputs";
import { Region } from "./region";

/** Root of the project: what paths in a stack's configuration are relative to. */
export const projectDirectory = path.resolve(__dirname, "..");

/** Makes a stack from its configuration. Everything that can be wrong with it is found before the first resource. */
export async function program(): Promise<Record<string, unknown>> {
    try {
        const config = stackConfig();
        return config.kind === "trust" ? trustStack(config) : await regionStack(config);
    } catch (error) {
        throw cutStack(error);
    }
}

function stackConfig(): StackConfig {
    const stack = pulumi.getStack();
    const loaded = loadStackConfig(pulumi.runtime.allConfig(), { stack, directory: projectDirectory });
    if (!loaded.ok) {
        throw new pulumi.RunError(formatProblems(loaded.problems, `Pulumi.${stack}.yaml`));
    }
    return loaded.config;
}

function trustStack(config: TrustConfig): Record<string, unknown> {
    return trustOutputs(new Trust(config.name, config, { providers: [new tls.Provider(`${config.name}-tls`)] }));
}

/** Refuses to change what a live cluster cannot take. */
function refuseFixed(config: RegionConfig, previous: unknown): void {
    const problems = fixedProblems(config, previous);
    if (problems.length > 0) {
        throw new pulumi.RunError(formatProblems(problems, `Pulumi.${pulumi.getStack()}.yaml`));
    }
}

/** The region's guests with their places, or every reason why they cannot be. */
function regionGuests(config: RegionConfig, lock: Lock, previous: GuestRecords): readonly PlannedGuest[] {
    const plan = planGuests(config, lock.guestImages, previous);
    if (!plan.ok) {
        throw new pulumi.RunError(
            `${plan.problems.length} problems with the guests of ${config.name}; nothing has been touched\n${plan.problems.map((problem) => `  ${problem.replaceAll("\n", "\n  ")}`).join("\n")}`,
        );
    }
    return plan.guests;
}

async function regionStack(config: RegionConfig): Promise<Record<string, unknown>> {
    const previous = await previousOutputs();
    refuseFixed(config, previous[fixedOutput]);
    const lock = readLock(path.resolve(projectDirectory, config.lock));
    const argocdManifest = await loadUpstreamFile(lock.files["argocd-manifest"], config.mirrors.files?.url, config.mirrors.ca);
    const before = parseGuests(previous[guestsOutput]);
    const guests = regionGuests(config, lock, before);
    const records = recordsOf(guests, outRecords(config, before));
    const trust = await readTrust(config.trustStack);
    const region = new Region(config.name, { config, lock, argocdManifest, trust, guests });
    return {
        kubeconfig: region.kubeconfig,
        applications: region.applications,
        preflight: region.preflight,
        [fixedOutput]: fixedSettings(config),
        ...(Object.keys(records).length > 0 && { [guestsOutput]: records }),
    };
}
