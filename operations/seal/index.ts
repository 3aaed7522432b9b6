import * as fs from "node:fs";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { certificateOfTrustStack } from "./certificate";
import { Scope, sealingPublicKey } from "./crypto";
import { formatManifest, ManifestError, parseManifests } from "./manifest";
import { sealSecret } from "./seal";

interface Options {
    readonly cert?: string;
    readonly stack: string;
    readonly scope: Scope;
    readonly output: "yaml" | "json";
}

async function readInput(file: string | undefined): Promise<string> {
    if (file !== undefined && file !== "-") {
        return fs.readFileSync(file, "utf8");
    }
    if (process.stdin.isTTY) {
        process.stderr.write("reading a Secret's manifest from the terminal; end with Ctrl-D\n");
    }
    return text(process.stdin);
}

async function seal(file: string | undefined, options: Options): Promise<void> {
    const certificate =
        options.cert === undefined
            ? await certificateOfTrustStack(options.stack)
            : fs.readFileSync(options.cert, "utf8");
    const publicKey = sealingPublicKey(certificate);
    const secrets = parseManifests(await readInput(file));
    if (secrets.length === 0) {
        throw new ManifestError("the input holds no manifest");
    }
    // All are sealed before any is printed: a run that fails leaves no half of a file behind.
    const sealed = secrets.map((secret) =>
        formatManifest(sealSecret(secret, publicKey, options.scope), options.output),
    );
    process.stdout.write(sealed.join(""));
}

const program = new Command("seal")
    .description(
        "Seals Secrets for Git, offline, with the trust stack's active certificate. The values are never printed.",
    )
    .argument("[file]", "manifest of one or more Secrets, YAML or JSON; - or nothing is standard input")
    .option("--cert <file>", "certificate (PEM) to seal with, instead of the trust stack's")
    .option("-s, --stack <name>", "trust stack to take the certificate from", "trust")
    .addOption(
        new Option("--scope <scope>", "where it may be opened")
            .choices(["strict", "namespace-wide", "cluster-wide"])
            .default("strict"),
    )
    .addOption(new Option("-o, --output <format>", "format of the result").choices(["yaml", "json"]).default("yaml"))
    .action(seal);

program.parseAsync().catch((error: Error) => {
    process.stderr.write(`seal: ${error.message}\n`);
    process.exitCode = 1;
});
