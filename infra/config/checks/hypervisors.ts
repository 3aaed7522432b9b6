import * as defaults from "../defaults";
import { Draft, entriesOf, fieldOr } from "../draft";
import { formatPath } from "../problems";
import { RegionInput } from "../schema/region";
import { oneOf } from "../suggestion";
import { Problem } from "../types";
import { guestMachines, repetitions } from "./machines";
import { planOf } from "./plans";

type Region = Draft<RegionInput>;
type Hypervisor = Draft<NonNullable<RegionInput["hypervisors"]>[number]>;

/** Hypervisors and machines share one set of names. */
export function uniqueHypervisors(region: Region): Problem[] {
    const machines = new Map(
        [...entriesOf(region.machines)].reverse().flatMap(([i, { name }]) => (name === undefined ? [] : [[name, i]])),
    );
    const names = entriesOf(region.hypervisors).flatMap(([i, { name }]) =>
        name === undefined ? [] : [{ path: ["hypervisors", i, "name"], key: name }],
    );
    return [
        ...names
            .filter(({ key }) => machines.has(key))
            .map(({ path, key }) => ({
                path: formatPath(path),
                message: `"${key}" is also the name of ${formatPath(["machines", machines.get(key)!])}`,
                fix: "give every hypervisor a name of its own, such as hv-01",
            })),
        ...repetitions(
            names,
            (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
            "give every hypervisor a name of its own, such as hv-01",
        ),
    ];
}

export function hypervisorsGiven(region: Region): Problem[] {
    const [first] = guestMachines(region);
    const given = fieldOr(region, "hypervisors", []);
    return first === undefined || given === undefined || given.length > 0
        ? []
        : [
              {
                  path: "fjord:hypervisors",
                  message: `is missing, and ${formatPath(["machines", first[0]])} is of kind libvirt`,
                  fix: "add the servers that run guests, with address, hostKey and capacity",
              },
          ];
}

/** All hypervisors with their names; undefined where there are none, or one of the names is unusable. */
function named(region: Region): ReadonlyMap<string, Hypervisor> | undefined {
    const list = region.hypervisors ?? [];
    return list.length === 0 || list.some((hypervisor) => hypervisor?.name === undefined)
        ? undefined
        : new Map(list.map((hypervisor) => [hypervisor!.name!, hypervisor!]));
}

export function pins(region: Region): Problem[] {
    const hypervisors = named(region);
    return guestMachines(region).flatMap(([i, { hypervisor }]) =>
        hypervisor === undefined || hypervisors === undefined || hypervisors.has(hypervisor)
            ? []
            : [
                  {
                      path: formatPath(["machines", i, "hypervisor"]),
                      message: `"${hypervisor}" is not the name of a hypervisor`,
                      fix: `${oneOf(hypervisor, [...hypervisors.keys()])}, or leave it out`,
                  },
              ],
    );
}

interface Room {
    readonly vcpus: number;
    readonly memory: number;
    readonly diskGiB: number;
}

/** What guests may use of a hypervisor; undefined where part of it is unusable. */
function roomOf(hypervisor: Hypervisor): Room | undefined {
    const { vcpus, memoryMiB, diskGiB } = hypervisor.capacity ?? {};
    const ratio = fieldOr(hypervisor, "vcpuRatio", defaults.hypervisor.vcpuRatio);
    return vcpus === undefined || memoryMiB === undefined || diskGiB === undefined || ratio === undefined
        ? undefined
        : { vcpus: Math.floor(vcpus * ratio), memory: memoryMiB, diskGiB };
}

const holds = (room: Room, guest: Room) =>
    guest.vcpus <= room.vcpus && guest.memory <= room.memory && guest.diskGiB <= room.diskGiB;
const written = ({ vcpus, memory, diskGiB }: Room) => `${vcpus} vcpus, ${memory} MiB and ${diskGiB} GiB`;

/** Every guest fits some hypervisor if nothing else runs there. Whether all fit together is for placement to say. */
export function roomForEach(region: Region): Problem[] {
    const hypervisors = named(region);
    return guestMachines(region).flatMap(([i, guest]) => {
        const name = fieldOr(guest, "plan", defaults.plan);
        const plan = name === undefined ? undefined : planOf(region, name);
        const pin = fieldOr(guest, "hypervisor", null);
        if (plan === undefined || hypervisors === undefined || pin === undefined) {
            return [];
        }
        const candidates = [...hypervisors].filter(([each]) => pin === null || each === pin);
        const rooms = candidates.map(([each, hypervisor]) => [each, roomOf(hypervisor)] as const);
        if (rooms.length === 0 || rooms.some(([, room]) => room === undefined || holds(room, plan))) {
            return [];
        }
        const whole = rooms.map(([each, room]) => `${each} (${written(room!)})`).join(", ");
        return [
            {
                path: formatPath(["machines", i, "plan"]),
                message: `"${name}" asks for ${written(plan)}, more than the whole of ${whole}`,
                fix: "choose a smaller plan, or give a hypervisor that has it",
            },
        ];
    });
}
