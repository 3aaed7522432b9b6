import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { operatorKey, sshConfigFile } from "../keys";
import type { Lab } from "../plan";
import { run } from "../process";
import type { GitAccess } from "./git";

/** The repository of the lab's application, as `git@git.lab.node:` has it. */
export const applicationRepository = "payments/infra-manifests.git";

/** Folder of the lab's bare repositories. */
export const gitRoot = (lab: Lab): string => path.join(lab.dir, "git");

/** Files of keys that the Git server reads. */
export const gitAccess = (lab: Lab): GitAccess => ({
    writers: path.join(gitRoot(lab), "writers"),
    readers: path.join(gitRoot(lab), "readers"),
});

/** `git@git.lab.node:payments/infra-manifests.git` */
export const repositoryUrl = (lab: Lab): string => `git@git.${lab.domain}:${applicationRepository}`;

const identity = {
    GIT_AUTHOR_NAME: "Operator",
    GIT_AUTHOR_EMAIL: "operator@lab.node",
    GIT_COMMITTER_NAME: "Operator",
    GIT_COMMITTER_EMAIL: "operator@lab.node",
};

/** Makes the empty repository, and lets the operator push to it. */
export async function ensureRepository(lab: Lab): Promise<void> {
    const bare = path.join(gitRoot(lab), applicationRepository);
    if (!fs.existsSync(path.join(bare, "HEAD"))) {
        await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
    }
    fs.writeFileSync(gitAccess(lab).writers, `${(await operatorKey(lab)).publicKey}\n`);
}

/** The application's repository as it is now, in a folder that is made anew. */
export async function checkoutRepository(lab: Lab, folder: string): Promise<void> {
    fs.rmSync(folder, { recursive: true, force: true });
    await run("git", ["clone", "--quiet", path.join(gitRoot(lab), applicationRepository), folder]);
}

/** What one registers at a Git host by hand: keys that may read. Replaces those of before, without a restart. */
export function registerDeployKeys(lab: Lab, publicKeys: readonly string[]): void {
    fs.writeFileSync(gitAccess(lab).readers, publicKeys.map((key) => `${key.trim()}\n`).join(""));
}

/**
 * Commits files to branch main, if they differ from what it holds; files that are not given are left alone.
 * Gives the commit that main is at.
 */
export async function commitFiles(lab: Lab, files: Readonly<Record<string, string>>, message: string): Promise<string> {
    const bare = path.join(gitRoot(lab), applicationRepository);
    const work = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-commit-"));
    const git = (...args: string[]): Promise<string> => run("git", ["-C", work, ...args], { env: identity });
    try {
        await git("clone", "--quiet", bare, ".");
        await git("checkout", "--quiet", "-B", "main");
        for (const [name, content] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
            fs.writeFileSync(path.join(work, name), content);
        }
        await git("add", "--all");
        if ((await git("status", "--porcelain")) !== "") {
            await git("commit", "--quiet", "--message", message);
            await git("push", "--quiet", "origin", "main");
        }
        return await git("rev-parse", "HEAD");
    } finally {
        fs.rmSync(work, { recursive: true, force: true });
    }
}

/** Environment in which the operator's own `git clone git@git.lab.node:...` works. */
export const gitEnvironment = (lab: Lab): Readonly<Record<string, string>> => ({
    GIT_SSH_COMMAND: `ssh -F ${sshConfigFile(lab)}`,
});
