import * as pulumi from "@pulumi/pulumi";
import { Lock } from "../../infra/config/lock";
import { RegionConfig } from "../../infra/config/types";
import { incarnationOf, Machine } from "../machines/machine";
import { remoteStep } from "../remote/step";
import { Node } from "./node";
import { parseReport } from "./preflight";
import { Finding, formatReport, judge } from "./report";
import { checksFor, preflightStep } from "./steps";

/** What the nodes of a region are made of. */
export interface NodesArgs {
    readonly machines: readonly Machine[];
    readonly region: RegionConfig;
    readonly lock: Lock;
    /** The stack's public key in authorized_keys form. */
    readonly publicKey: pulumi.Input<string>;
}

/**
 * All machines of a region, made nodes. Every machine is measured first, and one that fails stops all: a machine is
 * changed only when all have passed.
 */
export class Nodes extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:nodes:Nodes";

    /** By short name of the machine. */
    public readonly byName: ReadonlyMap<string, Node>;
    /** The preflight figures of all machines as one table. */
    public readonly report: pulumi.Output<string>;

    constructor(name: string, args: NodesArgs, opts?: pulumi.ComponentResourceOptions) {
        super(Nodes.__pulumiType, name, { machines: args.machines.map((machine) => machine.fqdn) }, opts);
        const { machines, region, lock, publicKey } = args;

        // A failing machine fails its own preflight: everything else depends on all of them, so nothing else starts,
        // and the next run measures again. A preflight that has passed is not repeated because another person runs
        // the stack.
        const preflights = machines.map((machine) =>
            remoteStep(
                `${name}-${machine.name}-preflight`,
                {
                    node: machine.fqdn,
                    step: "preflight",
                    connection: machine.operator,
                    ...incarnationOf(machine),
                    ...preflightStep({ machine, machines, region, lock }),
                },
                {
                    parent: this,
                    ignoreChanges: ["connection"],
                    ...(machine.resource && { dependsOn: [machine.resource] }),
                },
            ),
        );

        this.report = pulumi.all(preflights.map((preflight) => preflight.stdout)).apply((outputs) => {
            const findings = machines.map((machine, index): [string, readonly Finding[]] => {
                const report = parseReport(machine.fqdn, outputs[index] ?? "");
                return [machine.name, judge(report, checksFor({ machine, machines, region, lock }))];
            });
            return formatReport(Object.fromEntries(findings));
        });

        this.byName = new Map(
            machines.map((machine) => [
                machine.name,
                new Node(
                    `${name}-${machine.name}`,
                    { machine, machines, region, lock, publicKey, after: preflights.filter((_, index) => countsFor(machine, machines[index])) },
                    { parent: this },
                ),
            ]),
        );

        this.registerOutputs({ report: this.report });
    }
}

/**
 * Whether a machine waits for the preflight of another one: for all but those whose turn to be made anew comes later,
 * which in their turn wait for this one.
 */
function countsFor(machine: Machine, other: Machine | undefined): boolean {
    return other?.turn === undefined || (machine.turn !== undefined && other.turn <= machine.turn);
}
