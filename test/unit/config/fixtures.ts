import * as path from "node:path";
import { loadStackConfig, Loaded } from "../../../infra/config/load";
import { readStackFile } from "../../../infra/config/stack-file";

export const project = path.resolve(__dirname, "../../..");
/** A project's directory with keys and a complete lock, made up. */
export const directory = path.join(project, "test/fixtures/config");

/** A stack's configuration as values; tests break it in one place each. */
export type Config = Record<string, unknown>;

const structured = new Set([
    "whereabouts",
    "ssh",
    "mirrors",
    "machines",
    "platform",
    "applications",
    "sealingKeys",
    "kubernetes",
    "hosts",
    "preflight",
]);

/** The example region, without the prefix of its keys. */
export function region(): Config {
    return fromFile("no-oslo-1");
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
