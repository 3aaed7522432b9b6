import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { load } from "js-yaml";
import { imageNamed, VendorSums } from "../../components/machines/images";
import { usedImages } from "../../infra/config/checks/images";
import * as defaults from "../../infra/config/defaults";
import { Draft, draftOf, entriesOf, fieldOr } from "../../infra/config/draft";
import { LockedGuestImage } from "../../infra/config/lock";
import { issuesWithoutKind } from "../../infra/config/schema/machine";
import { RegionInput, regionSchema } from "../../infra/config/schema/region";
import { Detours, download, request } from "./download";

/** A disk image that guests of some stack start from. */
export interface WantedGuestImage {
    readonly name: string;
    readonly url: string;
    /** The vendor's checksums; none for a region's own image, which is pinned as it is found. */
    readonly sums?: VendorSums;
}

/** What is written below `fjord:` in a stack's file, without what is wrong in it: `pulumi up` reports that. */
function regionOf(file: string): Draft<RegionInput> | undefined {
    const content = load(fs.readFileSync(file, "utf8")) as { readonly config?: Record<string, unknown> } | undefined;
    const input = Object.fromEntries(
        Object.entries(content?.config ?? {}).flatMap(([key, value]) =>
            key.startsWith("fjord:") ? [[key.slice("fjord:".length), value]] : [],
        ),
    );
    if (input["kind"] !== "region") {
        return undefined;
    }
    const issues = regionSchema.safeParse(input).error?.issues ?? [];
    return draftOf<RegionInput>(
        input,
        issues.flatMap((issue) => issuesWithoutKind(issue, input)),
    );
}

/**
 * The images of all stacks in a folder that have this lock. A stack's lock is relative to the project, which the folder
 * is in. Throws where two stacks call two images by one name.
 */
export function wantedGuestImages(folder: string, lock: string): WantedGuestImage[] {
    const wanted = new Map<string, WantedGuestImage & { readonly file: string }>();
    const files = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => /^Pulumi\..+\.yaml$/.test(name)) : [];
    for (const file of files.sort()) {
        const region = regionOf(path.join(folder, file));
        const own = fieldOr(region, "lock", defaults.lock);
        if (region === undefined || own === undefined || path.resolve(folder, "..", own) !== path.resolve(lock)) {
            continue;
        }
        for (const { name } of usedImages(region)) {
            const known = imageNamed(name);
            const url = known?.url ?? entriesOf(region.images).find(([, each]) => each.name === name)?.[1].url;
            const other = wanted.get(name);
            if (url === undefined) {
                continue;
            }
            if (other !== undefined && other.url !== url) {
                throw new Error(
                    `image "${name}" is ${other.url} in ${other.file} and ${url} in ${file}: ` +
                        "rename one of them, or give one stack a lock of its own (fjord:lock)",
                );
            }
            wanted.set(name, { name, url, file, ...(known && { sums: known.sums }) });
        }
    }
    return [...wanted.values()].map(({ file: _, ...image }) => image);
}

/** Longest silence of a download in milliseconds; how long all of it takes is the network's business. */
const longestSilence = 60_000;

/** First bytes of a qcow2 image. */
const magic = Buffer.from("QFI\xfb", "latin1");

interface Measured {
    readonly bytes: number;
    readonly sha256: string;
    readonly sha512: string;
}

/** Size and checksums of an image, read once and kept nowhere: it may be larger than memory. */
async function measure(url: string, detours: Detours): Promise<Measured> {
    const silence = new AbortController();
    const watch = setTimeout(() => silence.abort(), longestSilence);
    const [sha256, sha512] = [createHash("sha256"), createHash("sha512")];
    let bytes = 0;
    try {
        const response = await request(url, detours, {}, silence.signal);
        if (!response.ok || response.body === null) {
            throw new Error(`${url} answers ${response.status} ${response.statusText}`);
        }
        let head = Buffer.alloc(0);
        for await (const chunk of response.body) {
            watch.refresh();
            head = head.length < magic.length ? Buffer.concat([head, chunk]) : head;
            if (head.length >= magic.length && !head.subarray(0, magic.length).equals(magic)) {
                throw new Error(`${url} is not an image in qcow2 format`);
            }
            bytes += chunk.length;
            sha256.update(chunk);
            sha512.update(chunk);
        }
        if (head.length < magic.length) {
            throw new Error(`${url} is not an image in qcow2 format: it has ${bytes} bytes`);
        }
    } catch (error) {
        // What fetch says of a connection that breaks is one word; how far it came tells more.
        throw error instanceof TypeError || silence.signal.aborted
            ? new Error(`${url} broke off after ${bytes} bytes`)
            : error;
    } finally {
        clearTimeout(watch);
    }
    return { bytes, sha256: sha256.digest("hex"), sha512: sha512.digest("hex") };
}

/** The checksum of a file in a list as sha256sum writes it: `<hex>  name`, or `<hex> *name`. */
export function checksumIn(list: string, file: string): string | undefined {
    return list
        .split("\n")
        .map((line) => /^([0-9a-f]+) [ *](.+?)\r?$/i.exec(line))
        .find((match) => match?.[2] === file)?.[1]
        ?.toLowerCase();
}

/** Pins an image: reads it, and compares it with the vendor's checksum where the catalogue says where that is. */
export async function lockGuestImage(image: WantedGuestImage, detours: Detours): Promise<LockedGuestImage> {
    const { url, sums } = image;
    const [measured, list] = await Promise.all([
        measure(url, detours),
        sums === undefined ? undefined : download(sums.url, detours),
    ]);
    if (sums !== undefined && list !== undefined) {
        const file = path.posix.basename(new URL(url).pathname);
        const claimed = checksumIn(list.toString(), file);
        if (claimed === undefined) {
            throw new Error(`${sums.url} has no checksum of ${file}`);
        }
        if (claimed !== measured[sums.algorithm]) {
            throw new Error(`${sums.url} says ${claimed} of ${file}, its bytes are ${measured[sums.algorithm]}`);
        }
    }
    return { url, sha256: measured.sha256, bytes: measured.bytes };
}
