import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Lock } from "../../../infra/config/lock";
import { RegionConfig } from "../../../infra/config/types";
import { hostKey } from "../../trust/host-key";
import { connectionTo, Credential } from "../connection";
import { Machine, Target } from "../machine";
import { baseImageStep } from "./base-image";
import { classes } from "./change";
import { GuestTask } from "./guest-task";
import { Hypervisors } from "./hypervisors";
import { PlannedGuest } from "./plan";
import { Turns } from "./turns";

/** What the guests of a region are made of. */
export interface GuestsArgs {
    readonly region: RegionConfig;
    readonly lock: Lock;
    /** Every guest with its place. */
    readonly guests: readonly PlannedGuest[];
    /** Who logs in to the hypervisors. */
    readonly operator: Credential;
    /** The stack's SSH key, which every guest lets in. */
    readonly stackKey: { readonly privateKey: pulumi.Output<string>; readonly publicKey: pulumi.Output<string> };
    readonly turns: Turns;
}

/** Pulumi runs local commands in the folder of the program's main file; the project is the one above. */
const project = "..";
const step = (verb: string): string => `node --require tsx/cjs components/machines/libvirt/guest-step.ts ${verb}`;

/** What it takes to change a guest, in the words of the preview. */
interface GuestInputs {
    /** A change of these makes the guest anew, after it has left the cluster. */
    readonly replaces: object;
    /** A change of these restarts it, after its pods have moved away. */
    readonly restarts: object;
    /** A change of these disturbs nobody. */
    readonly live: object;
}

/** One guest: its host key, and the domain with its disk. Its inputs say what a change of each of them does. */
class Guest extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:machines:Guest";
    readonly domain: command.local.Command;
    readonly target: Target;

    constructor(name: string, planned: PlannedGuest, args: GuestsArgs, hypervisors: Hypervisors, opts: pulumi.ComponentResourceOptions) {
        const { machine, spec, system } = planned;
        const inputs: GuestInputs = classes(spec);
        super(Guest.__pulumiType, name, { ...inputs }, opts);
        const key = hostKey(`${name}-host-key`, { parent: this });
        this.domain = new command.local.Command(
            `${name}-domain`,
            {
                create: step("create"),
                update: step("update"),
                delete: step("delete"),
                dir: project,
                stdin: pulumi.secret(pulumi.output(guestTask(planned, args, key)).apply((task) => JSON.stringify(task))),
                triggers: [system],
                addPreviousOutputInEnv: false,
                logging: command.local.Logging.None,
            },
            {
                parent: this,
                deleteBeforeReplace: true,
                dependsOn: pulumi
                    .output(args.turns.before(machine.name))
                    .apply((before) => [hypervisors.imageOn(spec.hypervisor, machine.image), ...before]),
                customTimeouts: { create: "45m", update: "3h", delete: "30m" },
            },
        );
        this.target = { address: spec.address, port: 22, user: spec.user, hostKey: key.publicKey };
        this.registerOutputs({});
    }
}

function guestTask(
    { machine, spec }: PlannedGuest,
    { region, lock, stackKey }: GuestsArgs,
    key: { readonly privateKey: pulumi.Output<string>; readonly publicKey: pulumi.Output<string> },
): pulumi.Input<GuestTask> {
    const hypervisor = region.hypervisors.find(({ name }) => name === spec.hypervisor);
    if (!hypervisor) {
        throw new pulumi.RunError(`guest ${machine.name} is placed on ${spec.hypervisor}, which the region does not have`);
    }
    const { params, timeout } = baseImageStep(hypervisor, machine.image, lock, region.mirrors);
    return pulumi.output({
        guest: spec,
        base: { params, timeout },
        fqdn: `${machine.name}.${region.domain}`,
        role: machine.role,
        nameservers: region.guestNetwork?.nameservers ?? [],
        authorizedKeys: stackKey.publicKey.apply((stack) => [`${stack} fjord:${region.name}`, ...region.ssh.authorizedKeys]),
        hostKey: key,
        hypervisor: { ...hypervisor.ssh, name: hypervisor.name },
        ...(region.ssh.identityFile !== undefined && { identityFile: region.ssh.identityFile }),
        privateKey: stackKey.privateKey,
        drainTimeout: region.kubernetes.drainTimeout,
    });
}

/** The guests of a region as machines, by short name, and the preflight figures of what they run on. */
export interface Guests {
    readonly machines: ReadonlyMap<string, Machine>;
    /** Absent where there are no hypervisors. */
    readonly report?: pulumi.Output<string>;
}

/** Makes the guests of a region. */
export function makeGuests(name: string, args: GuestsArgs, opts: pulumi.ComponentResourceOptions): Guests {
    // Where the last guest has left, its hypervisor is still to be tidied.
    if (args.region.hypervisors.length === 0) {
        return { machines: new Map() };
    }
    const hypervisors = new Hypervisors(`${name}-hypervisors`, args, opts);
    const credential: Credential = { kind: "key", privateKey: args.stackKey.privateKey };
    const machines = new Map(
        args.guests.map((planned): [string, Machine] => {
            const { machine, turn } = planned;
            const guest = new Guest(`${name}-${machine.name}`, planned, args, hypervisors, opts);
            const connection = connectionTo(guest.target, credential);
            return [
                machine.name,
                {
                    name: machine.name,
                    fqdn: `${machine.name}.${args.region.domain}`,
                    role: machine.role,
                    plan: machine.plan,
                    nodeAddress: machine.nodeAddress,
                    labels: machine.labels,
                    taints: machine.taints,
                    ...(machine.cgroupDriver !== undefined && { cgroupDriver: machine.cgroupDriver }),
                    ssh: guest.target,
                    // It was made with the stack's key: nobody else's is needed for the first contact.
                    operator: connection,
                    connection,
                    resource: guest.domain,
                    incarnation: guest.domain.triggers.apply((triggers) => String(triggers?.[0])),
                    ...(turn !== undefined && { turn }),
                },
            ];
        }),
    );
    return { machines, report: hypervisors.report };
}
