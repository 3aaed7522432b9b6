/** A Git repository over SSH, taken apart. */
export interface GitRepository {
    readonly user: string;
    readonly host: string;
    readonly port: number;
    readonly path: string;
}

/** Takes `git@host:path` or `ssh://user@host[:port]/path` apart; undefined for anything else, HTTPS among it. */
export function parseGitRepository(url: string): GitRepository | undefined {
    const long = /^ssh:\/\/([\w.-]+)@([A-Za-z0-9.-]+)(?::(\d{1,5}))?\/([^\s]+)$/.exec(url);
    const match = long ?? /^([\w.-]+)@([A-Za-z0-9.-]+)()?:([^\s/][^\s]*)$/.exec(url);
    if (!match) {
        return undefined;
    }
    const [, user, host, port, path] = match;
    return { user: user!, host: host!, port: port ? Number(port) : 22, path: path! };
}

/** How known_hosts names a server: the plain host on port 22, `[host]:port` on any other. */
export function knownHostsName(host: string, port: number): string {
    return port === 22 ? host : `[${host}]:${port}`;
}
