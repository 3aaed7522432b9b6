import { Path } from "../../../policies/rules/core/opaque";
import { RuleId } from "../../../policies/rules/core/rule";
import { Subject } from "../../../policies/rules/core/subject";

/** Takes the place away instead of putting something else there. */
export const absent = Symbol("absent");

/**
 * What shows that a rule works: something that keeps it, and the one place whose change breaks it. The violating
 * fixture is made from the compliant one, so it cannot differ anywhere else.
 */
export interface Case {
    readonly rule: RuleId;
    /** In a few words, where a rule has several cases. */
    readonly what?: string;
    readonly compliant: Subject;
    /** What else the reader saw, for rules about how things stand to each other. */
    readonly around?: readonly Subject[];
    readonly change: {
        /** From the subject: `["object", "spec", "replicas"]`, `["inputs", "sshFrom", 0]`, `["resource", "protect"]`. */
        readonly at: Path;
        /** What stands there in the violating fixture, or `absent`. */
        readonly to: unknown;
        /** Index in `around` where the change is made there and not in the subject. */
        readonly of?: number;
    };
    /** A part of the message that a person reads. */
    readonly says: RegExp;
    /** Other rules that the same change breaks. */
    readonly also?: readonly RuleId[];
    /**
     * Why the place cannot be opaque: only for what readers always know, such as options of a resource. Without it the
     * place is hidden, and the rule must not pass.
     */
    readonly alwaysKnown?: string;
}

/** A copy of a value with one place changed; what lies beside the path is shared. */
export function changed<T>(value: T, path: Path, to: unknown): T {
    const [step, ...rest] = path;
    if (step === undefined) {
        return to as T;
    }
    if (Array.isArray(value)) {
        const copy: unknown[] = [...value];
        if (rest.length === 0 && to === absent) {
            copy.splice(Number(step), 1);
        } else {
            copy[Number(step)] = changed(copy[Number(step)], rest, to);
        }
        return copy as T;
    }
    const record: Record<string, unknown> = { ...(value as object) };
    if (rest.length === 0 && to === absent) {
        delete record[String(step)];
    } else {
        record[String(step)] = changed(record[String(step)] ?? {}, rest, to);
    }
    return record as T;
}
