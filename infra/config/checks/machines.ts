import { planNames } from "../../../components/machines/plans";
import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr } from "../draft";
import { bareHostKey } from "../host-key";
import { parseIpv4 } from "../network";
import { formatPath, Path } from "../problems";
import { RegionInput } from "../schema/region";
import { suggest } from "../suggestion";
import { Problem } from "../types";

type Region = Draft<RegionInput>;
type Entry = { readonly path: Path; readonly key: string };

/** One problem for every entry that repeats the key of an earlier one. */
export function repetitions(
    entries: readonly Entry[],
    message: (key: string, first: string) => string,
    fix: string,
): Problem[] {
    const first = new Map<string, Path>();
    return entries.flatMap(({ path, key }) => {
        const earlier = first.get(key);
        if (earlier === undefined) {
            first.set(key, path);
            return [];
        }
        return [{ path: formatPath(path), message: message(key, formatPath(earlier)), fix }];
    });
}

/** Some may be out, but not all: nobody could say what the cluster is. */
function everyOneOut(controlPlanes: readonly (readonly [number, { readonly out?: boolean | undefined }])[]): Problem[] {
    return controlPlanes.every(([, { out }]) => out === true)
        ? [
              {
                  path: "fjord:machines",
                  message: "has no control plane that is not out",
                  fix: "leave at least one in; to give the region up, use pulumi destroy",
              },
          ]
        : [];
}

/** A list with a broken entry still counts it, but nothing is said about a list that is not one. */
export function controlPlaneCount(region: Region): Problem[] {
    if (
        !region.machines ||
        region.machines.length === 0 ||
        region.machines.some((machine) => machine === undefined || fieldOr(machine, "role", undefined) === undefined)
    ) {
        return [];
    }
    const controlPlanes = entriesOf(region.machines).filter(([, machine]) => machine.role === "control-plane");
    const count = controlPlanes.length;
    if ([1, 3, 5].includes(count)) {
        return everyOneOut(controlPlanes);
    }
    const reason =
        count === 0
            ? "a cluster has at least one"
            : count > 5
              ? "every write waits for a majority of etcd's members, so more than five only slow it down"
              : `etcd needs a majority: ${count} members survive the loss of ${Math.ceil(count / 2) - 1}, as ${count - 1} do, with one more that can fail`;
    return [
        {
            path: "fjord:machines",
            message: `has ${count} control planes: ${reason}`,
            fix: "make it 1 (no failure survived), 3 (one) or 5 (two); one that is lost for now stays, with out: true",
        },
    ];
}

