import * as path from "node:path";
import { imageNamed, imageNames, refusedImage } from "../../../components/machines/images";
import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr } from "../draft";
import { LockError, readLock } from "../lock-file";
import { formatPath } from "../problems";
import { RegionInput } from "../schema/region";
import { oneOf } from "../suggestion";
import { Problem } from "../types";
import { guestMachines, repetitions } from "./machines";

type Region = Draft<RegionInput>;

/** Every guest's image, with its default. */
export function usedImages(region: Region): readonly { readonly at: string; readonly name: string }[] {
    return guestMachines(region).flatMap(([i, guest]) => {
        const name = fieldOr(guest, "image", defaults.image);
        return name === undefined ? [] : [{ at: formatPath(["machines", i, "image"]), name }];
    });
}

/** A name means one image, in every region the same where the catalogue has it. */
export function ownImages(region: Region): Problem[] {
    const names = entriesOf(region.images).flatMap(([i, { name }]) =>
        name === undefined ? [] : [{ path: ["images", i, "name"], key: name }],
    );
    return [
        ...names
            .filter(({ key }) => imageNames.includes(key))
            .map(({ path: at, key }) => ({
                path: formatPath(at),
                message: `"${key}" is an image of the catalogue`,
                fix: `give the region's own image another name, such as ${key}-hardened`,
            })),
        ...repetitions(
            names,
            (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
            "give every image a name of its own",
        ),
    ];
}

export function knownImages(region: Region): Problem[] {
    const own = fieldOr(region, "images", [])?.map((image) => image?.name);
    return usedImages(region).flatMap(({ at, name }) => {
        const refused = refusedImage(name);
        if (refused !== undefined) {
            const fix = `write ${refused.instead.join(", ")}`;
            return [{ path: at, message: `"${name}" is refused: ${refused.reason}`, fix }];
        }
        // An own image whose name is unusable may be the one that is meant.
        if (imageNames.includes(name) || own === undefined || own.includes(undefined) || own.includes(name)) {
            return [];
        }
        const known = [...imageNames, ...own.filter((each) => each !== undefined)];
        const message = `"${name}" is not an image of the catalogue or of fjord:images`;
        return [{ path: at, message, fix: oneOf(name, known) }];
    });
}

/**
 * The lock has the checksum of every image that a guest starts from, and of the same URL. `directory` is the project's.
 */
export function imagesAreLocked(region: Region, directory: string): Problem[] {
    const file = fieldOr(region, "lock", defaults.lock);
    const locked = file === undefined ? undefined : guestImagesOf(path.resolve(directory, file));
    if (locked === undefined) {
        return [];
    }
    const seen = new Set<string>();
    return usedImages(region).flatMap(({ at, name }) => {
        const url = imageNamed(name)?.url ?? entriesOf(region.images).find(([, own]) => own.name === name)?.[1].url;
        if (url === undefined || seen.has(name) || locked[name]?.url === url) {
            return [];
        }
        seen.add(name);
        const message = locked[name]
            ? `"${name}" is pinned in ${file} from ${locked[name].url}, and is to come from ${url}`
            : `"${name}" has no checksum in ${file}`;
        const fix = "run `npm run lock` where the image can be reached: it reads the image once and pins its checksum";
        return [{ path: at, message, fix }];
    });
}

/** The images of a lock; undefined for a lock that cannot be used, which is reported where it is compared. */
function guestImagesOf(file: string) {
    try {
        return readLock(file).guestImages ?? {};
    } catch (error) {
        if (error instanceof LockError) {
            return undefined;
        }
        throw error;
    }
}
