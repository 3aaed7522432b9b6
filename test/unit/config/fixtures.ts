import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { imageNamed, imageNames } from "../../../components/machines/images";
import { loadStackConfig, Loaded } from "../../../infra/config/load";
import { readStackFile } from "../../../infra/config/stack-file";

export const project = path.resolve(__dirname, "../../..");
/** A disk image of the region's own. */
export const ownImage = { name: "debian-12-hardened", url: "https://images.bgo.node/debian-12-hardened.qcow2" };
/** The part of a lock that has the catalogue's images and the region's own, made up. */
export const guestImages = Object.fromEntries(
    [...imageNames.map((name) => imageNamed(name)!), ownImage].map(({ name, url }) => [
        name,
        { url, sha256: "ab".repeat(32), bytes: 3 },
    ]),
);
/** A project's directory with keys and a complete lock, made up. */
export const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-config-"));
fs.cpSync(path.join(project, "test/fixtures/config"), directory, { recursive: true });
const lockFile = path.join(directory, "stacks/upstream.lock.json");
fs.writeFileSync(lockFile, JSON.stringify({ ...JSON.parse(fs.readFileSync(lockFile, "utf8")), guestImages }));
process.on("exit", () => fs.rmSync(directory, { recursive: true }));

/** A stack's configuration as values; tests break it in one place each. */
export type Config = Record<string, unknown>;

const structured = new Set([
    "whereabouts",
    "endpoints",
    "ssh",
    "mirrors",
    "machines",
    "platform",
    "applications",
    "sealingKeys",
    "kubernetes",
    "hosts",
    "preflight",
    "hypervisors",
    "guestNetwork",
    "images",
    "plans",
]);

/** The example region, without the prefix of its keys. */
export function region(): Config {
    return fromFile("no-oslo-1");
}

/** The example region on guests, of which one has a plan and an image of the region's own. */
export function guestRegion(): Config {
    const plans = [
        { name: "nvme-12gb", vcpus: 4, memoryMiB: 12288, diskGiB: 120, iops: 20000 },
        { name: "nvme-24gb", vcpus: 6, memoryMiB: 24576, diskGiB: 240 },
    ];
    const config: Config = { ...fromFile("no-bergen-1"), plans, images: [ownImage] };
    return set(set(config, ["machines", 5, "plan"], "nvme-12gb"), ["machines", 5, "image"], ownImage.name);
}

export function fromFile(stack: string): Config {
    const raw = readStackFile(path.join(project, `stacks/Pulumi.${stack}.yaml`));
    return Object.fromEntries(
        Object.entries(raw).map(([key, text]) => {
            const field = key.replace("fjord:", "");
            return [field, structured.has(field) ? JSON.parse(text) : text];
        }),
    );
}

/** Pulumi's map of a configuration. */
export function raw(config: Config): Record<string, string> {
    return Object.fromEntries(
        Object.entries(config).map(([key, value]) => [
            `fjord:${key}`,
            typeof value === "string" ? value : JSON.stringify(value),
        ]),
    );
}

export function loaded(config: Config, now?: Date): Loaded {
    return loadStackConfig(raw(config), { stack: "test", directory, ...(now && { now }) });
}

/** The problems as `path: message`, sorted. */
export function problems(config: Config, now?: Date): string[] {
    const result = loaded(config, now);
    return result.ok ? [] : result.problems.map((problem) => `${problem.path}: ${problem.message}`).sort();
}

/** A deep change: `set(config, ["machines", 0, "name"], "x")`; undefined removes. */
export function set(config: Config, at: readonly (string | number)[], value: unknown): Config {
    const copy = structuredClone(config);
    const holder = at.slice(0, -1).reduce<Record<string | number, unknown>>((node, key) => {
        node[key] ??= {};
        return node[key] as Record<string | number, unknown>;
    }, copy);
    const last = at.at(-1)!;
    if (value === undefined) {
        delete holder[last];
    } else {
        holder[last] = value;
    }
    return copy;
}
