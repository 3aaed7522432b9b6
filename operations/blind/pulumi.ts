import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { load } from "js-yaml";
import { isFields } from "../../policies/rules/values";
import { BlindedStack, ClearStack } from "./blind";
import { Exported } from "./checkpoint";
import { secretsOfConfig, secureValues, ShownConfig, withoutProvider } from "./configuration";

/** Where Pulumi runs. */
export interface Workplace {
    /** The folder of Pulumi.yaml. */
    readonly project: string;
    /** The folder of the stacks' files. */
    readonly stacks: string;
    /** Beside this process's own. */
    readonly env?: Readonly<Record<string, string>>;
}

/** A checkpoint of a few thousand resources has some megabytes. */
const outputLimit = 512 * 2 ** 20;

/** Runs Pulumi and gives what it prints. Its messages go to the user; what it prints is never part of an error. */
function pulumi({ project, env }: Workplace, args: readonly string[], input = ""): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = execFile(
            "pulumi",
            [...args, "--non-interactive"],
            { cwd: project, env: { ...process.env, ...env }, maxBuffer: outputLimit },
            (error, stdout, stderr) =>
                error ? reject(new Error(`pulumi ${args.slice(0, 2).join(" ")} failed: ${stderr.trim()}`)) : resolve(stdout),
        );
        // Pulumi may end without reading all of it.
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(input);
    });
}

const configFile = ({ stacks }: Workplace, stack: string): string =>
    path.join(stacks, `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`);

/** A stack with its secrets, in memory only. */
export async function readStack(place: Workplace, stack: string): Promise<ClearStack> {
    const exported = JSON.parse(await pulumi(place, ["stack", "export", "--show-secrets", "--stack", stack])) as Exported;
    const file = configFile(place, stack);
    const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    const config =
        secureValues(text).length === 0
            ? {}
            : secretsOfConfig(
                  text,
                  JSON.parse(
                      await pulumi(place, ["config", "--json", "--show-secrets", "--stack", stack, "--config-file", file]),
                  ) as ShownConfig,
              );
    return { stack, exported, config };
}

/** What a secret gets that the last update did not know: it is new in the change under review. */
const newSecret = "blinded-new-secret";

/**
 * Makes a stack of a blinded one, in the backend and with the passphrase of the environment. The stack's file is
 * rewritten: its secrets become stand-ins, encrypted with that passphrase.
 */
export async function restoreStack(place: Workplace, { stack, exported, config }: BlindedStack): Promise<void> {
    const file = configFile(place, stack);
    const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "config: {}\n";
    const salt = await importStack(place, stack, exported);
    fs.writeFileSync(file, `encryptionsalt: ${salt}\n${withoutProvider(text)}`);
    const at = ["--stack", stack, "--config-file", file];
    for (const { path: key, secure } of secureValues(text)) {
        await pulumi(place, ["config", "set", "--path", key, "--secret", "--raw", ...at], config[secure] ?? newSecret);
    }
}

/** Makes the stack and gives the salt of its passphrase, which Pulumi writes into a file beside a project's own. */
async function importStack(place: Workplace, stack: string, exported: Exported): Promise<string> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-restore-"));
    try {
        const settings = load(fs.readFileSync(path.join(place.project, "Pulumi.yaml"), "utf8"));
        const name = isFields(settings) ? settings["name"] : undefined;
        fs.writeFileSync(path.join(folder, "Pulumi.yaml"), JSON.stringify({ name, runtime: "nodejs" }));
        const beside: Workplace = { ...place, project: folder, stacks: folder };
        await pulumi(beside, ["stack", "init", stack]);
        const salt = /^encryptionsalt: *(\S+)/m.exec(fs.readFileSync(configFile(beside, stack), "utf8"))?.[1];
        if (salt === undefined) {
            throw new Error(`${stack} got no passphrase: restore with one of its own, PULUMI_CONFIG_PASSPHRASE`);
        }
        // The engine takes no secrets without a provider, also where they are in clear.
        const deployment = { ...exported.deployment, secrets_providers: { type: "passphrase", state: { salt } } };
        await pulumi(beside, ["stack", "import", "--stack", stack], JSON.stringify({ ...exported, deployment }));
        return salt;
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
