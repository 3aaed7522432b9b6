/** What the API load balancer of a node depends on. */
export interface LoadBalancerSettings {
    /** Port on 127.0.0.1. */
    readonly port: number;
    /** Names and addresses of all control planes. */
    readonly controlPlanes: readonly { readonly fqdn: string; readonly nodeAddress: string }[];
}

/** Port of the API server itself. */
export const apiServerPort = 6443;

/**
 * haproxy.cfg: 127.0.0.1 to every API server, TLS passed through. An API server counts as alive when it answers
 * /readyz in any way but with a server error (401 and 403 are the answers of one that knows no anonymous).
 * Connections to one that is down are ended, so that watches move at once.
 */
export function renderLoadBalancer(settings: LoadBalancerSettings): string {
    const servers = [...settings.controlPlanes]
        .sort((a, b) => (a.fqdn < b.fqdn ? -1 : 1))
        .map((member) => `    server ${member.fqdn} ${member.nodeAddress}:${apiServerPort}\n`);
    return `# Written by fjord; changes are overwritten.
global
    log /dev/log local0 warning
    user haproxy
    group haproxy
    maxconn 4096

defaults
    mode tcp
    log global
    option dontlognull
    option redispatch
    retries 2
    timeout connect 3s
    timeout check 3s
    # Watches are silent for long; TCP keep-alive finds the dead ones.
    option clitcpka
    option srvtcpka
    timeout client 1h
    timeout server 1h

frontend api
    bind 127.0.0.1:${settings.port}
    default_backend control-planes

backend control-planes
    balance leastconn
    option httpchk GET /readyz
    http-check expect rstatus ^(200|401|403)$
    default-server check check-ssl verify none inter 2s fastinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${servers.join("")}`;
}
