import { z } from "zod";
import { countries } from "../countries";
import { parseGitRepository } from "../git-repository";
import { hostKeyFault } from "../host-key";
import { parseCidr, parseIpv4 } from "../network";

/** The kinds of text that a stack file is made of. Each says what is wrong and what would be right. */
interface Text {
    /** What is wrong with a value, as the end of a sentence that begins with it; undefined where nothing is. */
    readonly fault: (value: string) => string | undefined;
    /** What would be right. */
    readonly fix: string;
    readonly example: string;
    /** For editors; the fault above is what counts. */
    readonly pattern?: string;
}

function text(kind: Text) {
    return z
        .string()
        .check((context) => {
            const fault = kind.fault(context.value);
            if (fault !== undefined) {
                context.issues.push({
                    code: "custom",
                    input: context.value,
                    message: fault,
                    params: { fix: kind.fix },
                });
            }
        })
        .meta({ examples: [kind.example], ...(kind.pattern === undefined ? {} : { pattern: kind.pattern }) });
}

const matching = (pattern: RegExp, fault: string) => (value: string) => (pattern.test(value) ? undefined : fault);

const label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const dnsLabel = new RegExp(`^${label}$`);
const dnsName = new RegExp(`^${label}(\\.${label})*$`);

/** RFC 1123 label: names of machines, applications, namespaces. */
export const name = () =>
    text({
        fault: matching(dnsLabel, "is not an RFC 1123 label"),
        fix: "use at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends",
        example: "worker-01",
        pattern: dnsLabel.source,
    });

/** RFC 1123 subdomain: names of Secrets. */
export const dottedName = () =>
    text({
        fault: (value) => (value.length <= 253 && dnsName.test(value) ? undefined : "is not an RFC 1123 subdomain"),
        fix: "use lower-case letters, digits, dashes and dots",
        example: "sealed-secrets-key-20260101",
        pattern: dnsName.source,
    });

export const domain = () =>
    text({
        fault: (value) =>
            dnsName.test(value) && value.includes(".") ? undefined : "is not a DNS domain of two labels or more",
        fix: "write it in lower case, without a dot at its end",
        example: "osl.node",
        pattern: `^${label}(\\.${label})+$`,
    });

const isHost = (value: string) => parseIpv4(value) !== undefined || (dnsName.test(value) && !/^[\d.]+$/.test(value));

/** An IPv4 address or a DNS name. */
export const host = () =>
    text({
        fault: (value) => (isHost(value) ? undefined : "is neither an IPv4 address nor a DNS name"),
        fix: "write an address such as 10.20.0.21 or a lower-case name such as worker-01.osl.node, without port or user",
        example: "10.20.0.21",
    });

export const hostName = () =>
    text({
        fault: (value) => (isHost(value) && parseIpv4(value) === undefined ? undefined : "is not a DNS name"),
        fix: "write a lower-case name such as mirror.osl.node",
        example: "mirror.osl.node",
    });

export const ipv4 = () =>
    text({
        fault: (value) => (parseIpv4(value) === undefined ? "is not an IPv4 address" : undefined),
        fix: "write four numbers from 0 to 255 with dots between them",
        example: "10.20.0.21",
        pattern: "^(\\d{1,3}\\.){3}\\d{1,3}$",
    });

export const cidr = () =>
    text({
        fault: (value) => (parseCidr(value) === undefined ? "is not an IPv4 range in CIDR form" : undefined),
        fix: "write address and prefix length; a single address is a /32",
        example: "198.51.100.0/24",
        pattern: "^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$",
    });

export const hostKey = () =>
    text({
        fault: hostKeyFault,
        fix:
            "write the server's public host key, one line as `cat /etc/ssh/ssh_host_ed25519_key.pub` prints it on the server's own " +
            "console; what `ssh-keyscan` prints is unverified",
        example: "ssh-ed25519 AAAA...",
    });

export const publicKey = () =>
    text({
        fault: hostKeyFault,
        fix: "write the public half, one line as `cat ~/.ssh/id_ed25519.pub` prints it",
        example: "ssh-ed25519 AAAA... anna@laptop",
    });

export const country = () =>
    text({
        fault: (value) => (countries.has(value) ? undefined : "is not an ISO 3166-1 alpha-2 country code"),
        fix: "write two capital letters: NO for Norway, GB (not UK) for the United Kingdom",
        example: "NO",
        pattern: "^[A-Z]{2}$",
    });

export const url = (...schemes: readonly ("https" | "http")[]) =>
    text({
        fault: (value) => {
            const parsed = URL.canParse(value) ? new URL(value) : undefined;
            if (parsed?.username || parsed?.password) {
                return "holds a user or password";
            }
            return parsed && schemes.some((scheme) => parsed.protocol === `${scheme}:`)
                ? undefined
                : `is not a URL with ${schemes.join(" or ")}`;
        },
        fix: `write ${schemes.map((scheme) => `${scheme}://host/path`).join(" or ")}, without user and password`,
        example: "https://mirror.osl.node/",
    });

