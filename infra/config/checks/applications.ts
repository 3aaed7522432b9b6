import { isProtected } from "../../../components/platform/namespaces";
import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr, sectionOf } from "../draft";
import { knownHostsName, parseGitRepository } from "../git-repository";
import { hostKeyFault } from "../host-key";
import { formatPath, shown } from "../problems";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";
import { repetitions } from "./machines";

type Region = Draft<RegionInput>;

export function uniqueApplications(region: Region): Problem[] {
    const names = entriesOf(region.applications).flatMap(([i, { name }]) =>
        name === undefined ? [] : [{ path: ["applications", i, "name"], key: name }],
    );
    return repetitions(
        names,
        (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
        "give every application a name of its own; they share the namespace argocd",
    );
}

export function projects(region: Region): Problem[] {
    return entriesOf(region.applications)
        .filter(([, application]) => application.project === "default")
        .map(([i]) => ({
            path: formatPath(["applications", i, "project"]),
            message: '"default" is locked: it permits nothing',
            fix: "name a project of the team, such as payments; the stack makes it",
        }));
}

export function destinations(region: Region): Problem[] {
    return entriesOf(region.applications)
        .filter(([, { namespace }]) => namespace !== undefined && isProtected(namespace))
        .map(([i, { namespace }]) => ({
            path: formatPath(["applications", i, "namespace"]),
            message: `"${namespace}" belongs to the platform: who writes there controls the cluster`,
            fix: "name a namespace of the application's own",
        }));
}

/** Each application writes the label of its namespace: two that disagree would take it from each other at every sync. */
export function podSecurityAgrees(region: Region): Problem[] {
    const first = new Map<string, readonly [number, string]>();
    return entriesOf(region.applications).flatMap(([i, application]) => {
        const { namespace } = application;
        const level = fieldOr(application, "podSecurity", defaults.application.podSecurity);
        if (namespace === undefined || level === undefined) {
            return [];
        }
        const [other, said] = first.get(namespace) ?? [i, level];
        first.set(namespace, [other, said]);
        return said === level
            ? []
            : [
                  {
                      path: formatPath(["applications", i, "podSecurity"]),
                      message: `"${level}" is not what ${formatPath(["applications", other])} says of the same namespace, which is "${said}"`,
                      fix: `write podSecurity: ${said} here, podSecurity: ${level} there, or give one of them a namespace of its own`,
                  },
              ];
    });
}

/** Names before the key of a known_hosts line, or what is wrong with the line. */
function knownHostsLine(line: string): { readonly names: readonly string[] } | { readonly fault: string } {
    const [names = "", ...key] = line.trim().split(/\s+/);
    if (names.startsWith("|1|")) {
        return { fault: "is hashed, so that nobody can see which host it trusts" };
    }
    if (names.startsWith("@") || names.startsWith("#") || /[*?!]/.test(names)) {
        return { fault: "holds a marker, comment or pattern instead of a host" };
    }
    const fault = hostKeyFault(key.join(" "));
    return fault ? { fault: `has a key that ${fault}` } : { names: names.split(",") };
}

export function knownHosts(region: Region): Problem[] {
    const hosts = entriesOf(sectionOf(region, "platform")?.gitHosts);
    const twice = repetitions(
        hosts.flatMap(([i, { host }]) =>
            host === undefined ? [] : [{ path: ["platform", "gitHosts", i, "host"], key: host }],
        ),
        (key, first) => `"${key}" is also ${first}`,
        "put all lines of a host under one entry",
    );
    const lines = hosts.flatMap(([i, { host, knownHosts: list }]) =>
        entriesOf(list).flatMap(([j, line]) => {
            const parsed = knownHostsLine(line);
            const foreign =
                "names" in parsed &&
                host !== undefined &&
                !parsed.names.every((name) => name === host || name.startsWith(`[${host}]:`));
            const message =
                "fault" in parsed
                    ? `${shown(line)} ${parsed.fault}`
                    : foreign
                      ? `${shown(line)} is a line for ${parsed.names.join(",")}`
                      : undefined;
            const fix = `write the line as the host's operator publishes it: ${host ?? "host"} ssh-ed25519 AAAA...`;
            return message === undefined
                ? []
                : [{ path: formatPath(["platform", "gitHosts", i, "knownHosts", j]), message, fix }];
        }),
    );
    return [...twice, ...lines];
}

/** Argo CD refuses a Git server that it does not know: every repository's host has its lines. */
export function repositoriesAreKnown(region: Region): Problem[] {
    const gitHosts = fieldOr(sectionOf(region, "platform"), "gitHosts", []);
    if (gitHosts === undefined) {
        return [];
    }
    return entriesOf(region.applications).flatMap(([i, { repository }]) => {
        const git = repository === undefined ? undefined : parseGitRepository(repository);
        if (git === undefined) {
            return [];
        }
        const wanted = knownHostsName(git.host, git.port);
        const entry = entriesOf(gitHosts).find(([, { host }]) => host === git.host);
        if (entry === undefined && gitHosts.some((host) => host?.host === undefined)) {
            return [];
        }
        const lines = entriesOf(entry?.[1].knownHosts).map(([, line]) => knownHostsLine(line));
        // A list with a broken line is reported as such; nothing can be said here about the hosts in it.
        const undecided =
            entry !== undefined && (entry[1].knownHosts === undefined || lines.some((line) => "fault" in line));
        return undecided || lines.some((line) => "names" in line && line.names.includes(wanted))
            ? []
            : [
                  {
                      path: formatPath(["applications", i, "repository"]),
                      message: `the host key of ${wanted} is not in fjord:platform.gitHosts`,
                      fix: `add an entry with host: ${git.host} and a line of known_hosts that begins with ${wanted}`,
                  },
              ];
    });
}
