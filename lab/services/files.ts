import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { FileName, LockedFile, LockedGuestImage } from "../../infra/config/lock";
import { wanted } from "../../operations/lock/wanted";
import type { GuestImage } from "../guest-image/build";
import { guestDebian } from "../guest-image/recipe";
import type { Lab } from "../plan";
import type { Toolchain } from "../toolchain/paths";

/** Where each file of the lock lies below the toolchain's `files/`. */
const sources: Readonly<Record<FileName, string>> = {
    "argocd-manifest": "argocd/install.yaml",
    "sealed-secrets-crd": "sealed-secrets/crd.yaml",
};

/** Base URL of the lab's file mirror. By address, because the operator's machine does not know the lab's names. */
export const filesUrl = (lab: Lab): string => `https://${lab.services.files}/`;

/** Folder that the file mirror serves. */
const filesRoot = (lab: Pick<Lab, "dir">): string => path.join(lab.dir, "files");

/** Puts the files of the toolchain where the file mirror serves them; gives its folder and the lock's entries. */
export function writeFiles(
    lab: Lab,
    toolchain: Toolchain,
): { readonly root: string; readonly locked: Readonly<Record<FileName, LockedFile>> } {
    const root = filesRoot(lab);
    const entries = (Object.keys(sources) as FileName[]).map((name) => {
        const { url, path: below } = wanted().files[name];
        const content = fs.readFileSync(path.join(toolchain.files, sources[name]));
        const target = path.join(root, below);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, content);
        return [name, { url, path: below, sha256: createHash("sha256").update(content).digest("hex") }] as const;
    });
    return { root, locked: Object.fromEntries(entries) as Record<FileName, LockedFile> };
}

/** Name of the lab's guest image in a stack: it is not the vendor's, so it has not the vendor's name. */
export const guestImageName = `lab-debian-${guestDebian.version}`;

/** URL of a guest image on the lab's file mirror. */
export const guestImageAt = (lab: Lab, { sha256 }: Pick<GuestImage, "sha256">): string => `${filesUrl(lab)}images/${sha256}.qcow2`;

/** Lets the file mirror serve a guest image from where it lies in the cache; gives the lock's entry. */
export function serveGuestImage(lab: Lab, image: GuestImage): LockedGuestImage {
    const folder = path.join(filesRoot(lab), "images");
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    fs.symlinkSync(image.file, path.join(folder, `${image.sha256}.qcow2`));
    return { url: guestImageAt(lab, image), sha256: image.sha256, bytes: fs.statSync(image.file).size };
}
