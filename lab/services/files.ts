import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { FileName, LockedFile } from "../../infra/config/lock";
import { wanted } from "../../operations/lock/wanted";
import type { Lab } from "../plan";
import type { Toolchain } from "../toolchain/paths";

/** Where each file of the lock lies below the toolchain's `files/`. */
const sources: Readonly<Record<FileName, string>> = {
    "argocd-manifest": "argocd/install.yaml",
    "sealed-secrets-crd": "sealed-secrets/crd.yaml",
};

/** Base URL of the lab's file mirror. By address, because the operator's machine does not know the lab's names. */
export const filesUrl = (lab: Lab): string => `https://${lab.services.files}/`;

/** Puts the files of the toolchain where the file mirror serves them; gives its folder and the lock's entries. */
export function writeFiles(
    lab: Lab,
    toolchain: Toolchain,
): { readonly root: string; readonly locked: Readonly<Record<FileName, LockedFile>> } {
    const root = path.join(lab.dir, "files");
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
