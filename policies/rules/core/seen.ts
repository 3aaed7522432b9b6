import { guarded, hasOpaque } from "./opaque";
import { Subject } from "./subject";

/** Subjects whose guarded form was made already: most rules see the same few of them. */
const made = new WeakMap<Subject, Subject>();

/** The subject as a check may see it: what is opaque in it cannot be touched unnoticed. */
export function seen(subject: Subject): Subject {
    const known = made.get(subject);
    if (known) {
        return known;
    }
    const hidden = hide(subject);
    made.set(subject, hidden);
    return hidden;
}

function hide(subject: Subject): Subject {
    const { id } = subject;
    if (subject.kind === "object") {
        return hasOpaque(subject.object) ? { ...subject, object: guarded(subject.object, [], id) } : subject;
    }
    const { inputs, outputs } = subject;
    if (!hasOpaque(inputs) && !hasOpaque(outputs)) {
        return subject;
    }
    return { ...subject, inputs: guarded(inputs, [], id), ...(outputs && { outputs: guarded(outputs, ["outputs"], id) }) };
}
