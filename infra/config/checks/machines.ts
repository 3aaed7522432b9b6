import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr } from "../draft";
import { parseIpv4 } from "../network";
import { formatPath, Path } from "../problems";
import { kindOf } from "../schema/machine";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";

type Region = Draft<RegionInput>;
type MachineInput = RegionInput["machines"][number];
type Existing = Draft<Extract<MachineInput, { kind: "existing" }>>;
type Guest = Draft<Extract<MachineInput, { kind: "libvirt" }>>;
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
    const names = entriesOf(region.machines).flatMap(([i, { name }]) =>
        name === undefined ? [] : [{ path: ["machines", i, "name"], key: name }],
    );
    return repetitions(
        names,
        (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
        "give every machine a name of its own",
    );
}

/** The machines that exist, with their positions. */
export function existingMachines(region: Region): readonly (readonly [number, Existing])[] {
    return entriesOf(region.machines).flatMap(([i, machine]) =>
        kindOf(machine) === "existing" ? [[i, machine as Existing] as const] : [],
    );
}

/** The guests among the machines, with their positions. */
export function guestMachines(region: Region): readonly (readonly [number, Guest])[] {
    return entriesOf(region.machines).flatMap(([i, machine]) =>
        kindOf(machine) === "libvirt" ? [[i, machine as Guest] as const] : [],
    );
}

/** The nodes' addresses in the region's network, each with the field that it comes from. */
export function nodeAddresses(region: Region): readonly { readonly path: Path; readonly address: string }[] {
    return entriesOf(region.machines).flatMap(([i, machine]) => {
        const own = kindOf(machine) === "existing" && "nodeAddress" in machine;
        const address = own ? (machine as Existing).nodeAddress : machine.address;
        return address === undefined || parseIpv4(address) === undefined
            ? []
            : [{ path: ["machines", i, own ? "nodeAddress" : "address"], address }];
    });
}

export function nodeAddressGiven(region: Region): Problem[] {
    return existingMachines(region)
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
