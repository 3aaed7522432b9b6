import * as fs from "node:fs";
import * as path from "node:path";
import { labServers, type Lab, type LabNode } from "./plan";
import { operatorUser } from "./rootfs";
import { run } from "./process";

/** An SSH key pair of the lab. */
export interface KeyPair {
    /** File with the private half, mode 0600. */
    readonly file: string;
    /** `ssh-ed25519 AAAA...`, without a comment. */
    readonly publicKey: string;
}

const keysDir = (lab: Lab): string => path.join(lab.dir, "keys");

async function ensureKey(lab: Lab, name: string): Promise<KeyPair> {
    const file = path.join(keysDir(lab), name);
    if (!fs.existsSync(`${file}.pub`)) {
        fs.mkdirSync(keysDir(lab), { recursive: true, mode: 0o700 });
        fs.rmSync(file, { force: true });
        await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
    }
    return { file, publicKey: fs.readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ").trim() };
}

/** The key that the person who runs the lab logs in with, on nodes and at the Git server. */
export const operatorKey = (lab: Lab): Promise<KeyPair> => ensureKey(lab, "operator");

/** The key of a drift job, which can ask the nodes what differs and nothing else. */
export const driftKey = (lab: Lab): Promise<KeyPair> => ensureKey(lab, "drift");

/** A node's host key: known before the node boots, so that first contact is verified, and kept for a new disk. */
export const hostKey = (lab: Lab, node: LabNode): Promise<KeyPair> => ensureKey(lab, `host-${node.name}`);

/** Host key of the Git server. */
export const gitHostKey = (lab: Lab): Promise<KeyPair> => ensureKey(lab, "host-git");

/** File of ssh settings with which `ssh -F <file> cp-01` and Git reach the lab. */
export const sshConfigFile = (lab: Lab): string => path.join(lab.dir, "ssh_config");

/** Writes known_hosts and ssh_config for the operator. */
export async function writeSshConfig(lab: Lab): Promise<string> {
    const operator = await operatorKey(lab);
    const known = path.join(lab.dir, "known_hosts");
    const hosts = await Promise.all(labServers(lab).map(async (node) => ({ node, key: await hostKey(lab, node) })));
    const git = await gitHostKey(lab);
    const lines = [
        ...hosts.map(({ node, key }) => `${node.name},${node.fqdn},${node.address} ${key.publicKey}`),
        `git.${lab.domain},${lab.services.git} ${git.publicKey}`,
    ];
    const common = [
        `    IdentityFile ${operator.file}`,
        "    IdentitiesOnly yes",
        `    UserKnownHostsFile ${known}`,
        "    GlobalKnownHostsFile /dev/null",
        "    StrictHostKeyChecking yes",
        "    BatchMode yes",
        "    ConnectTimeout 5",
    ];
    const config = [
        ...labServers(lab).flatMap((node) => [
            `Host ${node.name} ${node.fqdn} ${node.address}`,
            `    HostName ${node.address}`,
            `    User ${operatorUser.name}`,
            ...common,
        ]),
        `Host git.${lab.domain}`,
        `    HostName ${lab.services.git}`,
        `    HostKeyAlias git.${lab.domain}`,
        "    User git",
        ...common,
    ];
    fs.writeFileSync(known, `${lines.join("\n")}\n`, { mode: 0o600 });
    fs.writeFileSync(sshConfigFile(lab), `${config.join("\n")}\n`, { mode: 0o600 });
    return sshConfigFile(lab);
}
