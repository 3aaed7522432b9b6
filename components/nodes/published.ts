import { Machine } from "../machines/machine";
import { pinnedPackages } from "./apt";
import { imagesFor } from "./images";
import { portSettings, portHolder, NodePlan, settingsFor, takesIngress } from "./steps";
import { ComponentPort, portsOn } from "./ports";

/** What a node publishes of itself, for policies and people. No secrets, no scripts. */
export interface PublishedNode {
    readonly node: string;
    readonly role: Machine["role"];
    readonly plan: string;
    readonly ingress: boolean;
    /** NGINX's listen backlog; it counts only where `ingress` is true. */
    readonly backlog: number;
    /** Setting and value; `>= n` where it is only raised. */
    readonly kernel: Readonly<Record<string, string>>;
    readonly cgroupDriver: "systemd" | "cgroupfs";
    /** `name=version` */
    readonly packages: readonly string[];
    /** Pulled before the cluster asks for them: `registry/name:tag@sha256:...`. */
    readonly images: readonly string[];
    /** CIDRs. */
    readonly sshFrom: readonly string[];
    /** What listens on the machine, and whom the firewall lets in there; all else that comes in is dropped. */
    readonly ports: readonly ComponentPort[];
}

/** What policies see of a machine's node. */
export function publishedNode(plan: NodePlan): PublishedNode {
    const { machine, region, lock } = plan;
    return {
        node: machine.fqdn,
        role: machine.role,
        plan: machine.plan,
        ingress: takesIngress(machine),
        backlog: region.platform.ingress.backlog,
        kernel: Object.fromEntries(
            settingsFor(plan).map((setting) => [
                setting.key,
                "value" in setting ? setting.value : `>= ${setting.atLeast}`,
            ]),
        ),
        cgroupDriver: machine.cgroupDriver ?? region.kubernetes.cgroupDriver,
        packages: pinnedPackages(lock),
        images: imagesFor(portHolder(machine), lock),
        sshFrom: region.ssh.allowFrom,
        ports: portsOn(portHolder(machine), portSettings(region)),
    };
}
