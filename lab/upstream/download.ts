import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import type { Progress } from "../process";

/** Longest wait for a whole file, in milliseconds: the largest has about 150 MB. */
const fileLimit = 20 * 60_000;
const textLimit = 60_000;

async function get(url: string, limit: number): Promise<Response> {
    let response: Response;
    try {
        response = await fetch(url, { signal: AbortSignal.timeout(limit) });
    } catch (error) {
        const cause = (error as { readonly cause?: { readonly code?: string } }).cause?.code ?? (error as Error).name;
        throw new Error(
            `${url} cannot be fetched (${cause})\n  what to do: check the network, or take the other source (--source lab)`,
        );
    }
    if (!response.ok) {
        throw new Error(
            `${url} answers ${response.status}\n  what to do: look whether upstream still has this version`,
        );
    }
    return response;
}

/** A small text from a URL. */
export const downloadText = async (url: string): Promise<string> => (await get(url, textLimit)).text();

/**
 * The sum that a published list has for a file: `<hex>  <name>`, as sha256sum writes it. A list of one bare sum, as
 * some projects publish beside each file, is taken too. Pure.
 *
 * @throws if the list does not name the file
 */
export function sumOf(list: string, name: string): string {
    const lines = list
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+\*?/));
    const bare = lines.length === 1 && lines[0]?.length === 1 ? lines[0][0] : undefined;
    const sum = lines.find(([, file]) => file === name)?.[0] ?? bare;
    if (sum === undefined || !/^[0-9a-f]{64}$/.test(sum)) {
        throw new Error(`the published checksums name no sha256 of ${name}: do not go on with what was downloaded`);
    }
    return sum;
}

/**
 * Fetches a file and holds it against its sha256. It gets its name only when it is whole and right.
 *
 * @throws if it cannot be fetched, or has other bytes
 */
export async function downloadFile(url: string, sha256: string, target: string, progress: Progress): Promise<void> {
    const response = await get(url, fileLimit);
    const size = Number(response.headers.get("content-length") ?? 0);
    const hash = createHash("sha256");
    let taken = 0;
    const counter = new Transform({
        transform(chunk: Buffer, _encoding, next) {
            hash.update(chunk);
            taken += chunk.length;
            progress(
                `${path.basename(target)}: ${Math.floor(taken / 2 ** 20)} of ${Math.ceil(size / 2 ** 20) || "?"} MiB`,
            );
            next(null, chunk);
        },
    });
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const partial = `${target}.${process.pid}.part`;
    try {
        await pipeline(Readable.fromWeb(response.body as ReadableStream), counter, fs.createWriteStream(partial));
        const actual = hash.digest("hex");
        if (actual !== sha256) {
            throw new Error(
                `${url} has sha256 ${actual}, its publisher says ${sha256}\n` +
                    "  what to do: do not go on with it; find out who answers in the publisher's place",
            );
        }
        fs.renameSync(partial, target);
    } finally {
        fs.rmSync(partial, { force: true });
    }
}
