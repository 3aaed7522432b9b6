/** Something that a reader could not read. What was not read was not judged, so each fails a review. */
export interface Problem {
    /** Relative to the root that is read, with `/`; the name of the file for a checkpoint. */
    readonly file: string;
    /** From 1; absent where no line is to blame, or nothing tells which. */
    readonly line?: number;
    /** What is wrong, as a sentence without its subject: `is no YAML: ...`. */
    readonly what: string;
    /** What to do, as a sentence. */
    readonly mend: string;
}
