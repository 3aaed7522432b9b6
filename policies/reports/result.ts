import type { Exception } from "../exceptions";
import { Area, RuleText } from "../rules/core/rule";
import { Place, Source } from "../rules/core/subject";

/** What a review comes to. */
export type Verdict = "passes" | "fails" | "cannot tell";

/**
 * The exit code of a review. `wrongUse` is that of a command that could not begin: an unknown option, a file that is
 * not there, exceptions that are no exceptions.
 */
export const exitCodes = { passes: 0, fails: 1, "cannot tell": 2, wrongUse: 3 } as const satisfies Record<
    Verdict | "wrongUse",
    number
>;

/** What was looked at. */
export interface Reviewed {
    readonly stacks: readonly string[];
    /** Folders of manifests, relative to the root of their repository. */
    readonly folders: readonly string[];
    /** The checkpoint, as people call it; absent where none was read. */
    readonly checkpoint?: string;
}

/** What Pulumi does to a resource, in its words. */
export type Operation = "create" | "update" | "replace" | "delete" | "import" | "read" | "refresh" | "discard";

/** A resource that would change. Values are not part of it: they may be secret, and a review needs none. */
export interface Change {
    readonly operation: Operation;
    readonly stack?: string;
    readonly urn: string;
    readonly type: string;
    readonly name: string;
    /** Paths of the properties that differ. */
    readonly keys?: readonly string[];
}

/** How often a rule was asked, and what it said, by all readers together. */
export interface RuleTally {
    readonly pass: number;
    readonly fail: number;
    readonly cannotTell: number;
    readonly notApplicable: number;
}

/** A rule as reports show it. */
export interface ReportedRule extends RuleText {
    readonly area: Area;
    readonly tally: RuleTally;
}

/** Something that people have to look at. */
export interface ReportedFinding {
    readonly rule: RuleText;
    /** Whether it stands in the way of the change: advice does not. */
    readonly blocking: boolean;
    readonly outcome: "fail" | "cannot-tell";
    readonly stack?: string;
    /** Id of the subject. */
    readonly subject: string;
    /** Where in the subject; empty for all of it. */
    readonly path: string;
    readonly message: string;
    /** Where it is written; absent where nothing tells. */
    readonly place?: Place;
    /** The readers that saw it. */
    readonly sources: readonly Source[];
    /** The same for the same finding in the next review, wherever its line went and whatever the value is by then. */
    readonly fingerprint: string;
}

/** A finding that an exception covers. */
export interface ExceptedFinding extends ReportedFinding {
    readonly exception: Exception;
}

/** Something that a reader could not read: what lies behind it is not judged. */
export interface ReaderProblem {
    readonly reader: Source;
    readonly stack?: string;
    readonly message: string;
    readonly place?: Place;
}

/** How long a part of the review took. */
export interface Phase {
    readonly name: string;
    readonly seconds: number;
}

/** A review. Every report is made from it alone, and `--json` prints it as it is. It holds no value that is a secret. */
export interface ReviewResult {
    /** Of this form; grows when a field changes its meaning. */
    readonly version: 1;
    readonly verdict: Verdict;
    readonly reviewed: Reviewed;
    /** By operation, what is lost first, then by stack, type and name: the engine has no order of its own. */
    readonly changes: readonly Change[];
    /** All rules that were asked, in the order of the catalogue. */
    readonly rules: readonly ReportedRule[];
    /** In the order of severity, then of the catalogue, then by stack, subject and path. */
    readonly open: readonly ReportedFinding[];
    /** In the same order. */
    readonly excepted: readonly ExceptedFinding[];
    readonly expired: readonly Exception[];
    readonly unused: readonly Exception[];
    readonly problems: readonly ReaderProblem[];
    readonly phases: readonly Phase[];
}

/**
 * What a review comes to. It fails on what is certainly wrong: a rule that is broken and blocks, an exception that has
 * expired or that nothing needs. What could not be judged is never a pass.
 */
export function verdictOf({
    open,
    expired,
    unused,
    problems,
}: Pick<ReviewResult, "open" | "expired" | "unused" | "problems">): Verdict {
    const blocking = open.filter((finding) => finding.blocking);
    if (blocking.some(({ outcome }) => outcome === "fail") || expired.length > 0 || unused.length > 0) {
        return "fails";
    }
    return blocking.length > 0 || problems.length > 0 ? "cannot tell" : "passes";
}
