import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as https from "node:https";
import * as os from "node:os";
import * as path from "node:path";
import { rootCertificates } from "node:tls";
import { LockedFile } from "../../infra/config/lock";

/** From the first byte sent to the last byte received, redirects included. */
const limit = 30_000;
const maxRedirects = 5;
/** Upstream's largest manifest is 2 MB; a server that sends more is not the right one. */
const maxBytes = 64 * 1024 * 1024;

/** Where bytes of a lock are kept on this machine, by their sha256, so that a preview needs no network. */
export function cachePath(sha256: string, home: string = os.homedir()): string {
    return path.join(home, ".cache", "fjord", "files", sha256);
}

function sha256(bytes: Buffer): string {
    return createHash("sha256").update(bytes).digest("hex");
}

async function cached(file: string, expected: string): Promise<Buffer | undefined> {
    try {
        const bytes = await fs.readFile(file);
        return sha256(bytes) === expected ? bytes : undefined;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return undefined;
        }
        throw error;
    }
}

/** Written beside and renamed, so that two runs, or a killed one, never leave half a file under the name. */
async function keep(file: string, bytes: Buffer): Promise<void> {
    await fs.mkdir(path.dirname(file), { recursive: true });
    const partial = `${file}.${process.pid}`;
    await fs.writeFile(partial, bytes);
    await fs.rename(partial, file);
}

function get(url: URL, ca: string | undefined, signal: AbortSignal, redirects = maxRedirects): Promise<Buffer> {
    return new Promise((resolve, reject) => {
        const options = { signal, ...(ca && { ca: [...rootCertificates, ca] }) };
        const request = https.get(url, options, (response) => {
            const status = response.statusCode ?? 0;
            const location = response.headers.location;
            if (status >= 300 && status < 400 && location) {
                response.resume();
                const next = new URL(location, url);
                if (redirects === 0 || next.protocol !== "https:") {
                    reject(new Error(`it redirects to ${next.href}, which is not followed`));
                } else {
                    get(next, ca, signal, redirects - 1).then(resolve, reject);
                }
                return;
            }
            if (status !== 200) {
                response.resume();
                reject(new Error(`the server answered ${status}`));
                return;
            }
            const chunks: Buffer[] = [];
            let size = 0;
            response.on("data", (chunk: Buffer) => {
                size += chunk.length;
                chunks.push(chunk);
                if (size > maxBytes) {
                    request.destroy(new Error(`it sends more than ${maxBytes} bytes`));
                }
            });
            response.on("end", () => resolve(Buffer.concat(chunks)));
            response.on("error", reject);
        });
        request.on("error", reject);
    });
}

/** Options of a fetch that only tests change. */
export interface FetchOptions {
    /** Home directory for the cache. Default: the user's. */
    readonly home?: string;
    /** Milliseconds. Default 30 000. */
    readonly timeout?: number;
}

/**
 * The text of a file that the lock pins: from the cache, or over HTTPS from the mirror (the lock's URL without one).
 *
 * @param mirrorBase base URL of the region's file mirror; the lock's `path` is below it.
 * @param ca PEM of a private CA, trusted beside the well-known ones.
 * @throws within 30 s, with the URL, the cause and what to do; also if the bytes are not those of the lock.
 */
export async function loadUpstreamFile(
    locked: LockedFile,
    mirrorBase?: string,
    ca?: string,
    options: FetchOptions = {},
): Promise<string> {
    const file = cachePath(locked.sha256, options.home);
    const known = await cached(file, locked.sha256);
    if (known) {
        return known.toString("utf8");
    }
    const url = mirrorBase ? new URL(locked.path, mirrorBase.replace(/\/?$/, "/")) : new URL(locked.url);
    if (url.protocol !== "https:") {
        throw new Error(`${url.href} is not fetched: only https is. Give the mirror, or the lock, an https URL`);
    }
    const timeout = options.timeout ?? limit;
    const signal = AbortSignal.timeout(timeout);
    const bytes = await get(url, ca, signal).catch((error: Error) => {
        const cause = signal.aborted ? `no full answer within ${timeout / 1000} s` : error.message;
        throw new Error(
            `${url.href} could not be fetched: ${cause}. Check that it can be reached from this machine` +
                `${mirrorBase ? " and that fjord:mirrors.files and fjord:mirrors.ca are right" : ""}; ` +
                `or put the file at ${file} by hand, its sha256 is checked`,
        );
    });
    const actual = sha256(bytes);
    if (actual !== locked.sha256) {
        throw new Error(
            `${url.href} has sha256 ${actual}, the lock says ${locked.sha256}. ` +
                "The file was changed after it was locked: find out why, then run npm run lock if the change is wanted",
        );
    }
    await keep(file, bytes);
    return bytes.toString("utf8");
}
