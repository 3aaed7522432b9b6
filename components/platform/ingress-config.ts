import { PlatformConfig } from "../../infra/config/types";

/** Open connections a worker process, clients and upstreams together. NGINX's own 512 is gone in one spike. */
const workerConnections = 16384;
/** Files a worker may open: one a connection, and as much again for upstreams and logs. */
const openFiles = 65536;

/**
 * A server that gives the listen sockets their backlog. NGINX takes a socket's options from whichever server block
 * names them, once for each address and port, and the controller's own `listen` lines carry none (without one NGINX
 * uses 511, whatever `net.core.somaxconn` says). Every other server on the port shares the socket. Its name is one
 * that nobody can send by chance, and it answers nothing.
 */
function backlogServer({ backlog, httpPort, httpsPort }: PlatformConfig["ingress"]): string {
    return [
        "server {",
        `    listen ${httpPort} backlog=${backlog};`,
        `    listen ${httpsPort} ssl backlog=${backlog};`,
        "    server_name backlog.invalid;",
        "    ssl_reject_handshake on;",
        "    return 444;",
        "}",
    ].join("\n");
}

/**
 * The controller's ConfigMap: keys of the F5 NGINX Ingress Controller 5.5.
 *
 * @param statusAddress what the status of every Ingress says it is reached at: one address or name, as the controller
 * takes no more than one. Argo CD counts an Ingress without it as not healthy.
 */
export function ingressConfig(
    ingress: PlatformConfig["ingress"],
    statusAddress: string,
): Readonly<Record<string, string>> {
    return {
        "external-status-address": statusAddress,
        "http-snippets": backlogServer(ingress),
        keepalive: "64",
        "server-tokens": "False",
        "worker-connections": String(workerConnections),
        "worker-processes": "auto",
        "worker-rlimit-nofile": String(openFiles),
        // Bounds how long workers of an old configuration live on for connections that never end.
        "worker-shutdown-timeout": "60s",
    };
}
