/** What the managed part of /etc/hosts depends on. */
export interface HostsSettings {
    /** Name of the API inside the region. */
    readonly apiName: string;
    readonly nodes: readonly { readonly fqdn: string; readonly name: string; readonly nodeAddress: string }[];
    /** Further names from the stack. */
    readonly hosts: Readonly<Record<string, string>>;
}

/** First and last line of the part that fjord writes; the rest of the file is the machine's own. */
export const hostsMarks = { begin: "# fjord: begin", end: "# fjord: end" } as const;

/**
 * The managed part of /etc/hosts, marks included. The API's name is this machine's own load balancer, so that the
 * cluster's address never changes and depends on no DNS.
 */
export function renderHostsBlock(settings: HostsSettings): string {
    const byName = [...settings.nodes].sort((a, b) => (a.fqdn < b.fqdn ? -1 : 1));
    const others = Object.entries(settings.hosts).sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = [
        hostsMarks.begin,
        `127.0.0.1 ${settings.apiName}`,
        ...byName.map((node) => `${node.nodeAddress} ${node.fqdn} ${node.name}`),
        ...others.map(([name, address]) => `${address} ${name}`),
        hostsMarks.end,
    ];
    return `${lines.join("\n")}\n`;
}
