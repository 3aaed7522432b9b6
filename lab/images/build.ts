import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run, type Progress } from "../process";
import type { ImageIndex } from "../services/registry";
import type { Toolchain } from "../toolchain/paths";
import { ensureBase, type BaseName } from "./bases";
import { packLayer, writeBlob, type Layer } from "./layer";
import { imageName, imageRecipe, labImages, type Entry, type ImageRecipe, type LabImageName } from "./recipes";

/** An image that was built. */
export interface BuiltImage {
    readonly name: string;
    readonly tag: string;
    readonly digest: string;
    readonly standIn?: string;
}

/** All images of a lab, ready to be served. */
export interface BuiltImages {
    /** Folder of blobs, named by the hex of their sha256. Shared by all labs of this machine. */
    readonly blobs: string;
    readonly images: Readonly<Record<LabImageName, BuiltImage>>;
}

const mediaTypes = {
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

/** Configuration of an image (OCI image spec). Pure. */
export function imageConfig(recipe: ImageRecipe, layers: readonly Layer[]): object {
    return {
        architecture: "amd64",
        os: "linux",
        created: "1970-01-01T00:00:00Z",
        config: {
            Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...(recipe.env ?? [])],
            ...(recipe.entrypoint ? { Entrypoint: recipe.entrypoint } : {}),
            ...(recipe.command ? { Cmd: recipe.command } : {}),
            ...(recipe.user ? { User: recipe.user } : {}),
            ...(recipe.workdir ? { WorkingDir: recipe.workdir } : {}),
            ...(recipe.standIn
                ? { Labels: { "org.opencontainers.image.description": `stand-in: ${recipe.standIn}` } }
                : {}),
        },
        rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
        history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "fjord lab" })),
    };
}

async function putEntry(root: string, name: string, entry: Entry, toolchain: Toolchain): Promise<void> {
    const target = path.join(root, name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    if ("link" in entry) {
        fs.symlinkSync(entry.link, target);
    } else if ("folder" in entry) {
        fs.mkdirSync(target, { recursive: true });
        fs.chownSync(target, entry.owner ?? 0, entry.owner ?? 0);
        fs.chmodSync(target, entry.mode ?? 0o755);
    } else if ("text" in entry) {
        fs.writeFileSync(target, entry.text);
        fs.chmodSync(target, entry.executable ? 0o755 : 0o644);
    } else {
        fs.copyFileSync(
            "program" in entry ? path.join(toolchain.bin, entry.program) : path.join(toolchain.files, entry.file),
            target,
        );
        fs.chmodSync(target, 0o755);
        if ("program" in entry && entry.capability) {
            await run("setcap", [`${entry.capability}=+ep`, target]);
        }
    }
}

/** Key of one image: its recipe, its base, and the bytes that go in, told apart by size and time of change. */
function imageKey(recipe: ImageRecipe, base: Layer | undefined, toolchain: Toolchain): string {
    const sources = Object.values(recipe.entries).flatMap((entry) => {
        const file =
            "program" in entry
                ? path.join(toolchain.bin, entry.program)
                : "file" in entry
                  ? path.join(toolchain.files, entry.file)
                  : undefined;
        const stats = file === undefined ? undefined : fs.statSync(file);
        return stats ? [`${stats.size} ${stats.mtimeMs}`] : [];
    });
    return createHash("sha256")
        .update(JSON.stringify({ recipe, base, sources, format: 2 }))
        .digest("hex")
        .slice(0, 24);
}

async function buildImage(
    name: LabImageName,
    base: Layer | undefined,
    toolchain: Toolchain,
    imagesDir: string,
): Promise<string> {
    const recipe = imageRecipe(name);
    const record = path.join(imagesDir, "built", `${name}-${imageKey(recipe, base, toolchain)}`);
    if (fs.existsSync(record)) {
        return fs.readFileSync(record, "utf8");
    }
    const blobs = path.join(imagesDir, "blobs");
    const work = path.join(imagesDir, `image.${randomBytes(4).toString("hex")}`);
    fs.mkdirSync(work, { recursive: true });
    try {
        for (const [at, entry] of Object.entries(recipe.entries)) {
            await putEntry(work, at, entry, toolchain);
        }
        const layers = [...(base ? [base] : []), await packLayer(work, blobs)];
        const config = writeBlob(blobs, JSON.stringify(imageConfig(recipe, layers)));
        const manifest = writeBlob(
            blobs,
            JSON.stringify({
                schemaVersion: 2,
                mediaType: mediaTypes.manifest,
                config: { mediaType: mediaTypes.config, ...config },
                layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layer, digest, size })),
            }),
        );
        fs.mkdirSync(path.dirname(record), { recursive: true });
        fs.writeFileSync(record, manifest.digest);
        return manifest.digest;
    } finally {
        fs.rmSync(work, { recursive: true, force: true });
    }
}

/**
 * Builds every image that a region needs from the toolchain's programs; what is built already is taken as it is.
 * `imagesDir` is `images` in fjord's cache folder, `ownRegistry` the registry name of the sample application's image.
 */
export async function buildImages(
    imagesDir: string,
    toolchain: Toolchain,
    ownRegistry: string,
    progress: Progress,
): Promise<BuiltImages> {
    const bases: Partial<Record<BaseName, Layer>> = {};
    for (const base of ["network", "platform"] as const) {
        bases[base] = await ensureBase(base, imagesDir, progress);
    }
    const images: Partial<Record<LabImageName, BuiltImage>> = {};
    for (const [i, name] of labImages.entries()) {
        progress(`image ${i + 1} of ${labImages.length}: ${name}`);
        const { base, standIn } = imageRecipe(name);
        const digest = await buildImage(name, base && bases[base], toolchain, imagesDir);
        images[name] = { ...imageName(name, ownRegistry, toolchain.kubernetes), digest, ...(standIn ? { standIn } : {}) };
    }
    return { blobs: path.join(imagesDir, "blobs"), images: images as Record<LabImageName, BuiltImage> };
}

/** Builds the image of the sample application alone: all others come from upstream there. */
export async function buildSampleImage(
    imagesDir: string,
    toolchain: Toolchain,
    ownRegistry: string,
): Promise<{ readonly blobs: string; readonly image: BuiltImage }> {
    const digest = await buildImage("payment-service", undefined, toolchain, imagesDir);
    return { blobs: path.join(imagesDir, "blobs"), image: { ...imageName("payment-service", ownRegistry), digest } };
}

/** What the registry serves under which name. Pure. */
export function imageIndex(images: BuiltImages["images"]): ImageIndex {
    return Object.fromEntries(Object.values(images).map((image) => [`${image.name}:${image.tag}`, image.digest]));
}
