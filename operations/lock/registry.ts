import { createHash } from "node:crypto";
import { Detours, request } from "./download";

const indexTypes = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const imageTypes = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/** Docker Hub's API is not where its images' names say. */
const apiHosts: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

/** The fields of a `WWW-Authenticate: Bearer` challenge. */
function challenge(header: string | null): { readonly realm: string; readonly query: URLSearchParams } | undefined {
    if (!header || !/^bearer /i.test(header)) {
        return undefined;
    }
    const fields = new Map([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]));
    const realm = fields.get("realm");
    fields.delete("realm");
    return realm === undefined ? undefined : { realm, query: new URLSearchParams([...fields]) };
}

async function anonymousToken(header: string | null, detours: Detours): Promise<string> {
    const asked = challenge(header);
    if (!asked) {
        throw new Error("the registry wants a login of another kind than anonymous tokens");
    }
    const response = await request(`${asked.realm}?${asked.query}`, detours);
    const body = response.ok
        ? ((await response.json()) as { readonly token?: string; readonly access_token?: string })
        : {};
    const token = body.token ?? body.access_token;
    if (token === undefined) {
        throw new Error(`${new URL(asked.realm).host} gives no anonymous token (${response.status})`);
    }
    return token;
}

/** An index must have an image for the servers that fjord runs on. */
function checkPlatform(body: Buffer): void {
    const { mediaType, manifests = [] } = JSON.parse(body.toString()) as {
        readonly mediaType?: string;
        readonly manifests?: readonly { readonly platform?: { readonly os: string; readonly architecture: string } }[];
    };
    const isIndex = manifests.length > 0 || indexTypes.includes(mediaType ?? "");
    if (isIndex && !manifests.some(({ platform }) => platform?.os === "linux" && platform.architecture === "amd64")) {
        throw new Error("the index has no image for linux/amd64");
    }
}

/**
 * The digest that a tag names now, over the registry's HTTP API v2 (OCI distribution specification), with an anonymous
 * token where the registry asks for one. The digest is computed from the bytes and compared with what the registry
 * says.
 */
export async function resolveDigest(
    image: { readonly name: string; readonly tag: string },
    detours: Detours,
): Promise<string> {
    const slash = image.name.indexOf("/");
    const registry = image.name.slice(0, slash);
    const url = `https://${apiHosts[registry] ?? registry}/v2/${image.name.slice(slash + 1)}/manifests/${image.tag}`;
    const accept = { accept: [...indexTypes, ...imageTypes].join(", ") };
    let response = await request(url, detours, accept);
    if (response.status === 401) {
        const token = await anonymousToken(response.headers.get("www-authenticate"), detours);
        response = await request(url, detours, { ...accept, authorization: `Bearer ${token}` });
    }
    if (!response.ok) {
        throw new Error(
            `${image.name}:${image.tag} answers ${response.status}: ${response.status === 404 ? "there is no such tag" : response.statusText}`,
        );
    }
    const body = Buffer.from(await response.arrayBuffer());
    const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    const claimed = response.headers.get("docker-content-digest");
    if (claimed !== null && claimed !== digest) {
        throw new Error(`the registry says ${claimed}, its bytes are ${digest}`);
    }
    checkPlatform(body);
    return digest;
}
