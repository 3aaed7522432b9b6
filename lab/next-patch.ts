import * as fs from "node:fs";
import * as path from "node:path";
import { ensureImages } from "./images";
import type { MadeLab } from "./make";
import { startServices } from "./services";
import { writeAptRepository } from "./services/apt";
import { ensureDebs, packageVersions } from "./services/debs";
import type { ImageIndex } from "./services/registry";
import { ensureRootfs } from "./rootfs";
import type { Progress } from "./process";
import { cacheRoot, type Toolchain } from "./toolchain/paths";
import { groups } from "./toolchain/table";

/** Kubernetes' own programs: those that carry its version. */
const kubernetesPrograms: ReadonlySet<string> = new Set(
    groups
        .flatMap(({ programs }) => programs)
        .filter((program) => program.package.startsWith("k8s.io/kubernetes/"))
        .map(({ output }) => output),
);

/**
 * The next patch release: `1.36.5` after `1.36.4`. Pure.
 *
 * @throws where its number is longer, which would not fit in the place of the other
 */
export function nextPatch(version: string): string {
    const next = version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
    if (next === version || next.length !== version.length) {
        throw new Error(`the release after ${version} cannot be made of it: its number has another length`);
    }
    return next;
}

/** The program under another version, which must be as long: in a Go program a text is its bytes and its length. Pure. */
export function renumber(program: Buffer, from: string, to: string): Buffer {
    const [old, wanted] = [`v${from}`, `v${to}`];
    if (old.length !== wanted.length) {
        throw new Error(`${wanted} cannot stand where ${old} does: it has another length`);
    }
    const result = Buffer.from(program);
    let found = 0;
    for (let at = result.indexOf(old); at >= 0; at = result.indexOf(old, at + old.length)) {
        result.write(wanted, at, "latin1");
        found += 1;
    }
    if (found === 0) {
        throw new Error(`the program does not hold ${old}`);
    }
    return result;
}

/**
 * The same programs under the number of the next patch release. Stand-in: no newer release can be built from the pinned
 * modules, and what a roll does (packages, images, kubeadm's own checks and phases) goes by the number.
 */
function renumberedToolchain(toolchain: Toolchain, dir: string): Toolchain {
    const kubernetes = nextPatch(toolchain.kubernetes);
    const bin = path.join(dir, "bin");
    fs.rmSync(dir, { recursive: true, force: true });
    fs.mkdirSync(bin, { recursive: true });
    for (const name of fs.readdirSync(toolchain.bin)) {
        const [source, target] = [path.join(toolchain.bin, name), path.join(bin, name)];
        if (!kubernetesPrograms.has(name)) {
            fs.symlinkSync(source, target);
            continue;
        }
        fs.writeFileSync(target, renumber(fs.readFileSync(source), toolchain.kubernetes, kubernetes), { mode: 0o755 });
        // Images are told apart by size and time of their programs; the size is the same.
        const { mtimeMs } = fs.statSync(source);
        fs.utimesSync(target, mtimeMs / 1000, mtimeMs / 1000 + 1);
    }
    return { ...toolchain, dir, bin, kubernetes, key: `${toolchain.key}-${kubernetes}` };
}

/** Names that the lab's registry has, with those of the release before: a node may still need those. */
function bothReleases(lab: MadeLab["lab"], indexes: readonly string[]): string {
    const read = (file: string): ImageIndex => JSON.parse(fs.readFileSync(file, "utf8")) as ImageIndex;
    const file = path.join(lab.dir, "images-of-two-releases.json");
    fs.writeFileSync(file, JSON.stringify(Object.assign({}, ...indexes.map(read)), null, 2));
    return file;
}

/** containerd in a newer package, as a patch release often comes with one. */
const containerdRevision = 2;

/** Has the lab's mirrors serve the next patch release of Kubernetes, and gives the lab with the lock that names it. */
export async function releaseNextPatch(made: MadeLab, progress: Progress): Promise<MadeLab> {
    const { lab, content } = made;
    if (content.mirrors === undefined) {
        throw new Error("a lab that takes everything from upstream gets its releases from there");
    }
    const cache = cacheRoot();
    const rootfs = await ensureRootfs(cache, progress);
    const toolchain = renumberedToolchain(content.toolchain, path.join(lab.dir, "next-patch"));
    const images = await ensureImages(cache, toolchain, progress);
    const apt = await writeAptRepository(lab, await ensureDebs(cache, toolchain, rootfs, progress, containerdRevision));
    const imageIndex = bothReleases(lab, [content.mirrors.imageIndex, images.index]);
    const next = { ...content, mirrors: { ...content.mirrors, apt, imageIndex } };
    await startServices(lab, next, progress);
    const lock = { ...made.lock, packages: packageVersions(toolchain.kubernetes, containerdRevision), images: images.locked };
    const lockFile = path.join(lab.dir, "next-patch.lock.json");
    fs.writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
    return { ...made, content: next, lock, lockFile };
}
