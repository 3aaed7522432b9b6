import { fault, must, publishedRule } from "./core/define";
import { Rule } from "./core/rule";
import { trustRules } from "./ssh/trust";

/** The shortest prefix that still names networks and not the world: what the program itself takes for narrow. */
const shortestPrefix = 8;

const isWide = (cidr: string): boolean => Number(cidr.split("/")[1] ?? 32) < shortestPrefix;

/** Key types that resist what is known today; RSA and ECDSA keys of hosts are accepted by the program, not by these rules. */
const strongKey = "ssh-ed25519";

/** What people log in with: the same, or a key that never leaves its hardware. */
const operatorKeys = [strongKey, "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"];

export const sshRules: readonly Rule[] = [
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-SSH-001",
            title: "SSH is open only to named networks",
            severity: "critical",
            why: "Who may try keys against a node's SSH server from anywhere needs only one that leaked.",
            mend: "Write the operators' and the region's networks in fjord:ssh.allowFrom, none wider than a /8.",
            references: [
                { of: "CIS Debian Linux 12", id: "4.2" },
                { of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Network separation and hardening" },
                { of: "Checkov", id: "CKV_AWS_24" },
            ],
        },
        ({ sshFrom }) => sshFrom.flatMap((cidr, index) => must(!isWide(cidr), ["sshFrom", index], `is ${cidr}, wider than a /${shortestPrefix}`)),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-002",
            title: "Hosts are known by Ed25519 keys",
            severity: "medium",
            why: "RSA keys of hosts are often short, and ECDSA keys leak through bad random numbers; every supported system has an Ed25519 one.",
            mend: "Write the line of /etc/ssh/ssh_host_ed25519_key.pub as hostKey of the machine or hypervisor.",
            references: [{ of: "CIS Debian Linux 12", id: "5.1" }, { of: "fjord", id: "README, A real region, step by step" }],
        },
        ({ machines, hypervisors }) => [
            ...machines.flatMap(({ hostKeyType }, index) =>
                must(hostKeyType === strongKey, ["machines", index, "hostKeyType"], `is ${hostKeyType}`),
            ),
            ...hypervisors.flatMap(({ hostKeyType }, index) =>
                must(hostKeyType === strongKey, ["hypervisors", index, "hostKeyType"], `is ${hostKeyType}`),
            ),
        ],
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-003",
            title: "No two servers share a host key",
            severity: "high",
            why: "Servers cloned from one disk have one host key, so each of them can pose as the others.",
            mend: "Make host keys anew on the clones (ssh-keygen -A) and write them in fjord:machines.",
            references: [{ of: "fjord", id: "README, A real region, step by step" }],
        },
        ({ machines }) => {
            const owners = new Map<string, string>();
            return machines.flatMap(({ name, hostKeyFingerprint: key }, index) => {
                const other = key === undefined ? undefined : owners.get(key);
                if (key !== undefined && other === undefined) {
                    owners.set(key, name);
                }
                return other === undefined ? [] : [fault(["machines", index, "hostKeyFingerprint"], `is also the key of ${other}`)];
            });
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-004",
            title: "Operators log in with Ed25519 keys",
            severity: "medium",
            why: "Short RSA keys are the ones that lie forgotten on laptops, and ECDSA keys leak through bad random numbers.",
            mend: "Write the line of ~/.ssh/id_ed25519.pub in fjord:ssh.authorizedKeys (ssh-keygen -t ed25519 makes one).",
            references: [
                { of: "CIS Debian Linux 12", id: "5.1" },
                { of: "upstream", id: "https://www.openssh.com/txt/release-9.5" },
            ],
        },
        ({ ssh }) =>
            ssh.operatorKeyTypes.flatMap((type, index) =>
                must(operatorKeys.includes(type), ["ssh", "operatorKeyTypes", index], `is ${type}`),
            ),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-005",
            title: "Nobody logs in as root",
            severity: "low",
            why: "The log of a server whose users are all root does not tell who did what.",
            mend: "Write a user with passwordless sudo in fjord:ssh.user, or as user of the machine or hypervisor.",
            references: [{ of: "CIS Debian Linux 12", id: "5.1" }],
        },
        ({ machines, hypervisors }) => [
            ...machines.flatMap(({ user }, index) => must(user !== "root", ["machines", index, "user"], "is root")),
            ...hypervisors.flatMap(({ user }, index) => must(user !== "root", ["hypervisors", index, "user"], "is root")),
        ],
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-006",
            title: "A Git host is known by keys that stand for it alone",
            severity: "high",
            why: "A line of known_hosts for other names or patterns lets their owners hand the cluster other manifests.",
            mend: "Write in knownHosts of fjord:platform.gitHosts the lines that the host's operator publishes for its name.",
            references: [{ of: "upstream", id: "https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/" }],
        },
        ({ gitHosts }) =>
            gitHosts.flatMap(({ host, knownHosts }, index) => [
                ...must(knownHosts.length > 0, ["gitHosts", index, "knownHosts"], `has no key of ${host}`),
                ...knownHosts.flatMap(({ names }, line) =>
                    must(
                        names.length > 0 && names.every((name) => name === host || name.startsWith(`[${host}]:`)),
                        ["gitHosts", index, "knownHosts", line, "names"],
                        `is ${names.join(",")}, not ${host} alone`,
                    ),
                ),
            ]),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-007",
            title: "Git hosts are known by Ed25519 keys",
            severity: "medium",
            why: "Whoever can pose as the Git host writes the cluster; every Git host has an Ed25519 key beside its older ones.",
            mend: "Add the host's ssh-ed25519 line to knownHosts of fjord:platform.gitHosts, as its operator publishes it.",
            references: [{ of: "upstream", id: "https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/" }],
        },
        ({ gitHosts }) =>
            gitHosts.flatMap(({ knownHosts }, index) => {
                const types = knownHosts.map(({ keyType }) => keyType);
                return must(
                    types.length === 0 || types.includes(strongKey),
                    ["gitHosts", index, "knownHosts"],
                    `has ${types.join(", ")} only`,
                );
            }),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SSH-008",
            title: "Packages are taken only with their signer's key",
            severity: "high",
            why: "Without the signer's key whoever stands between a node and its mirror installs software on it as root.",
            mend: "Write the ASCII-armoured key in fjord:mirrors.apt.kubernetes.key and containerd.key.",
            references: [{ of: "CIS Debian Linux 12", id: "1.2.1" }],
        },
        ({ aptSigned }) => must(aptSigned, ["aptSigned"], "is false: a source of packages has no signing key"),
    ),
    ...trustRules,
];
