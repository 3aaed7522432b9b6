import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { TestContext } from "node:test";
import { sshNode } from "../../../lab/node";
import { run } from "../../../lab/process";
import { pulumiEnvironment, stackFiles } from "../../../lab/pulumi";
import { trustStack } from "../../../lab/region";
import type { TestRegion } from "../test-region";

/** Shorter strings occur by chance. */
const shortest = 8;

/** Every string inside a value that Pulumi keeps as a secret. */
function stringsOf(value: unknown): string[] {
    if (typeof value === "string") {
        return [value];
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

/** Lines that hold a secret: those of a PEM block's body, or the one line of anything else that is no script or manifest. */
function needlesOf(secret: string): string[] {
    const keys = [...secret.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----([\s\S]+?)-----END/g)].flatMap(([, body = ""]) =>
        body.replaceAll("\\n", "\n").split("\n").map((line) => line.trim()).filter((line) => line.length >= 40),
    );
    const single = /^\S+$/.test(secret) && secret.length < 200 ? [secret] : [];
    return [...keys, ...single].filter((needle) => needle.length >= shortest);
}

/** What to search for: every secret, and the same in base64 (a Secret's data, decoded and encoded once more). */
function needles(secrets: readonly string[], known: ReadonlySet<string>): Map<string, string> {
    const all = secrets.flatMap((secret) => {
        const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(secret) ? Buffer.from(secret, "base64").toString("utf8") : "";
        return [secret, ...(decoded.includes("PRIVATE KEY") || /^[\x20-\x7e]+$/.test(decoded) ? [decoded] : [])];
    });
    const found = all.flatMap(needlesOf).filter((needle) => !known.has(needle));
    return new Map(found.flatMap((needle) => [[needle, "clear"], [Buffer.from(needle).toString("base64").replace(/=+$/, ""), "base64"]] as const));
}

function filesBelow(folder: string): string[] {
    return fs.existsSync(folder)
        ? fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
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
            const text = await run("pulumi", ["stack", "export", "--show-secrets", "--stack", stack], { cwd: files.config, env: pulumiEnvironment(lab, region.made.programs) });
            return JSON.parse(text) as unknown;
        }),
    );
    const secretTexts = [...new Set(exports.flatMap(secretsOf))];
    // What a secret input says of public things (names of the stack, its machines) is no secret.
    const known = new Set([lab.name, lab.domain, ...lab.nodes.flatMap(({ name, fqdn, address }) => [name, fqdn, address])]);
    const wanted = needles(secretTexts, known);
    assert.ok(wanted.size > 20, `${wanted.size} strings to look for`);

    const written = [
        ...[files.state, files.logs, files.config].flatMap(filesBelow),
        ...filesBelow(path.join(files.home, lab.name)).filter((file) => path.basename(file) !== "token"),
    ].map((file) => ({ where: path.relative(lab.dir, file), text: fs.readFileSync(file, "utf8") }));
    const logs = await Promise.all(
        lab.nodes.map(async (node) => ({ where: `${node.name}:/var/log/fjord`, text: await sshNode(lab, node, "sudo -n sh -c 'cat /var/log/fjord/*'") })),
    );
    const lines = [{ where: "command lines", text: [...commandLines.seen].join("\n") }];

    const found: string[] = [];
    for (const { where, text } of [...written, ...logs, ...lines]) {
        if (/BEGIN [A-Z ]*PRIVATE KEY/.test(text)) {
            found.push(`${where}: a private key`);
        }
        for (const [needle, form] of wanted) {
            if (text.includes(needle)) {
                found.push(`${where}: a secret in ${form}, beginning ${needle.slice(0, 4)}..., ${needle.length} characters`);
            }
        }
    }
    assert.deepEqual(found, []);
    assert.ok(written.some(({ text }) => text.includes("ciphertext")), "the state that was searched holds secrets, encrypted");
    t.diagnostic(
        `${wanted.size} forms of ${secretTexts.length} secrets, in none of ${written.length} files of state and logs, ` +
            `${logs.length} servers' logs, ${commandLines.seen.size} command lines`,
    );
}
