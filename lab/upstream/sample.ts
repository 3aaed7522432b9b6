import * as fs from "node:fs";
import * as path from "node:path";
import { buildSampleImage, type BuiltImage } from "../images/build";
import { ownRegistry } from "../images";
import { sshConfigFile } from "../keys";
import type { Lab, LabNode } from "../plan";
import { run, until, type Progress } from "../process";
import type { Toolchain } from "../toolchain/paths";

/** An image and the file that holds all of it. */
export interface SampleImage {
    readonly image: BuiltImage;
    /** Tar in the layout of the OCI image specification. */
    readonly archive: string;
}

interface Descriptor {
    readonly digest: string;
}

/** Digests of everything that a manifest consists of, itself first. Pure. */
export function blobsOf(digest: string, manifest: string): string[] {
    const { config, layers } = JSON.parse(manifest) as {
        readonly config: Descriptor;
        readonly layers: readonly Descriptor[];
    };
    return [digest, config.digest, ...layers.map((layer) => layer.digest)];
}

const hex = (digest: string): string => digest.replace("sha256:", "");

const digestReference = ({ name, digest }: BuiltImage): string => `${name}@${digest}`;

/** Builds the image of the sample application and packs it, once for a build. */
export async function ensureSampleArchive(cache: string, toolchain: Toolchain): Promise<SampleImage> {
    const dir = path.join(cache, "images");
    const { image, blobs } = await buildSampleImage(dir, toolchain, ownRegistry);
    const archive = path.join(dir, "archives", `${hex(image.digest).slice(0, 16)}.tar`);
    if (!fs.existsSync(archive)) {
        const layout = `${archive}.${process.pid}.layout`;
        const target = path.join(layout, "blobs", "sha256");
        fs.mkdirSync(target, { recursive: true });
        try {
            const manifest = fs.readFileSync(path.join(blobs, hex(image.digest)), "utf8");
            for (const digest of blobsOf(image.digest, manifest)) {
                fs.copyFileSync(path.join(blobs, hex(digest)), path.join(target, hex(digest)));
            }
            fs.writeFileSync(path.join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
            // By its digest, because that is how the application's manifest names it.
            const entry = {
                mediaType: "application/vnd.oci.image.manifest.v1+json",
                digest: image.digest,
                size: Buffer.byteLength(manifest),
                annotations: { "io.containerd.image.name": digestReference(image) },
            };
            fs.writeFileSync(path.join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
            await run("tar", ["--create", "--file", `${archive}.part`, "--directory", layout, "."]);
            fs.renameSync(`${archive}.part`, archive);
        } finally {
            fs.rmSync(layout, { recursive: true, force: true });
        }
    }
    return { image, archive };
}

/** Milliseconds between two tries. */
const tryAgain = 3_000;

/** Milliseconds that `up` may take to bring the container runtime to a worker. */
const runtimeLimit = 30 * 60_000;

/**
 * Puts the image on a worker, as soon as the worker has a container runtime: that comes with the region, is started
 * again when it is configured, and so this runs beside `pulumi up` and tries again. A worker that has the image is left
 * alone. Gives up quietly once `ended` says so.
 */
async function importOn(lab: Lab, node: LabNode, { image, archive }: SampleImage, ended: () => boolean): Promise<void> {
    const reference = digestReference(image);
    const command = `sudo -n crictl inspecti -q '${reference}' >/dev/null 2>&1 || sudo -n ctr --namespace k8s.io images import -`;
    const words = ['exec ssh -F "$1" "$2" "$3" <"$4"', "sh", sshConfigFile(lab), node.name, command, archive];
    let last = "";
    const attempt = (): Promise<boolean> =>
        run("sh", ["-c", ...words], { timeout: 60_000 }).then(
            () => true,
            (error: Error) => {
                last = error.message;
                return ended();
            },
        );
    if (!(await until(runtimeLimit, attempt, tryAgain))) {
        throw new Error(`${node.name}: the image of the sample application could not be imported: ${last}`);
    }
}

/** Puts the image of the sample application on all workers, at the same time. */
export async function importSample(
    lab: Lab,
    sample: SampleImage,
    ended: () => boolean,
    progress: Progress = () => undefined,
): Promise<void> {
    const workers = lab.nodes.filter(({ role }) => role === "worker");
    await Promise.all(
        workers.map(async (node) => {
            await importOn(lab, node, sample, ended);
            progress(`image of the sample application is on ${node.name}`);
        }),
    );
}
