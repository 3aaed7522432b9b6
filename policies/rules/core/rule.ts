import { Path } from "./opaque";
import { Source, Subject } from "./subject";
import type { Surroundings } from "./surroundings";

/** The areas of the rules, in the order in which they are listed. The short form is part of every rule's id. */
export const areas = {
    MCH: "Machines and placement",
    SSH: "SSH and trust",
    KRN: "Kernel and node",
    CLU: "kubeadm and etcd",
    GIT: "GitOps",
    SEC: "Secrets",
    WRK: "Workloads",
    NET: "Ingress and network",
    SUP: "Supply chain",
    RES: "Residency",
    REC: "Recovery readiness",
} as const;

export type Area = keyof typeof areas;

/** `FJ-NET-004`. An id is never used again for another rule. */
export type RuleId = `FJ-${Area}-${string}`;

/**
 * How bad it is to break the rule. All but `low` block a change; `low` is advice that is shown.
 *
 * - critical: who uses it owns the platform, or data is lost or leaves the country.
 * - high: one fault or one mistake away from that.
 * - medium: makes an outage or an attack more likely or worse.
 */
export type Severity = "critical" | "high" | "medium" | "low";

export const severities: readonly Severity[] = ["critical", "high", "medium", "low"];

export const blocks = (severity: Severity): boolean => severity !== "low";

/** What else asks for the same. */
export interface Reference {
    readonly of:
        | "CIS Kubernetes 1.12"
        | "CIS Debian Linux 12"
        | "NSA/CISA Kubernetes Hardening Guide 1.2"
        | "Kubescape"
        | "Checkov"
        | "Pod Security Standards"
        | "upstream"
        | "law"
        | "fjord";
    /** Number, id or heading in it; a URL for `upstream` and `law`. */
    readonly id: string;
}

/** One thing that is wrong. */
export interface Fault {
    /** Where in the subject. */
    readonly at: Path;
    /** What is wrong, with the value where it is no secret, as a sentence without its subject: `is 0.0.0.0/0`. */
    readonly message: string;
}

/**
 * What a check answers: its faults (none: pass), or why the rule does not apply to this subject. Where it needs a
 * value that cannot be seen it throws `CannotTell`, by touching it.
 */
export type Answer = readonly Fault[] | NotApplicable;

export interface NotApplicable {
    readonly notApplicable: string;
}

export const notApplicable = (why: string): NotApplicable => ({ notApplicable: why });

/** A rule as people read it. */
export interface RuleText {
    readonly id: RuleId;
    /** What holds, as a sentence: `SSH is open only to named networks`. */
    readonly title: string;
    readonly severity: Severity;
    /** What happens otherwise. */
    readonly why: string;
    /** What to write instead, by its name in the configuration or the manifest. */
    readonly mend: string;
    readonly references: readonly Reference[];
}

/** A rule. */
export interface Rule extends RuleText {
    /** What it applies to, in words: `every container`, `fjord:nodes:Node`. */
    readonly appliesTo: string;
    /** The readers whose subjects it is asked about. */
    readonly sources: readonly Source[];
    /** Whether it must see all subjects at once. */
    readonly needsSurroundings: boolean;
    readonly applies: (subject: Subject) => boolean;
    readonly check: (subject: Subject, surroundings: Surroundings) => Answer;
}

export const areaOf = (id: RuleId): Area => id.split("-")[1] as Area;
