import * as fs from "node:fs";
import { Seconds, seconds } from "../../infra/config/types";
import { Token } from "./control";

/** A token is used until this long before its end, so that it does not end in the middle of a run of calls. */
export const renewBefore: Seconds = seconds(300);

/** The cached token, if it is good for a while yet. */
export function cachedToken(file: string, now: number = Date.now()): Token | undefined {
    try {
        const token = JSON.parse(fs.readFileSync(file, "utf8")) as Token;
        return Date.parse(token.expires) - now > renewBefore * 1000 ? token : undefined;
    } catch {
        return undefined;
    }
}

/** Keeps a token for the next process, readable by its owner only. */
export function cacheToken(file: string, token: Token): void {
    const temporary = `${file}.${process.pid}.new`;
    fs.writeFileSync(temporary, JSON.stringify(token), { mode: 0o600 });
    fs.renameSync(temporary, file);
}

/**
 * What a Kubernetes client reads from an exec plugin. The end it is told comes early, so that it asks for the next
 * token in time.
 */
export function execCredential(token: Token): string {
    const expirationTimestamp = new Date(Date.parse(token.expires) - renewBefore * 1000)
        .toISOString()
        .replace(/\.\d+Z$/, "Z");
    return JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { token: token.token, expirationTimestamp },
    });
}
