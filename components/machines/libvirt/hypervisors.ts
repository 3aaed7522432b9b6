import * as pulumi from "@pulumi/pulumi";
import { Lock } from "../../../infra/config/lock";
import { HypervisorConfig, RegionConfig } from "../../../infra/config/types";
import { Finding, formatReport, judge } from "../../nodes/report";
import { remoteStep } from "../../remote/step";
import { connectionTo, Credential } from "../connection";
import { baseImageStep } from "./base-image";
import { hypervisorChecks, hypervisorStep, parseHypervisorReport, parseUnwanted } from "./hypervisor-checks";
import { domainName } from "./identity";
import { PlannedGuest } from "./plan";
import { poolStep } from "./pool-script";
import { tidy } from "./tidy-step";

/** What the hypervisors of a region are made ready with. */
export interface HypervisorsArgs {
    readonly region: RegionConfig;
    readonly lock: Lock;
    readonly guests: readonly PlannedGuest[];
    readonly operator: Credential;
}

/**
 * The servers that run a region's guests, and those that could: measured, tidied of what interrupted runs left (also
 * where no guest is wanted any more), and with the images in their pools. Nothing else of them is fjord's.
 */
export class Hypervisors extends pulumi.ComponentResource {
    static readonly __pulumiType = "fjord:machines:Hypervisors";

    /** By name of the hypervisor and of the image: what a guest of that image there depends on. */
    private readonly images = new Map<string, pulumi.Resource>();
    /** The figures of all of them as one table. */
    readonly report: pulumi.Output<string>;

    constructor(name: string, args: HypervisorsArgs, opts?: pulumi.ComponentResourceOptions) {
        const { region } = args;
        const { hypervisors } = region;
        super(Hypervisors.__pulumiType, name, { hypervisors: hypervisors.map(published) }, opts);
        const measured = hypervisors.map((hypervisor) => this.prepare(`${name}-${hypervisor.name}`, hypervisor, args));
        this.report = pulumi.all(measured).apply((outputs) => {
            const findings = hypervisors.map((hypervisor, index): [string, readonly Finding[]] => {
                const [figures = "", pool = ""] = outputs[index] ?? [];
                const report = {
                    ...parseHypervisorReport(hypervisor.name, figures),
                    unwanted: parseUnwanted(hypervisor.name, pool),
                };
                return [hypervisor.name, judge(report, hypervisorChecks(hypervisor, region.preflight))];
            });
            return formatReport(Object.fromEntries(findings), "hypervisors");
        });
        this.registerOutputs({ report: this.report });
    }

    /** What a guest depends on. */
    imageOn(hypervisor: string, image: string): pulumi.Resource {
        const found = this.images.get(`${hypervisor}/${image}`);
        if (!found) {
            throw new pulumi.ResourceError(`image ${image} is not on ${hypervisor}: pass every guest to Hypervisors`, this);
        }
        return found;
    }

    /** Gives back what was measured, and what was found in the pool. */
    private prepare(
        name: string,
        hypervisor: HypervisorConfig,
        { region, lock, guests, operator }: HypervisorsArgs,
    ): pulumi.Output<[string, string]> {
        const here = guests.filter(({ spec }) => spec.hypervisor === hypervisor.name);
        const common = { node: hypervisor.name, connection: connectionTo(hypervisor.ssh, operator) };
        // The connection is part of what a step is: with another address or host key the server is another one, and gets
        // its pool and images by the steps running again. Nor can the key be left out, as an ignored one would be that of
        // whoever ran the stack first; where another person's key file makes them run again, they find all in place.
        const opts = { parent: this };

        const preflight = remoteStep(`${name}-preflight`, { ...common, step: "hypervisor", ...hypervisorStep(hypervisor, region.preflight) }, opts);
        const leaving = tidy(`${name}-tidy`, hypervisor, region, { ...opts, dependsOn: [preflight] });
        const sums = [...new Set(here.map(({ spec }) => spec.imageSha256))];
        const pool = remoteStep(
            `${name}-pool`,
            {
                ...common,
                step: "pool",
                ...poolStep(hypervisor, region.name, here.map(({ spec }) => domainName(region.name, spec.name)), sums),
            },
            // Every guest waits for this one, so all guests are gone before the hypervisor is tidied for the last time.
            { ...opts, dependsOn: [leaving] },
        );
        for (const image of new Set(here.map(({ machine }) => machine.image))) {
            const base = remoteStep(
                `${name}-${image}`,
                { ...common, step: `image-${image}`, ...baseImageStep(hypervisor, image, lock, region.mirrors) },
                { ...opts, dependsOn: [pool] },
            );
            this.images.set(`${hypervisor.name}/${image}`, base);
        }
        return pulumi.all([preflight.stdout, pool.stdout]);
    }
}

/** What policies see of a hypervisor. */
function published({ name, pool, bridge, acceleration, capacity, vcpuRatio }: HypervisorConfig): Record<string, unknown> {
    return { name, pool, bridge, acceleration, capacity, vcpuRatio };
}
