import { gunzipSync } from "node:zlib";
import { Detours, download } from "./download";

/** An apt repository, as far as its index is concerned. */
export interface AptRepository {
    readonly url: string;
    /** `/` for a flat repository. */
    readonly suite: string;
    readonly components: readonly string[];
}

/** Versions by package name. */
export type PackageIndex = ReadonlyMap<string, readonly string[]>;

/** Where a repository's indexes for amd64 lie. */
export function indexUrls(repository: AptRepository): string[] {
    const base = repository.url.replace(/\/$/, "");
    return repository.suite === "/"
        ? [`${base}/Packages.gz`]
        : repository.components.map(
              (component) => `${base}/dists/${repository.suite}/${component}/binary-amd64/Packages.gz`,
          );
}

/** Reads a Packages file: paragraphs of fields; packages of another architecture are left out. */
export function parsePackages(text: string): PackageIndex {
    const versions = new Map<string, string[]>();
    for (const paragraph of text.split(/\n\s*\n/)) {
        const field = (name: string) => new RegExp(`^${name}: *(.+)$`, "m").exec(paragraph)?.[1]?.trim();
        const name = field("Package");
        const version = field("Version");
        if (
            name !== undefined &&
            version !== undefined &&
            ["amd64", "all"].includes(field("Architecture") ?? "amd64")
        ) {
            versions.set(name, [...(versions.get(name) ?? []), version]);
        }
    }
    return versions;
}

/**
 * The versions of a repository. Its signature is not checked here: apt does that on every node, and the lock holds
 * nothing of the index but versions.
 */
export async function readIndex(repository: AptRepository, detours: Detours): Promise<PackageIndex> {
    const texts = await Promise.all(
        indexUrls(repository).map(async (url) => gunzipSync(await download(url, detours)).toString()),
    );
    return parsePackages(texts.join("\n\n"));
}

/** Rank of a character in Debian's order: `~` before the end, the end before letters, letters before the rest. */
function rank(character: string | undefined): number {
    if (character === undefined) {
        return 0;
    }
    return character === "~"
        ? -1
        : /[A-Za-z]/.test(character)
          ? character.charCodeAt(0)
          : character.charCodeAt(0) + 256;
}

function comparePart(a: string, b: string): number {
    let left = a;
    let right = b;
    while (left !== "" || right !== "") {
        const [leftText = ""] = /^\D*/.exec(left) ?? [];
        const [rightText = ""] = /^\D*/.exec(right) ?? [];
        for (let i = 0; i < Math.max(leftText.length, rightText.length); i++) {
            const difference = rank(leftText[i]) - rank(rightText[i]);
            if (difference !== 0) {
                return difference;
            }
        }
        left = left.slice(leftText.length);
        right = right.slice(rightText.length);
        const [leftDigits = ""] = /^\d*/.exec(left) ?? [];
        const [rightDigits = ""] = /^\d*/.exec(right) ?? [];
        const difference = Number(leftDigits) - Number(rightDigits);
        if (difference !== 0) {
            return difference;
        }
        left = left.slice(leftDigits.length);
        right = right.slice(rightDigits.length);
    }
    return 0;
}

/** Order of Debian versions (Debian Policy, 5.6.12): negative where `a` is older. */
export function compareVersions(a: string, b: string): number {
    const parts = (version: string) => {
        const [, epoch = "0", upstream = "", revision = "0"] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(version) ?? [];
        return { epoch: Number(epoch), upstream, revision };
    };
    const left = parts(a);
    const right = parts(b);
    return (
        left.epoch - right.epoch ||
        comparePart(left.upstream, right.upstream) ||
        comparePart(left.revision, right.revision)
    );
}

/** The newest version of a package whose upstream version is the wanted one; of any, where none is wanted. */
export function newest(index: PackageIndex, name: string, upstream?: string): string {
    const all = index.get(name) ?? [];
    const fitting = all
        .filter((version) => upstream === undefined || version.startsWith(`${upstream}-`))
        .sort(compareVersions);
    const best = fitting.at(-1);
    if (best === undefined) {
        const found = [...all].sort(compareVersions).slice(-3).join(", ") || "none at all";
        throw new Error(
            `the repository has no ${name}${upstream === undefined ? "" : ` ${upstream}`}; its newest: ${found}`,
        );
    }
    return best;
}
