import { createHash } from "node:crypto";
import * as defaults from "../../infra/config/defaults";
import { Lock, LockedGuestImage } from "../../infra/config/lock";
import { AptRepository, newest, PackageIndex, readIndex } from "./apt-index";
import { Detours, download } from "./download";
import { lockGuestImage, WantedGuestImage } from "./guest-images";
import { resolveDigest } from "./registry";
import { Wanted } from "./wanted";

/** A lock of which some entries are empty texts: wanted, not resolved. `readLock` refuses it. */
export interface Resolution {
    readonly lock: Lock;
    /** What could not be resolved, and why. */
    readonly failures: readonly string[];
}

/** How a lock is resolved. */
export interface ResolveOptions {
    readonly detours: Detours;
    /** Codename of the nodes' Debian; Docker's packages differ by it. */
    readonly debian: string;
    /** Disk images of the stacks' guests. Default: none. */
    readonly guestImages?: readonly WantedGuestImage[];
    /** The lock that there is: what it has for the same names stays where it cannot be resolved anew. */
    readonly previous?: Lock;
}

/** Resolves every wanted thing at the same time; one that fails does not stop the others. */
export async function resolveLock(wanted: Wanted, options: ResolveOptions): Promise<Resolution> {
    const { detours, previous } = options;
    const failures: string[] = [];
    const fail = (what: string, error: unknown, kept: unknown) =>
        failures.push(`${what}: ${(error as Error).message}${kept ? " (keeps what the lock had)" : ""}`);
    const attempt = async (what: string, work: () => Promise<string>, kept: string | undefined): Promise<string> => {
        try {
            return await work();
        } catch (error) {
            fail(what, error, kept);
            return kept ?? "";
        }
    };
    const repositories: Readonly<Record<keyof typeof defaults.upstreamApt, AptRepository>> = {
        ...defaults.upstreamApt,
        containerd: { ...defaults.upstreamApt.containerd, suite: options.debian },
    };
    // An image that cannot be read is left out: stacks without guests do not wait for it, and the others say so.
    const guestImage = async (image: WantedGuestImage): Promise<readonly (readonly [string, LockedGuestImage])[]> => {
        const { name, url } = image;
        try {
            return [[name, await lockGuestImage(image, detours)]];
        } catch (error) {
            const known = previous?.guestImages?.[name];
            const kept = known?.url === url ? known : undefined;
            fail(`guestImages.${name}`, error, kept);
            return kept === undefined ? [] : [[name, kept]];
        }
    };
    const indexes = new Map<string, Promise<PackageIndex>>();
    const index = (source: keyof typeof repositories) => {
        const known = indexes.get(source) ?? readIndex(repositories[source], detours);
        indexes.set(source, known);
        return known;
    };
    const [packages, images, files, guestImages] = await Promise.all([
        mapValues(wanted.packages, async (name, { source, version }) => {
            const kept = previous?.packages[name];
            const fits = version === undefined || kept?.startsWith(`${version}-`);
            return attempt(
                `packages.${name}`,
                async () => newest(await index(source), name, version),
                fits ? kept : undefined,
            );
        }),
        mapValues(wanted.images, async (name, image) => {
            const kept = previous?.images[name];
            const same = kept?.name === image.name && kept.tag === image.tag;
            return {
                ...image,
                digest: await attempt(
                    `images.${name}`,
                    () => resolveDigest(image, detours),
                    same ? kept.digest : undefined,
                ),
            };
        }),
        mapValues(wanted.files, async (name, file) => {
            const kept = previous?.files[name];
            const checksum = async () =>
                createHash("sha256")
                    .update(await download(file.url, detours))
                    .digest("hex");
            return {
                ...file,
                sha256: await attempt(`files.${name}`, checksum, kept?.url === file.url ? kept.sha256 : undefined),
            };
        }),
        Promise.all((options.guestImages ?? []).map(guestImage)),
    ]);
    const guests = guestImages.flat();
    const lock: Lock = {
        source: "upstream",
        packages,
        images,
        files,
        ...(guests.length > 0 && { guestImages: Object.fromEntries(guests) }),
    };
    return { lock, failures: failures.sort() };
}

async function mapValues<Name extends string, In, Out>(
    record: Readonly<Record<Name, In>>,
    work: (name: Name, value: In) => Promise<Out>,
): Promise<Record<Name, Out>> {
    const entries = await Promise.all(
        (Object.entries(record) as [Name, In][]).map(async ([name, value]) => [name, await work(name, value)] as const),
    );
    return Object.fromEntries(entries) as Record<Name, Out>;
}

/**
 * What changes from one lock to another, a line each; a tag whose bytes changed is told apart, because tags should
 * not move.
 */
export function lockChanges(before: Lock | undefined, after: Lock): string[] {
    const packages = Object.entries(after.packages).flatMap(([name, version]) => {
        const old = before?.packages[name as keyof Lock["packages"]];
        return old === version ? [] : [`packages.${name}: ${old || "-"} -> ${version || "unresolved"}`];
    });
    const images = Object.entries(after.images).flatMap(([name, image]) => {
        const old = before?.images[name as keyof Lock["images"]];
        const moved = old?.tag === image.tag && old.name === image.name && old.digest !== "" && image.digest !== "";
        const what = `${image.name}:${image.tag} ${image.digest || "unresolved"}`;
        return old?.digest === image.digest && old.tag === image.tag && old.name === image.name
            ? []
            : [
                  `images.${name}: ${what}${moved ? ` (the tag has MOVED from ${old.digest}; find out why before you commit this)` : ""}`,
              ];
    });
    const files = Object.entries(after.files).flatMap(([name, file]) => {
        const old = before?.files[name as keyof Lock["files"]];
        return old?.sha256 === file.sha256 && old.url === file.url
            ? []
            : [`files.${name}: ${file.sha256 || "unresolved"}`];
    });
    return [...packages, ...images, ...files, ...guestImageChanges(before?.guestImages, after.guestImages)];
}

function guestImageChanges(before: Lock["guestImages"] = {}, after: Lock["guestImages"] = {}): string[] {
    const gone = Object.keys(before).filter((name) => !(name in after));
    const changed = Object.entries(after).flatMap(([name, image]) => {
        const old = before[name];
        if (old?.sha256 === image.sha256 && old.url === image.url) {
            return [];
        }
        const other =
            old?.url === image.url
                ? ` (its bytes have CHANGED from ${old.sha256}; find out why before you commit this)`
                : "";
        return [`guestImages.${name}: ${image.url} ${image.sha256}${other}`];
    });
    return [...changed, ...gone.map((name) => `guestImages.${name}: no longer there`)];
}
