import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { PassThrough } from "node:stream";

/** One layer of an image, as it lies among the blobs. */
export interface Layer {
    /** Of the compressed bytes: the blob's name. */
    readonly digest: string;
    /** Of the tar. */
    readonly diffId: string;
    readonly size: number;
}

const finish = (child: ReturnType<typeof spawn>, name: string): Promise<void> =>
    new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${name} ended with code ${code}`))));
    });

/** Puts bytes among the blobs; gives their digest. */
export function writeBlob(blobs: string, content: string): { readonly digest: string; readonly size: number } {
    const hex = createHash("sha256").update(content).digest("hex");
    fs.mkdirSync(blobs, { recursive: true });
    const file = path.join(blobs, hex);
    if (!fs.existsSync(file)) {
        const partial = `${file}.${randomBytes(4).toString("hex")}`;
        fs.writeFileSync(partial, content);
        fs.renameSync(partial, file);
    }
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
}

/**
 * Packs a folder into a layer, always into the same bytes: sorted, without times. zstd, because unpacking gzip on every
 * node costs more than everything else about these layers.
 */
export async function packLayer(root: string, blobs: string): Promise<Layer> {
    fs.mkdirSync(blobs, { recursive: true });
    const partial = path.join(blobs, `layer.${randomBytes(6).toString("hex")}`);
    const tar = spawn(
        "tar",
        [
            "--create",
            "--sort=name",
            "--mtime=@0",
            "--numeric-owner",
            "--format=pax",
            "--pax-option=delete=atime,delete=ctime",
            "--xattrs",
            "--xattrs-include=security.capability",
            "-C",
            root,
            ".",
        ],
        {
            stdio: ["ignore", "pipe", "inherit"],
        },
    );
    const zstd = spawn("zstd", ["--quiet", "-3", "--stdout"], { stdio: ["pipe", "pipe", "inherit"] });
    const plain = createHash("sha256");
    const packed = createHash("sha256");
    let size = 0;
    const counted = new PassThrough();
    counted.on("data", (chunk: Buffer) => {
        packed.update(chunk);
        size += chunk.length;
    });
    const tapped = new PassThrough();
    tapped.on("data", (chunk: Buffer) => plain.update(chunk));
    try {
        await Promise.all([
            pipeline(tar.stdout, tapped, zstd.stdin),
            pipeline(zstd.stdout, counted, fs.createWriteStream(partial)),
            finish(tar, "tar"),
            finish(zstd, "zstd"),
        ]);
        const hex = packed.digest("hex");
        fs.renameSync(partial, path.join(blobs, hex));
        return { digest: `sha256:${hex}`, diffId: `sha256:${plain.digest("hex")}`, size };
    } finally {
        fs.rmSync(partial, { force: true });
    }
}
