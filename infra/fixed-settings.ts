import { Problem, RegionConfig, Role } from "./config/types";

/** Name of the stack's output that holds them. */
export const fixedOutput = "fixed";

/** What a cluster is born with: no node and no machine would follow a change of it. */
export interface FixedSettings {
    /** Every machine is marked with it. */
    readonly name: string;
    /** In the name of every node and of every member of etcd. */
    readonly domain: string;
    /** The nodes have their parts of it, and the pods their addresses. */
    readonly podCidr: string;
    /** The API's own address in it is in the API servers' certificates, that of DNS in every pod. */
    readonly serviceCidr: string;
    /** With the port: where the kubeconfig of every kubelet looks for the API. The name is in the certificates too. */
    readonly apiName: string;
    readonly loadBalancerPort: number;
    /** By short name. A control plane is a member of etcd, which a worker is not. Who is out has none. */
    readonly roles: Readonly<Record<string, Role>>;
}

/** What of a region they are taken from. */
export type FixedRegion = Pick<RegionConfig, "name" | "domain" | "machines"> & {
    readonly kubernetes: Pick<RegionConfig["kubernetes"], "podCidr" | "serviceCidr" | "apiName" | "loadBalancerPort">;
};

/** The settings of a region that cannot change, for its output. */
export function fixedSettings({ name, domain, machines, kubernetes }: FixedRegion): FixedSettings {
    const { podCidr, serviceCidr, apiName, loadBalancerPort } = kubernetes;
    const roles = Object.fromEntries(machines.map((machine) => [machine.name, machine.role]));
    return { name, domain, podCidr, serviceCidr, apiName, loadBalancerPort, roles };
}

type Whole = Exclude<keyof FixedSettings, "roles">;

/** Where each is written. */
const paths: Readonly<Record<Whole, string>> = {
    name: "fjord:name",
    domain: "fjord:domain",
    podCidr: "fjord:kubernetes.podCidr",
    serviceCidr: "fjord:kubernetes.serviceCidr",
    apiName: "fjord:kubernetes.apiName",
    loadBalancerPort: "fjord:kubernetes.loadBalancerPort",
};

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const isValue = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";

/**
 * Every setting that is not what the cluster was born with. Pure.
 *
 * @param previous the stack's output; what it does not say, as that of an older region or of a new one, may be anything
 */
export function fixedProblems(region: FixedRegion, previous: unknown): Problem[] {
    const wanted = fixedSettings(region);
    const before = fields(previous);
    const whole = (Object.keys(paths) as Whole[]).flatMap((key): Problem[] => {
        const was = before[key];
        return !isValue(was) || was === wanted[key]
            ? []
            : [
                  {
                      path: paths[key],
                      message: `is ${wanted[key]} and was ${was} when the cluster began; a live cluster cannot take another one`,
                      fix: `put it back: ${was}; for another value bring up a fresh region and move over, or destroy this one first`,
                  },
              ];
    });
    const roles = Object.entries(fields(before["roles"])).flatMap(([name, was]): Problem[] => {
        const role = wanted.roles[name];
        return !isValue(was) || role === undefined || role === was
            ? []
            : [
                  {
                      path: `fjord:machines (${name}).role`,
                      message: `is ${role} and was ${was} when the machine joined; a member of the cluster cannot take another one`,
                      fix: `put it back: ${was}; to change it, mark the machine out: true, pulumi up, then write role: ${role} and take out away`,
                  },
              ];
    });
    return [...whole, ...roles];
}
