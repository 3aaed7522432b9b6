import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr } from "../draft";
import { bareHostKey } from "../host-key";
import { parseIpv4 } from "../network";
import { formatPath, Path } from "../problems";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";
import { existingMachines, guestMachines, nodeAddresses, repetitions } from "./machines";

type Region = Draft<RegionInput>;
type Server = Draft<NonNullable<RegionInput["hypervisors"]>[number]> | ReturnType<typeof existingMachines>[number][1];

/** Every server that is reached over SSH before the program has made anything: hypervisors, and machines that exist. */
function servers(region: Region): readonly { readonly at: Path; readonly server: Server }[] {
    return [
        ...entriesOf(region.hypervisors).map(([i, server]) => ({ at: ["hypervisors", i], server })),
        ...existingMachines(region).map(([i, server]) => ({ at: ["machines", i], server })),
    ];
}

/** No two servers are one, no two nodes have one address, and no guest has that of a hypervisor. */
export function uniqueServers(region: Region): Problem[] {
    const endpoints = servers(region).flatMap(({ at, server }) => {
        const port = fieldOr(server, "port", defaults.ssh.port);
        const via = server.jump ? ` through ${server.jump.address}` : "";
        return server.address === undefined || port === undefined
            ? []
            : [{ path: [...at, "address"], key: `${server.address}:${port}${via}` }];
    });
    const nodes = nodeAddresses(region).map(({ path, address }) => ({ path, key: address }));
    const sameServer = repetitions(
        endpoints,
        (key, first) => `${key} is also the address of ${first.replace(/\.address$/, "")}`,
        "give every server an address of its own",
    );
    const reported = new Set(sameServer.map((problem) => problem.path));
    return [
        ...sameServer,
        ...repetitions(
            nodes,
            (key, first) => `${key} is also the node address of ${first.replace(/\.(nodeAddress|address)$/, "")}`,
            "give every node an address of its own in the region's network",
        ).filter((problem) => !reported.has(problem.path)),
        ...guestsOnHypervisors(region),
    ];
}

function guestsOnHypervisors(region: Region): Problem[] {
    const hypervisors = new Map(
        entriesOf(region.hypervisors).flatMap(([i, { address }]) =>
            address === undefined || parseIpv4(address) === undefined ? [] : [[address, i] as const],
        ),
    );
    return guestMachines(region).flatMap(([i, { address }]) => {
        const owner = address === undefined ? undefined : hypervisors.get(address);
        return owner === undefined
            ? []
            : [
                  {
                      path: formatPath(["machines", i, "address"]),
                      message: `${address} is also the address of ${formatPath(["hypervisors", owner])}`,
                      fix: "give the guest an address of its own",
                  },
              ];
    });
}

/** Where an endpoint's host key was named first. */
interface Named {
    /** The server. */
    readonly at: Path;
    /** Its key, or that of its jump host. */
    readonly path: Path;
    readonly jump: boolean;
    readonly hostKey: string;
}

/** Every SSH server has one host key, wherever in the file it is named; and a server is not its own jump host. */
export function hostKeys(region: Region): Problem[] {
    const all = servers(region);
    const own = all
        .filter(
            ({ server }) =>
                server.address !== undefined &&
                server.jump?.address === server.address &&
                server.jump?.port === server.port,
        )
        .map(({ at, server }) => ({
            path: formatPath([...at, "jump", "address"]),
            message: `"${server.address}" is the ${at[0] === "machines" ? "machine" : "hypervisor"} itself`,
            fix: "remove jump, or name the host to go through",
        }));
    const named = all.flatMap(({ at, server }) => [
        { at, path: [...at, "hostKey"], jump: false, server: server.jump ? undefined : server },
        { at, path: [...at, "jump", "hostKey"], jump: true, server: server.jump },
    ]);
    const seen = new Map<string, Named>();
    const conflicts = named.flatMap(({ at, path, jump, server }) => {
        const port = fieldOr(server, "port", defaults.ssh.port);
        if (server?.address === undefined || server.hostKey === undefined || port === undefined) {
            return [];
        }
        const endpoint = `${server.address}:${port}`;
        const hostKey = bareHostKey(server.hostKey);
        const earlier = seen.get(endpoint);
        if (earlier === undefined || earlier.at === at) {
            seen.set(endpoint, earlier ?? { at, path, jump, hostKey });
            return [];
        }
        // Two servers at one address are reported as such; here one of the two is a jump host.
        return earlier.hostKey === hostKey || (!jump && !earlier.jump)
            ? []
            : [
                  {
                      path: formatPath(path),
                      message: `is another host key for ${endpoint} than ${formatPath(earlier.path)}`,
                      fix: "find out which is right; a server has one",
                  },
              ];
    });
    return [...own, ...conflicts];
}
