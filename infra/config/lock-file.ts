import * as fs from "node:fs";
import { z } from "zod";
import { FileName, ImageName, Lock, PackageName } from "./lock";

/** What to do about a lock that is not right. */
const remedy = "run `npm run lock` where the registries can be reached, and commit what it writes";

/** A lock that cannot be used. The message has every reason. */
export class LockError extends Error {
    constructor(
        /** The lock's path. */
        readonly file: string,
        /** Every reason, each with the field's path. */
        readonly reasons: readonly string[],
    ) {
        super(
            `${file}: ${reasons.length} things wrong with the lock\n${reasons.map((reason) => `  ${reason}`).join("\n")}\n  -> ${remedy}`,
        );
        this.name = "LockError";
    }
}

/**
 * An empty text is how a lock says "wanted, but not resolved yet": the lock command ran where a source did not
 * answer.
 */
const resolved = (pattern: RegExp, kind: string) =>
    z
        .string()
        .refine((value) => value !== "", { error: "is not resolved", abort: true })
        .regex(pattern, `is not ${kind}`);

const packageVersion = resolved(/^(\d+:)?\d[\w.+~-]*$/, "a Debian version");

const image = z.strictObject({
    name: z.string().regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+$/, "is not registry/name without a tag"),
    tag: z.string().regex(/^\w[\w.-]{0,127}$/, "is not a tag"),
    digest: resolved(/^sha256:[0-9a-f]{64}$/, "a digest, sha256: and 64 hex digits"),
    standIn: z.string().min(1).optional(),
});

const file = z.strictObject({
    url: z.string().regex(/^https?:\/\/[^\s@]+$/, "is not a URL"),
    path: z.string().regex(/^(?!\/)(?!.*\.\.)[\w./-]+$/, "is not a relative path"),
    sha256: resolved(/^[0-9a-f]{64}$/, "64 hex digits"),
});

const guestImage = z.strictObject({
    url: z.string().regex(/^https?:\/\/[^\s@]+$/, "is not a URL"),
    sha256: resolved(/^[0-9a-f]{64}$/, "64 hex digits"),
    bytes: z.number().int().min(1, "is not the size of an image"),
});

function each<Name extends string, Entry extends z.ZodType>(names: readonly Name[], entry: Entry) {
    return z.strictObject(Object.fromEntries(names.map((name) => [name, entry])) as Record<Name, Entry>);
}

/** The names of everything that a lock pins. */
export const packageNames = [
    "containerd.io",
    "kubelet",
    "kubeadm",
    "kubectl",
    "kubernetes-cni",
    "cri-tools",
] as const satisfies readonly PackageName[];
export const imageNames = [
    "pause",
    "etcd",
    "coredns",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "flannel",
    "flannel-cni-plugin",
    "argocd",
    "redis",
    "sealed-secrets-controller",
    "nginx-ingress",
] as const satisfies readonly ImageName[];
export const fileNames = ["argocd-manifest", "sealed-secrets-crd"] as const satisfies readonly FileName[];

export const lockSchema = z.strictObject({
    source: z.enum(["upstream", "lab"]),
    packages: each<PackageName, typeof packageVersion>(packageNames, packageVersion),
    images: each<ImageName, typeof image>(imageNames, image),
    files: each<FileName, typeof file>(fileNames, file),
    guestImages: z.record(z.string(), guestImage).optional(),
}) satisfies z.ZodType<Lock>;

/** Reads and checks a lock. Throws `LockError` with every reason. */
export function readLock(path: string): Lock {
    let text: string;
    try {
        text = fs.readFileSync(path, "utf8");
    } catch (error) {
        throw new LockError(path, [`cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`]);
    }
    let content: unknown;
    try {
        content = JSON.parse(text);
    } catch {
        throw new LockError(path, ["is not JSON; a merge conflict in it?"]);
    }
    const parsed = lockSchema.safeParse(content);
    if (!parsed.success) {
        throw new LockError(
            path,
            parsed.error.issues.map((issue) => `${issue.path.join(".") || "the lock"}: ${issue.message}`),
        );
    }
    return parsed.data;
}

/** The version of Kubernetes that a lock pins, without `v`. */
export function lockedKubernetes(lock: Lock): string {
    return lock.images["kube-apiserver"].tag.replace(/^v/, "");
}
