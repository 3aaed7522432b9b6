import * as fs from "node:fs";
import { Seconds, seconds } from "../../infra/config/types";
import { Lost, lostAfter, reach, Reached } from "../remote/reach";
import { SshError } from "../remote/ssh";
import { fjordHome, stackFiles } from "./home";

/** Whether the operator gives a region's whole cluster up: nothing of it is waited for or kept. */
export function givenUp(region: string): boolean {
    return process.env["FJORD_GIVE_UP_CLUSTER"] === region;
}

/**
 * Enters a machine that leaves, or finds it lost. Behind a jump host that fails it is not lost. Where all is given up it
 * is, and there is one try: nobody waits for machines that may come back.
 *
 * @throws SshError where something else is wrong than the machine's silence
 */
export async function enterOrLost<T>(
    region: string,
    enter: (timeout: Seconds) => Promise<T>,
    patience: Seconds,
): Promise<Reached<T>> {
    try {
        return await reach(enter, givenUp(region) ? seconds(0) : patience);
    } catch (error) {
        if (!(error instanceof SshError) || error.kind !== "jump") {
            throw error;
        }
        if (givenUp(region)) {
            return { lost: error, tried: seconds(0) };
        }
        throw new Error(
            `${error.message}; where it is lost for good with the whole region, run again with FJORD_GIVE_UP_CLUSTER set to the region's name`,
        );
    }
}

/** How long it counts that a machine was silent: giving it back follows its leaving within one run. */
const fresh = seconds(600);

/** Keeps for the step that gives the machine back that it was waited for already. */
export function noteLost(region: string, fqdn: string, home: string = fjordHome()): void {
    const files = stackFiles(region, home);
    fs.mkdirSync(files.directory, { recursive: true, mode: 0o700 });
    fs.writeFileSync(files.lost(fqdn), "", { mode: 0o600 });
}

/** How long the step that gives a machine back waits for it: not again where its leaving has just waited. */
export function patienceFor(region: string, fqdn: string, home: string = fjordHome()): Seconds {
    const file = stackFiles(region, home).lost(fqdn);
    const stats = fs.statSync(file, { throwIfNoEntry: false });
    fs.rmSync(file, { force: true });
    return stats !== undefined && Date.now() - stats.mtimeMs < fresh * 1000 ? seconds(0) : lostAfter;
}

/**
 * What must be known of a machine that was taken out of its cluster without being reset.
 *
 * @param clusterLives whether there is a cluster that it could enter again
 */
export function notReset(fqdn: string, { lost, tried }: Lost, clusterLives: boolean): string {
    const back = clusterLives
        ? "its kubelet enters the cluster again under its old name, because its certificate stays valid"
        : "it goes on with what it holds of the cluster, its keys and data included";
    const deleted = clusterLives ? ` and kubectl delete node ${fqdn}` : "";
    return (
        `fjord: ${fqdn} left the cluster but was not reset; it was tried for ${tried} s and counts as lost: ${lost.problem}\n` +
        `  if it comes back: ${back}\n` +
        `  what to do then: reinstall it, or run kubeadm reset -f on it${deleted}; or put it into the stack again and take it out once more`
    );
}

/** The same of what fjord put on a machine. */
export function notCleaned(fqdn: string, { lost, tried }: Lost): string {
    return (
        `fjord: ${fqdn} was not cleaned; it was tried for ${tried} s and counts as lost: ${lost.problem}\n` +
        `  if it comes back: the stack's SSH key, packages and settings are on it still\n` +
        `  what to do then: reinstall it, or put it into the stack again and take it out once more`
    );
}