export function uniqueMachines(region: Region): Problem[] {
    const machines = entriesOf(region.machines);
    const names = machines.flatMap(([i, { name }]) =>
        name === undefined ? [] : [{ path: ["machines", i, "name"], key: name }],
    );
    const servers = machines.flatMap(([i, machine]) => {
        const port = fieldOr(machine, "port", defaults.ssh.port);
        const via = machine.jump ? ` through ${machine.jump.address}` : "";
        return machine.address === undefined || port === undefined
            ? []
            : [{ path: ["machines", i, "address"], key: `${machine.address}:${port}${via}` }];
    });
    const nodes = nodeAddresses(region).map(({ path, address }) => ({ path, key: address }));
    const reported = new Set(repetitions(servers, () => "", "").map((problem) => problem.path));
    return [
        ...repetitions(
            names,
            (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
            "give every machine a name of its own",
        ),
        ...repetitions(
            servers,
            (key, first) => `${key} is also the address of ${first.replace(/\.address$/, "")}`,
            "give every machine an address of its own",
        ),
        ...repetitions(
            nodes,
            (key, first) => `${key} is also the node address of ${first.replace(/\.(nodeAddress|address)$/, "")}`,
            "give every node an address of its own in the region's network",
        ).filter((problem) => !reported.has(problem.path)),
    ];
}

/** The nodes' addresses in the region's network, each with the field that it comes from. */
export function nodeAddresses(region: Region): readonly { readonly path: Path; readonly address: string }[] {
    return entriesOf(region.machines).flatMap(([i, machine]) => {
        const field = "nodeAddress" in machine ? "nodeAddress" : "address";
        const address = machine[field];
        return address === undefined || parseIpv4(address) === undefined
            ? []
            : [{ path: ["machines", i, field], address }];
    });
}

export function nodeAddressGiven(region: Region): Problem[] {
    return entriesOf(region.machines)
        .filter(
            ([, machine]) =>
                machine.address !== undefined &&
                parseIpv4(machine.address) === undefined &&
                !("nodeAddress" in machine),
        )
        .map(([i, machine]) => ({
            path: formatPath(["machines", i, "nodeAddress"]),
            message: `is missing, and address is the name "${machine.address}"`,
            fix: "add nodeAddress: the IPv4 address of this machine in the region's network",
        }));
}

export function knownPlans(region: Region): Problem[] {
    return entriesOf(region.machines).flatMap(([i, { plan }]) => {
        if (plan === undefined || planNames.includes(plan)) {
            return [];
        }
        const meant = suggest(plan, planNames);
        const fix = `write one of ${planNames.join(", ")}${meant ? ` (did you mean ${meant}?)` : ""}`;
        return [
            { path: formatPath(["machines", i, "plan"]), message: `"${plan}" is not a plan of the catalogue`, fix },
        ];
    });
}

/** A node's name is its host name and a label's value: 63 characters at most. */
export function nodeNameLength(region: Region): Problem[] {
    const { domain } = region;
    return entriesOf(region.machines).flatMap(([i, { name }]) => {
        const node = `${name}.${domain}`;
        return name === undefined || domain === undefined || node.length <= 63
            ? []
            : [
                  {
                      path: formatPath(["machines", i, "name"]),
                      message: `makes the node's name ${node.length} characters long: ${node}`,
                      fix: "shorten name or fjord:domain to 63 characters in all",
                  },
              ];
    });
}

const blocking = new Set(["NoSchedule", "NoExecute"]);

export function somewhereToRun(region: Region): Problem[] {
    const machines = entriesOf(region.machines);
    const undecided = region.machines?.some(
        (machine) => machine?.role === undefined || ("taints" in machine && machine.taints === undefined),
    );
    if (machines.length === 0 || undecided) {
        return [];
    }
    const open = machines.some(([, machine]) => {
        const taints = machine.taints ?? (machine.role === "control-plane" ? defaults.controlPlaneTaints : []);
        return (
            machine.out !== true && !taints.some((taint) => taint?.effect !== undefined && blocking.has(taint.effect))
        );
    });
    return open
        ? []
        : [
              {
                  path: "fjord:machines",
                  message:
                      "has no machine on which applications may run: there is no worker without taints, and control planes are tainted",
                  fix: "add a machine with role: worker, or write taints: [] on a control plane",
              },
          ];
}

/** Every SSH server has one host key, wherever in the file it is named; and a machine is not its own jump host. */
export function jumpHosts(region: Region): Problem[] {
    const machines = entriesOf(region.machines);
    const own = machines
        .filter(
            ([, machine]) =>
                machine.address !== undefined &&
                machine.jump?.address === machine.address &&
                machine.jump?.port === machine.port,
        )
        .map(([i, machine]) => ({
            path: formatPath(["machines", i, "jump", "address"]),
            message: `"${machine.address}" is the machine itself`,
            fix: "remove jump, or name the host to go through",
        }));
    const servers = machines.flatMap(([i, machine]) => [
        { path: ["machines", i, "hostKey"] as Path, server: machine.jump ? undefined : machine },
        { path: ["machines", i, "jump", "hostKey"] as Path, server: machine.jump },
    ]);
    const seen = new Map<string, { readonly path: Path; readonly hostKey: string }>();
    const conflicts = servers.flatMap(({ path, server }) => {
        const port = fieldOr(server, "port", defaults.ssh.port);
        if (server?.address === undefined || server.hostKey === undefined || port === undefined) {
            return [];
        }
        const endpoint = `${server.address}:${port}`;
        const hostKey = bareHostKey(server.hostKey);
        const earlier = seen.get(endpoint);
        if (earlier === undefined || earlier.path[1] === path[1]) {
            seen.set(endpoint, earlier ?? { path, hostKey });
            return [];
        }
        // Two machines at one address are reported as such; here one of the two is a jump host.
        return earlier.hostKey === hostKey || (path.length === 3 && earlier.path.length === 3)
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
