import * as tls from "node:tls";

/** How one host answered. */
export interface Probe {
    readonly host: string;
    readonly answers: boolean;
    /** Why not, as Node names it: `ENOTFOUND`, `timeout`; empty where it answers. */
    readonly problem: string;
}

/** Milliseconds for all probes together; a host that is slower than this would make a lab of an hour. */
const probeLimit = 3_000;

/** Where a host is asked; tests ask elsewhere. */
export interface ProbeOptions {
    readonly port?: number;
    readonly limit?: number;
    /** Address to connect to in place of the host's own. */
    readonly address?: string;
    /** PEM of a CA to trust in place of the system's. */
    readonly ca?: string;
}

/**
 * Opens a TLS connection to a host, directly, because the nodes have no proxy either. The certificate has to be the
 * host's: a portal that answers for everybody is not it. Never throws.
 */
export function probeHost(host: string, options: ProbeOptions = {}): Promise<Probe> {
    return new Promise((resolve) => {
        const { port = 443, limit = probeLimit, address = host, ca } = options;
        const socket = tls.connect({ host: address, port, servername: host, ...(ca === undefined ? {} : { ca }) });
        const end = (problem: string): void => {
            clearTimeout(timer);
            socket.destroy();
            resolve({ host, answers: problem === "", problem });
        };
        // Not the socket's own timeout: that one starts again with every byte, and does not cover name resolution.
        const timer = setTimeout(() => end("timeout"), limit);
        socket.once("secureConnect", () => end(""));
        socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
}

/** Probes all hosts at the same time. */
export const probeHosts = (hosts: readonly string[], options: ProbeOptions = {}): Promise<Probe[]> =>
    Promise.all(hosts.map((host) => probeHost(host, options)));
