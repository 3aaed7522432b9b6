import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { load } from "js-yaml";
import { run, type Progress } from "../process";
import { projectDir } from "../pulumi";
import { compareVersions, goEnvironment, goVersion } from "../toolchain/go";
import { groupKey } from "../toolchain/key";
import { toolchainAt, type Toolchain } from "../toolchain/paths";
import { groups, versions, type Group } from "../toolchain/table";
import { downloadFile, downloadText, sumOf } from "./download";

const modulesDir = path.join(projectDir, "lab", "toolchain", "modules");

/** Where the official programs are published. Tests have a server of their own. */
export interface Places {
    readonly pulumi: string;
    readonly kubectl: string;
}

const published: Places = { pulumi: "https://get.pulumi.com/releases/sdk", kubectl: "https://dl.k8s.io/release" };

/**
 * True if a version satisfies `requiredPulumiVersion`, which in this project is a lower bound: `>=3.248.0`. Pure.
 *
 * @throws for a range of another form, because to guess here would run the program with the wrong engine
 */
export function satisfies(version: string, required: string): boolean {
    const least = /^>=\s*v?(\d+\.\d+\.\d+)$/.exec(required.trim())?.[1];
    if (least === undefined) {
        throw new Error(`Pulumi.yaml: requiredPulumiVersion is "${required}": the lab understands only >=x.y.z`);
    }
    return compareVersions(version, least) >= 0;
}

/** The version in what `pulumi version` prints (`v3.259.0`, `3.259.0-dev.0`); undefined where there is none. Pure. */
export const versionIn = (text: string): string | undefined => /^v?(\d+\.\d+\.\d+)\b/.exec(text.trim())?.[1];

/** What the project asks of the Pulumi CLI. */
export function requiredPulumi(): string {
    const project = load(fs.readFileSync(path.join(projectDir, "Pulumi.yaml"), "utf8")) as {
        readonly requiredPulumiVersion?: string;
    };
    return project.requiredPulumiVersion ?? ">=0.0.0";
}

/** Version of the Pulumi CLI on PATH; undefined where there is none that answers. */
const pulumiOnPath = (): Promise<string | undefined> =>
    run("pulumi", ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 20_000 }).then(
        versionIn,
        () => undefined,
    );

/** Fetches the official CLI with its language hosts into a folder; the checksums come from the same place. */
export async function fetchPulumi(place: string, bin: string, progress: Progress): Promise<void> {
    const archive = `pulumi-v${versions.pulumi}-linux-x64.tar.gz`;
    const sums = await downloadText(`${place}/pulumi-${versions.pulumi}-checksums.txt`);
    const file = path.join(bin, archive);
    await downloadFile(`${place}/${archive}`, sumOf(sums, archive), file, progress);
    await run("tar", ["--extract", "--gzip", "--file", file, "--directory", bin, "--strip-components=1"]);
    fs.rmSync(file);
}

/** Fetches the official kubectl into a folder. */
export async function fetchKubectl(place: string, version: string, bin: string, progress: Progress): Promise<void> {
    const url = `${place}/v${version}/bin/linux/amd64/kubectl`;
    const target = path.join(bin, "kubectl");
    await downloadFile(url, sumOf(await downloadText(`${url}.sha256`), "kubectl"), target, progress);
    fs.chmodSync(target, 0o755);
}

/** The sample application is nobody's product and in no registry, so it is built with either source. It needs no module. */
async function buildSample(cache: string, bin: string): Promise<void> {
    await run(
        "go",
        ["build", "-trimpath", "-ldflags", "-s -w", "-o", path.join(bin, "payment-service"), "./payment-service"],
        {
            cwd: path.join(modulesDir, "standins"),
            env: goEnvironment(cache, false),
        },
    );
}

/**
 * The programs of the upstream source, kept in the cache: the official Pulumi CLI, unless the one on PATH will do, the
 * operator's kubectl, and the sample application. Pulumi fetches its plugins itself.
 */
export async function officialPrograms(
    cache: string,
    kubernetes: string,
    progress: Progress,
    places: Places = published,
): Promise<Toolchain> {
    const found = await pulumiOnPath();
    const own = found !== undefined && satisfies(found, requiredPulumi());
    const sample = groups.find(({ name }) => name === "standins") as Group;
    const sampleKey = groupKey(sample, path.join(modulesDir, sample.name), await goVersion());
    const key = `official-${own ? "path" : versions.pulumi}-${kubernetes}-${sampleKey}`;
    const dir = path.join(cache, "toolchain", key);
    if (!fs.existsSync(dir)) {
        const unfinished = `${dir}.${randomBytes(4).toString("hex")}`;
        const bin = path.join(unfinished, "bin");
        fs.mkdirSync(bin, { recursive: true });
        try {
            if (!own) {
                await fetchPulumi(places.pulumi, bin, progress);
            }
            await fetchKubectl(places.kubectl, kubernetes, bin, progress);
            progress("building the sample application");
            await buildSample(cache, bin);
            fs.renameSync(unfinished, dir);
        } catch (error) {
            // Another run of the same may have been first.
            if (!fs.existsSync(dir)) {
                throw error;
            }
        } finally {
            fs.rmSync(unfinished, { recursive: true, force: true });
        }
    }
    return toolchainAt(dir, key, { source: "upstream", kubernetes });
}
