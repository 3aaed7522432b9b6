import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { bareHostKey } from "../../infra/config/host-key";
import { seconds } from "../../infra/config/types";
import { renderScript } from "../remote/script";
import { driftService, driftSocket } from "./drift-units";
import {
    adoptStep,
    containerdStep,
    firewallStep,
    imagesStep,
    kernelStep,
    keyStep,
    loadBalancerStep,
    NodePlan,
    packagesStep,
    PlainScript,
} from "./steps";

/** User that a drift job logs in as. drift.sh names it too. */
export const driftUser = "fjord-drift";

/** Where the checks lie on a machine. The scripts and the units name the same folder. */
export const driftFolder = "/usr/local/lib/fjord/drift";

/** The check of one step: its script in check mode, with the parameters that the step was last applied with. */
export interface DriftCheck {
    readonly step: string;
    readonly text: string;
}

const scripts = path.join(__dirname, "scripts");
const read = (file: string): string => fs.readFileSync(file, "utf8");
const library = read(path.join(__dirname, "../remote/lib.sh"));

/**
 * The check of a step. All checks of a machine share one copy of lib.sh there; the lock of the machine is held by the
 * program that runs them all.
 */
export function checkOf(plan: NodePlan, step: string, { script: file, params }: PlainScript): DriftCheck {
    const run = { file, node: plan.machine.fqdn, step: `drift-${step}`, mode: "check", params, lockWait: "none" } as const;
    const text = renderScript(run);
    const [before, after, ...others] = text.split(library);
    if (before === undefined || after === undefined || others.length > 0) {
        throw new Error("a rendered script does not hold lib.sh exactly once");
    }
    return { step, text: `${before}. ${driftFolder}/lib.sh\n${after}` };
}

/** The one check that no step stands behind: nothing is applied that would mend what it finds. */
export const certificatesCheck = "certificates";

/** Days that a certificate of a control plane has left when it is a finding: time for a roll or two. */
const certificateDays = 60;

function certificates(plan: NodePlan): DriftCheck {
    const script = path.join(scripts, "certificates.sh");
    return checkOf(plan, certificatesCheck, { script, params: { DAYS: certificateDays }, timeout: seconds(60) });
}

/**
 * The checks of a machine, all but that of the stack's key, whose public half only the stack knows. Preflight is not
 * among them: it measures for seconds what no `up` would change. Their parameters hold no secret.
 */
export function driftChecks(plan: NodePlan): readonly DriftCheck[] {
    return [
        checkOf(plan, "adopt", adoptStep(plan)),
        checkOf(plan, "kernel", kernelStep(plan)),
        checkOf(plan, "packages", packagesStep(plan)),
        checkOf(plan, "containerd", containerdStep(plan)),
        checkOf(plan, "firewall", firewallStep(plan)),
        checkOf(plan, "loadbalancer", loadBalancerStep(plan)),
        checkOf(plan, "images", imagesStep(plan)),
        ...(plan.machine.role === "control-plane" ? [certificates(plan)] : []),
    ];
}

/** The check of the step that lets the stack's own key in. */
export const keyCheck = (plan: NodePlan, publicKey: string): DriftCheck => checkOf(plan, "key", keyStep(plan, publicKey));

/** What a machine reports as the sha256 of a check: of lib.sh and its text together. */
export const checkDigest = ({ text }: DriftCheck): string => createHash("sha256").update(library + text).digest("hex");

/** What drift.sh is told. Without keys it takes away all that it ever made. */
export function driftParams(plan: NodePlan, keys: readonly string[], checks: readonly DriftCheck[]): PlainScript["params"] {
    return {
        KEYS: keys.map(bareHostKey),
        LIBRARY: library,
        CHECKER: read(path.join(scripts, "drift-check.sh")),
        REPORTER: read(path.join(scripts, "drift-report.pl")),
        STEPS: checks.map(({ step }) => step),
        CHECKS: checks.map(({ text }) => text),
        CONTROL_PLANE: plan.machine.role === "control-plane",
        SOCKET: driftSocket,
        SERVICE: driftService,
    };
}

/** drift.sh touches nothing that another script does, and so waits for none. */
export const driftScript = {
    script: path.join(scripts, "drift.sh"),
    lockWait: "none",
    timeout: seconds(60),
} as const;
