import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run, type Progress } from "../process";
import { packLayer, type Layer } from "./layer";

/** `network`: on every node, for kube-proxy and flannel. `platform`: on workers, for Argo CD, Redis and NGINX. */
export type BaseName = "network" | "platform";

const packages: Readonly<Record<BaseName, readonly string[]>> = {
    network: ["coreutils", "dash", "nftables", "iptables", "iproute2", "conntrack", "kmod", "ca-certificates"],
    platform: [
        "coreutils",
        "bash",
        "dash",
        "sed",
        "grep",
        "findutils",
        "ca-certificates",
        "tzdata",
        "git",
        "git-lfs",
        "openssh-client",
        "gnupg",
        "tini",
        "redis-server",
        "nginx-light",
    ],
};

const users = [
    "root:x:0:0:root:/root:/bin/sh",
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    "nginx:x:101:101:nginx:/nonexistent:/usr/sbin/nologin",
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
    "argocd:x:999:999:argocd:/home/argocd:/bin/sh",
    "nonroot:x:65532:65532:nonroot:/nonexistent:/usr/sbin/nologin",
];

/** Things that no image needs; most of what a Debian package is on disk. */
const dropped = [
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/bash-completion",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/cache/apt",
    "var/log",
];

/** What maintainer scripts would have done, had they run. */
function finishBase(root: string): void {
    for (const folder of dropped) {
        fs.rmSync(path.join(root, folder), { recursive: true, force: true });
    }
    const certificates = path.join(root, "usr/share/ca-certificates/mozilla");
    const bundle = fs
        .readdirSync(certificates)
        .sort()
        .map((file) => fs.readFileSync(path.join(certificates, file), "utf8"))
        .join("");
    const files: Readonly<Record<string, string>> = {
        "etc/passwd": users.map((line) => `${line}\n`).join(""),
        "etc/group": users.map((line) => `${line.split(":")[0]}:x:${line.split(":")[3]}:\n`).join(""),
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "etc/ssl/certs/ca-certificates.crt": bundle,
        // What `git lfs install --system` writes.
        "etc/gitconfig":
            '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n' +
            "\tprocess = git-lfs filter-process\n\trequired = true\n",
    };
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
        fs.writeFileSync(path.join(root, name), content);
    }
    fs.mkdirSync(path.join(root, "var/log"), { recursive: true });
}

/** Builds the bottom layer of some images from Debian packages, once; kept beside the blobs by its key. */
export async function ensureBase(base: BaseName, imagesDir: string, progress: Progress): Promise<Layer> {
    const inputs = JSON.stringify({ packages: packages[base], users, dropped, recipe: 1 });
    const record = path.join(
        imagesDir,
        "bases",
        `${base}-${createHash("sha256").update(inputs).digest("hex").slice(0, 16)}.json`,
    );
    if (fs.existsSync(record)) {
        return JSON.parse(fs.readFileSync(record, "utf8")) as Layer;
    }
    progress(`building the Debian base of the ${base} images`);
    const work = path.join(imagesDir, `base.${randomBytes(4).toString("hex")}`);
    fs.mkdirSync(work, { recursive: true });
    try {
        const root = path.join(work, "root");
        await run("mmdebstrap", [
            "--quiet",
            "--mode=root",
            "--variant=extract",
            '--aptopt=Acquire::Languages "none"',
            `--include=${packages[base].join(",")}`,
            "bookworm",
            root,
        ]);
        finishBase(root);
        const layer = await packLayer(root, path.join(imagesDir, "blobs"));
        fs.mkdirSync(path.dirname(record), { recursive: true });
        fs.writeFileSync(record, JSON.stringify(layer));
        return layer;
    } finally {
        fs.rmSync(work, { recursive: true, force: true });
    }
}
