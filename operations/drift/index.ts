import * as fs from "node:fs";
import * as path from "node:path";
import { Command, CommanderError, Option } from "commander";
import { SshCredentials } from "../../components/remote/ssh";
import { formatProblems, loadStackConfig } from "../../infra/config/load";
import { readLock } from "../../infra/config/lock-file";
import { readStackFile } from "../../infra/config/stack-file";
import { RegionConfig } from "../../infra/config/types";
import { askAll } from "./ask";
import { formatMarkdown, formatText } from "./format";
import { exitCodes, judge, wrongUse } from "./judge";
import { parseKnownHosts } from "./known-hosts";
import { judgeRefresh, previewRefresh } from "./refresh";
import { targetsOf } from "./targets";

interface Options {
    readonly stack: string;
    readonly configFile?: string;
    readonly identity?: string;
    readonly knownHosts?: string;
    readonly withRefresh?: true;
    readonly json?: true;
    readonly markdown?: true;
}

const project = path.resolve(__dirname, "../..");

function regionOf(stack: string, file: string): RegionConfig {
    const loaded = loadStackConfig(readStackFile(file), { stack, directory: project });
    if (!loaded.ok) {
        throw new Error(formatProblems(loaded.problems, file));
    }
    if (loaded.config.kind !== "region") {
        throw new Error(`drift: stack ${stack} is no region: it has no machines`);
    }
    if (loaded.config.ssh.driftKeys.length === 0) {
        throw new Error(
            `drift: fjord:ssh.driftKeys is empty in ${file}: no machine would answer\n` +
                "  what to do: ssh-keygen -t ed25519 -f drift; add drift.pub to fjord:ssh.driftKeys; pulumi up",
        );
    }
    return loaded.config;
}

function credentialsOf(identity: string | undefined): SshCredentials {
    const socket = process.env["SSH_AUTH_SOCK"];
    if (identity !== undefined) {
        return { kind: "key", privateKey: fs.readFileSync(identity, "utf8") };
    }
    if (socket) {
        return { kind: "agent", socket };
    }
    throw new Error(
        "drift: no key to ask with\n" +
            "  what to do: give --identity the drift job's private key, or run an SSH agent that holds it",
    );
}

async function drift(options: Options): Promise<void> {
    const { stack, configFile: given, identity, knownHosts, withRefresh, json, markdown } = options;
    const region = regionOf(stack, given ?? path.join(project, "stacks", `Pulumi.${stack}.yaml`));
    const lock = readLock(path.resolve(project, region.lock));
    const hosts = parseKnownHosts(knownHosts === undefined ? "" : fs.readFileSync(knownHosts, "utf8"));
    const targets = targetsOf(region, lock, hosts);
    const answers = await askAll(targets, credentialsOf(identity));
    const applications = region.applications.map((application) => application.name);
    const refreshed = withRefresh ? judgeRefresh(stack, previewRefresh(stack, project)) : [];
    const report = judge({ stack, name: region.name, applications }, targets, answers, refreshed);
    const format = json ? () => `${JSON.stringify(report, undefined, 2)}\n` : markdown ? formatMarkdown : formatText;
    process.stdout.write(format(report));
    process.exitCode = exitCodes[report.state];
}

const program = new Command("drift")
    .description(
        "Asks every machine of a region what differs from its last `pulumi up`, and Argo CD how its applications fare. " +
            "The key that it uses can ask and nothing else. " +
            "Exit codes: 0 in sync, 1 drift, 2 cannot tell (a machine did not answer), 3 wrong use.",
    )
    .requiredOption("-s, --stack <name>", "the region's stack")
    .option("--config-file <file>", "its file, where it is not stacks/Pulumi.<stack>.yaml")
    .addOption(
        new Option("-i, --identity <file>", "the drift job's private key; without it the SSH agent is asked").env(
            "FJORD_DRIFT_KEY",
        ),
    )
    .option("--known-hosts <file>", "host keys of guests, as ssh writes them; those of other machines are in the stack's file")
    .option(
        "--with-refresh",
        "also have Pulumi read what its providers can read; that takes the passphrase and the way to the API, " +
            "which can write: for a protected runner only",
    )
    .addOption(new Option("--json", "print one JSON object").conflicts("markdown"))
    .option("--markdown", "print a report in Markdown")
    .exitOverride()
    .action(drift);

program.parseAsync().catch((error: Error) => {
    if (error instanceof CommanderError) {
        process.exitCode = error.exitCode === 0 ? 0 : wrongUse;
        return;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = wrongUse;
});