export const gitRepository = () =>
    text({
        fault: (value) =>
            parseGitRepository(value)
                ? undefined
                : "is not the SSH URL of a Git repository (the region's only credential for Git is a deploy key)",
        fix: "write git@host:group/repository.git or ssh://git@host:port/group/repository.git",
        example: "git@gitlab.com:nordic-corp/infra-manifests.git",
    });

export const nonEmpty = (example: string) =>
    text({ fault: (value) => (value.trim() === "" ? "is empty" : undefined), fix: "write a text", example });

/** Fully qualified name of a stack. */
export const stackName = () =>
    text({
        fault: matching(/^[^/\s]+\/[^/\s]+\/[^/\s]+$/, "is not the full name of a stack"),
        fix: "write organization/<project>/<stack>; the word `organization` is literal where the state is not in Pulumi Cloud",
        example: "organization/fjord/trust",
    });

/** An exact version of Kubernetes. */
export const version = () =>
    text({
        fault: matching(/^\d+\.\d+\.\d+$/, "is not an exact version"),
        fix: "write major.minor.patch without v",
        example: "1.36.4",
        pattern: "^\\d+\\.\\d+\\.\\d+$",
    });

/** A path inside a Git repository. */
export const repositoryPath = () =>
    text({
        fault: (value) => {
            const parts = value.split("/");
            return value !== "" && !value.startsWith("/") && !parts.includes("..")
                ? undefined
                : "is not a path inside the repository";
        },
        fix: "write it relative to the repository's root, without `..`; `.` is the root itself",
        example: "k8s/overlays/production",
    });

/** A branch, tag or commit. */
export const revision = () =>
    text({
        fault: matching(/^(?!-)[^\s~^:?*[\\]+$/, "is not a branch, tag or commit"),
        fix: "write HEAD, a branch, a tag or a commit",
        example: "HEAD",
    });

export const port = () => z.number().int().min(1).max(65535);

export const whereabouts = () =>
    z
        .strictObject({
            country: country().describe("ISO 3166-1 alpha-2 code of the country it lies in."),
            operator: nonEmpty("Nordic Hosting AS").describe("The organisation that runs it."),
            jurisdiction: country()
                .optional()
                .describe("Country whose law the operator answers to; of its parent company, where it has one. Default: country."),
            site: nonEmpty("osl-2")
                .optional()
                .describe("Name of the data centre; what shares one is lost with it. Read by the rules on recovery."),
        })
        .describe("Where it lies and who runs it. Read by the residency rules.");

const catalogueWord = /^[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?$/;
/** Name of a plan or of an image. */
export const catalogueName = (example: string) =>
    text({
        fault: matching(catalogueWord, "is not a name for a catalogue"),
        fix: "use at most 63 lower-case letters, digits, dashes and dots, with a letter or digit at both ends",
        example,
        pattern: catalogueWord.source,
    });

const plainPath = /^(\/(?!\.{1,2}(\/|$))[\w.-]+)+$/;
/** A folder of a server. Plain characters only, because it is named in XML and in commands. */
export const absolutePath = (example: string) =>
    text({
        fault: matching(plainPath, "is not a plain absolute path"),
        fix: "begin it with /, end it without; use letters, digits, dots, dashes and underscores, and no . or .. between slashes",
        example,
        pattern: plainPath.source,
    });

const interfaceWord = /^[A-Za-z0-9][\w.-]{0,14}$/;
/** A network interface; Linux gives names 15 characters. */
export const interfaceName = (example: string) =>
    text({
        fault: matching(interfaceWord, "is not the name of a network interface"),
        fix: "write at most 15 letters, digits, dots, dashes and underscores, as `ip link` shows it",
        example,
        pattern: interfaceWord.source,
    });

const quantity = /^\d+(\.\d+)?(%|[KMGT]i)$/;
/** A threshold of the kubelet: `100Mi` or `10%`. */
export const threshold = () =>
    text({
        fault: matching(quantity, "is not a threshold of the kubelet"),
        fix: "write a quantity such as 100Mi or a share such as 10%",
        example: "100Mi",
        pattern: quantity.source,
    });

const qualified = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
/** Key of a label or taint. */
export const labelKey = () =>
    text({
        fault: matching(qualified, "is not a key of Kubernetes"),
        fix: "write [domain/]name with letters, digits, dashes, dots and underscores, at most 63 in the name",
        example: "node.osl.node/disk",
        pattern: qualified.source,
    });

const value = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
/** Value of a label or taint; may be empty. */
export const labelValue = () =>
    text({
        fault: matching(value, "is not a value of a label"),
        fix: "write at most 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends",
        example: "nvme",
        pattern: value.source,
    });
