import * as fs from "node:fs";
import * as path from "node:path";
import { labHosts, type Lab } from "../plan";

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

/** Writes the server's files and gives the Corefile's path. The server sees later changes of the hosts file. */
export function writeDns(lab: Lab, extra: Readonly<Record<string, readonly string[]>>): string {
    const dir = path.join(lab.dir, "services");
    fs.mkdirSync(dir, { recursive: true });
    const hosts = path.join(dir, "hosts");
    fs.writeFileSync(hosts, hostsLines(lab, extra));
    fs.writeFileSync(path.join(dir, "Corefile"), corefile(lab, hosts));
    return path.join(dir, "Corefile");
}
