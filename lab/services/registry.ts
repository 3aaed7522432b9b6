import * as fs from "node:fs";
import * as path from "node:path";
import { requestPath, sendFile, type Handler } from "./http";

/** Images by full name: `registry.k8s.io/pause:3.10.2` to `sha256:...` of the manifest. */
export type ImageIndex = Readonly<Record<string, string>>;

/** A request of the OCI distribution API, as far as pulling goes. */
export type RegistryRequest =
    | { readonly kind: "ping" }
    | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
    | { readonly kind: "blob"; readonly digest: string };

/**
 * Reads a request. One server stands before several upstream registries: containerd names the one it wants with `ns`,
 * and the image is then `<ns>/<path>`. Without `ns` (an image of this registry itself) it is `<own name>/<path>`. Pure.
 */
export function registryRequest(url: string, ownName: string): RegistryRequest | undefined {
    const target = requestPath(url);
    if (target === "v2/" || target === "v2") {
        return { kind: "ping" };
    }
    const match = /^v2\/([a-z0-9._/-]+)\/(manifests|blobs)\/([A-Za-z0-9_.:-]+)$/.exec(target ?? "");
    if (!match) {
        return undefined;
    }
    const [, repository = "", what, reference = ""] = match;
    if (what === "blobs") {
        return /^sha256:[0-9a-f]{64}$/.test(reference) ? { kind: "blob", digest: reference } : undefined;
    }
    const namespace = new URL(url, "http://registry").searchParams.get("ns") ?? ownName;
    return { kind: "manifest", name: `${namespace}/${repository}`, reference };
}

/** Digest that a manifest request means, if the image is there under that name. Pure. */
export function resolveManifest(images: ImageIndex, name: string, reference: string): string | undefined {
    if (!reference.startsWith("sha256:")) {
        return images[`${name}:${reference}`];
    }
    const known = Object.entries(images).some(
        ([image, digest]) => digest === reference && image.startsWith(`${name}:`),
    );
    return known ? reference : undefined;
}

const blobFile = (blobs: string, digest: string): string => path.join(blobs, digest.slice("sha256:".length));

/**
 * A registry that serves what `lab/images.ts` built: a folder of blobs and an index of names. The index is read at each
 * request, so that an image can be taken away and put back while it runs.
 */
export function registry(blobs: string, indexFile: string, ownName: string): Handler {
    return (request, response) => {
        const asked = registryRequest(request.url ?? "/", ownName);
        if (asked === undefined) {
            return false;
        }
        if (asked.kind === "ping") {
            response.writeHead(200, { "docker-distribution-api-version": "registry/2.0", "content-length": 0 }).end();
            return true;
        }
        if (asked.kind === "blob") {
            return sendFile(request, response, blobFile(blobs, asked.digest), {
                "content-type": "application/octet-stream",
            });
        }
        const images = JSON.parse(fs.readFileSync(indexFile, "utf8")) as ImageIndex;
        const digest = resolveManifest(images, asked.name, asked.reference);
        if (digest === undefined) {
            response.writeHead(404, { "content-type": "application/json" });
            response.end(
                JSON.stringify({
                    errors: [
                        {
                            code: "MANIFEST_UNKNOWN",
                            message: `${asked.name}:${asked.reference} is not in this registry`,
                        },
                    ],
                }),
            );
            return true;
        }
        const headers = {
            "content-type": "application/vnd.oci.image.manifest.v1+json",
            "docker-content-digest": digest,
        };
        return sendFile(request, response, blobFile(blobs, digest), headers);
    };
}
