import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Lab } from "../plan";
import { run } from "../process";
import { aptSuites } from "./debs";

/** Runs gpg with a keyring that exists only meanwhile: a lab's folder may be too long for the agent's socket. */
async function withGpg<T>(work: (gpg: (...args: string[]) => Promise<string>) => Promise<T>): Promise<T> {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-gpg-"));
    try {
        return await work((...args) =>
            run("gpg", [
                "--homedir",
                home,
                "--batch",
                "--yes",
                "--quiet",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
                ...args,
            ]),
        );
    } finally {
        await run("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]).catch(() => undefined);
        fs.rmSync(home, { recursive: true, force: true });
    }
}

const keyFile = (lab: Lab, half: "sec" | "asc"): string => path.join(lab.dir, "keys", `apt.${half}`);

/** The public key that signs the lab's apt repository, ASCII-armoured. Made once for a lab. */
export async function ensureAptKey(lab: Lab): Promise<string> {
    if (!fs.existsSync(keyFile(lab, "asc"))) {
        fs.mkdirSync(path.dirname(keyFile(lab, "sec")), { recursive: true, mode: 0o700 });
        await withGpg(async (gpg) => {
            await gpg("--quick-generate-key", `fjord lab ${lab.name}`, "rsa3072", "sign", "never");
            fs.writeFileSync(keyFile(lab, "sec"), await gpg("--armor", "--export-secret-keys"), { mode: 0o600 });
            fs.writeFileSync(keyFile(lab, "asc"), `${await gpg("--armor", "--export")}\n`);
        });
    }
    return fs.readFileSync(keyFile(lab, "asc"), "utf8");
}

/** Puts the lab's signature under the lists of `ensureDebs`, and gives the folder that the apt service serves. */
export async function writeAptRepository(lab: Lab, debs: string): Promise<string> {
    const root = path.join(lab.dir, "apt");
    const source = path.join(root, "source");
    if (fs.existsSync(source) && fs.readFileSync(source, "utf8") === debs) {
        return root;
    }
    await ensureAptKey(lab);
    fs.rmSync(root, { recursive: true, force: true });
    fs.mkdirSync(root, { recursive: true });
    fs.cpSync(path.join(debs, "dists"), path.join(root, "dists"), { recursive: true });
    fs.symlinkSync(path.join(debs, "pool"), path.join(root, "pool"));
    await withGpg(async (gpg) => {
        await gpg("--import", keyFile(lab, "sec"));
        for (const suite of aptSuites) {
            const dir = path.join(root, "dists", suite);
            const fields = {
                Origin: "fjord lab",
                Label: "fjord lab",
                Suite: suite,
                Codename: suite,
                Architectures: "amd64",
                Components: "main",
            };
            const options = Object.entries(fields).map(
                ([field, value]) => `-oAPT::FTPArchive::Release::${field}=${value}`,
            );
            fs.writeFileSync(
                path.join(dir, "Release"),
                `${await run("apt-ftparchive", [...options, "release", "."], { cwd: dir })}\n`,
            );
            await gpg("--clear-sign", "--output", path.join(dir, "InRelease"), path.join(dir, "Release"));
        }
    });
    fs.writeFileSync(source, debs);
    return root;
}
