import * as fs from "node:fs";
import * as path from "node:path";
import { labHosts, type Lab } from "../plan";
import type { Toolchain } from "../toolchain/paths";

/** Configuration of the lab's DNS server: it knows the lab's names, and says at once that there are no others. Pure. */
export function corefile(lab: Lab, hostsFile: string): string {
    return `.:53 {
    bind ${lab.services.dns}
    errors
    hosts ${hostsFile} {
        ttl 5
        reload 1s
    }
}
`;
}

/** Lines of a hosts file for every name of the lab, and for the names given. Pure. */
export function hostsLines(lab: Lab, extra: Readonly<Record<string, readonly string[]>>): string {
    const lines = [
        ...Object.entries(labHosts(lab)).map(([name, address]) => `${address} ${name}`),
        ...Object.entries(extra).flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}`)),
    ];
    return `${lines.join("\n")}\n`;
}

/**
 * Configuration of Debian's dnsmasq, which a lab without a built CoreDNS has: it knows the lab's names and asks the
 * machine's resolvers for all others. Pure.
 */
export function dnsmasqConfig(lab: Lab, hostsDir: string, resolvers: string): string {
    return `port=53
listen-address=${lab.services.dns}
bind-interfaces
user=root
no-hosts
hostsdir=${hostsDir}
local=/${lab.domain}/
local-ttl=5
resolv-file=${resolvers}
`;
}

/**
 * The machine's file of resolvers that can be reached from another network namespace: systemd-resolved listens on
 * loopback and keeps the real ones in a file of its own.
 *
 * @throws if there is none but on loopback
 */
export function resolverFile(read: (file: string) => string | undefined): string {
    const files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
    const usable = files.find((file) => /^nameserver\s+(?!127\.|::1)/m.test(read(file) ?? ""));
    if (usable === undefined) {
        throw new Error(
            `the lab's servers need a resolver, and this machine's (${files.join(", ")}) listen on loopback only\n` +
                "  what to do: name one that other machines can ask in /etc/resolv.conf, or use --source lab",
        );
    }
    return usable;
}

/** Writes the server's files and gives its command. The server sees later changes of the names. */
export function writeDns(
    lab: Lab,
    extra: Readonly<Record<string, readonly string[]>>,
    toolchain: Pick<Toolchain, "bin" | "source">,
): readonly [string, ...string[]] {
    const dir = path.join(lab.dir, "services");
    const hosts = path.join(dir, "names", "hosts");
    fs.mkdirSync(path.dirname(hosts), { recursive: true });
    fs.writeFileSync(hosts, hostsLines(lab, extra));
    if (toolchain.source === "upstream") {
        const read = (file: string): string | undefined =>
            fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
        fs.writeFileSync(path.join(dir, "dnsmasq.conf"), dnsmasqConfig(lab, path.dirname(hosts), resolverFile(read)));
        const files = [`--pid-file=${path.join(dir, "dnsmasq.pid")}`, `--conf-file=${path.join(dir, "dnsmasq.conf")}`];
        return ["dnsmasq", "--keep-in-foreground", ...files];
    }
    fs.writeFileSync(path.join(dir, "Corefile"), corefile(lab, hosts));
    return [path.join(toolchain.bin, "coredns"), "-conf", path.join(dir, "Corefile")];
}
