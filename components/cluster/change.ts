import { seconds } from "../../infra/config/types";
import { stackFiles } from "./home";
import { failureSince, inUse, withLock } from "./lock";

/** Longest wait for the steps before: a roll of a large region takes some minutes a node. */
const limit = seconds(7200);

/**
 * Takes a machine out of service or changes the members of etcd: of one region, one machine at a time.
 *
 * @param work is told whether another was waited for: what it knows may be old then
 */
export function alone<T>(region: string, fqdn: string, work: (waited: boolean) => Promise<T>): Promise<T> {
    return withLock({ file: stackFiles(region).changeLock, who: fqdn, limit }, work);
}

/** Whether a machine of the region is being changed, or waits for its turn. */
export const someoneChanges = (region: string): boolean => inUse(stackFiles(region).changeLock);

/** Why a step gives up: one of the same run has failed with its turn since a moment. Undefined where none has. */
export const failedBefore = (region: string, since: number): Error | undefined => failureSince(stackFiles(region).changeLock, since);
