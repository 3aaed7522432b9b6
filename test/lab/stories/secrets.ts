import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { TestContext } from "node:test";
import { sshNode } from "../../../lab/node";
import { run } from "../../../lab/process";
import { pulumiEnvironment, stackFiles } from "../../../lab/pulumi";
import { regionInput, trustStack } from "../../../lab/region";
import type { TestRegion } from "../test-region";

/** Shorter strings occur by chance. */
const shortest = 8;

/** What Pulumi marks a secret with, inside one that holds another. */
const mark = "1b47061264138c4ac30d75fd1eb44270";

/** Every string inside a value that Pulumi keeps as a secret. */
function stringsOf(value: unknown): string[] {
    if (typeof value === "string") {
        return value === mark ? [] : [value];
    }
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** Plaintexts of all secrets in an exported stack. A secret that holds JSON is taken apart: its parts are secret too. */
export function secretsOf(exported: unknown): string[] {
    if (typeof exported !== "object" || exported === null) {
        return [];
    }
    const plain = (exported as { plaintext?: unknown }).plaintext;
    if (typeof plain === "string") {
        return stringsOf(JSON.parse(plain));
    }
    return Object.values(exported).flatMap(secretsOf);
}

const isPem = (text: string): boolean => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);

/** A text without what is public in it by right: a private key's text repeats its public part. */
const withoutPublic = (text: string): string =>
    text
        .replace(/-----BEGIN (CERTIFICATE|(?:RSA )?PUBLIC KEY)-----[\s\S]+?-----END \1-----/g, "")
        .replace(/\bssh-(rsa|ed25519) AAAA[A-Za-z0-9+/=]+/g, "");

/** What a base64 text holds, if that can be read. */
function decoded(text: string): string | undefined {
    const plain = /^[A-Za-z0-9+/]{8,}={0,2}$/.test(text) ? Buffer.from(text, "base64").toString("utf8") : "";
    return isPem(plain) || /^[\x20-\x7e]+$/.test(plain) ? plain : undefined;
}

/** From the second half of a text, past the public part of a key. */
const middle = (text: string): string => text.slice(text.length / 2, text.length / 2 + 60);

/**
 * What to search for of one secret. Of a private key each line of its body, and a piece of the whole in base64; of
 * anything else that is one word the word and its base64. Scripts and manifests that hold a secret are secret as a
 * whole, but much of them is public: what is secret in them is a secret of its own.
 */
function needlesOf(secret: string): string[] {
    if (isPem(secret)) {
        const bodies = [...secret.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----([\s\S]+?)-----END/g)].map(
            ([, body = ""]) => body,
        );
        const lines = bodies
            .flatMap((body) => body.replaceAll("\\n", "\n").split("\n"))
            .filter((line) => line.length >= 40);
        return [...lines, middle(Buffer.from(secret).toString("base64"))];
    }
    if (!/^\S+$/.test(secret) || secret.length < shortest || secret.length > 200) {
        return [];
    }
    return [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")];
}

/** What to search for, of all secrets; what is public in itself (`known`) is left out. */
function needles(secrets: readonly string[], known: ReadonlySet<string>): Set<string> {
    const all = secrets.flatMap((secret) => [secret, decoded(secret) ?? secret]);
    return new Set(
        all.filter((secret) => !known.has(secret) && !known.has(decoded(secret) ?? secret)).flatMap(needlesOf),
    );
}

function filesBelow(folder: string): string[] {
    return fs.existsSync(folder)
        ? fs
              .readdirSync(folder, { recursive: true, withFileTypes: true })
              .filter((entry) => entry.isFile())
              .map((entry) => path.join(entry.parentPath, entry.name))
        : [];
}

/** Command lines of all processes, collected while something else goes on. */
export class CommandLines {
    readonly seen = new Set<string>();
    private readonly timer = setInterval(() => this.look(), 200);

    private look(): void {
        for (const pid of fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
            try {
                this.seen.add(fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
            } catch {
                // It ended between the two lines.
            }
        }
    }

    stop(): void {
        clearInterval(this.timer);
    }
}

/** Everything that Pulumi, the steps and the scripts wrote, searched for every secret that the stacks hold. */
export async function secrets(t: TestContext, region: TestRegion, commandLines: CommandLines): Promise<void> {
    const { lab } = region;
    const files = stackFiles(lab);
    const exports = await Promise.all(
        [lab.name, trustStack].map(async (stack) => {
            const text = await run("pulumi", ["stack", "export", "--show-secrets", "--stack", stack], {
                cwd: files.config,
                env: pulumiEnvironment(lab, region.made.programs),
            });
            return JSON.parse(text) as unknown;
        }),
    );
    const secretTexts = [...new Set(exports.flatMap(secretsOf))];
    // What the stack's own file says in clear is no secret where a secret input repeats it.
    const known = new Set(stringsOf(await regionInput(region.made)));
    const wanted = needles(secretTexts, known);
    assert.ok(wanted.size > 20, `${wanted.size} strings to look for`);

    const written = [
        ...[files.state, files.logs, files.config].flatMap(filesBelow),
        ...filesBelow(path.join(files.home, lab.name)).filter((file) => path.basename(file) !== "token"),
    ].map((file) => ({ where: path.relative(lab.dir, file), text: fs.readFileSync(file, "utf8") }));
    const logs = await Promise.all(
        lab.nodes.map(async (node) => ({
            where: `${node.name}:/var/log/fjord`,
            text: await sshNode(lab, node, "sudo -n sh -c 'cat /var/log/fjord/*'"),
        })),
    );
    const lines = [{ where: "command lines", text: [...commandLines.seen].join("\n") }];

    const found: string[] = [];
    for (const { where, text: whole } of [...written, ...logs, ...lines]) {
        const text = withoutPublic(whole);
        if (isPem(text)) {
            found.push(`${where}: a private key`);
        }
        for (const needle of wanted) {
            if (text.includes(needle)) {
                found.push(`${where}: a secret, beginning ${needle.slice(0, 4)}..., ${needle.length} characters`);
            }
        }
    }
    assert.deepEqual(found, []);
    assert.ok(
        written.some(({ text }) => text.includes("ciphertext")),
        "the state that was searched holds secrets, encrypted",
    );
    t.diagnostic(
        `${wanted.size} forms of ${secretTexts.length} secrets, in none of ${written.length} files of state and logs, ` +
            `${logs.length} servers' logs, ${commandLines.seen.size} command lines`,
    );
}
