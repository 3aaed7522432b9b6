import { areaOf, areas, blocks, Reference, Rule } from "../../policies/rules/core/rule";
import { Source } from "../../policies/rules/core/subject";

const readers: Readonly<Record<Source, string>> = {
    stack: "the preview of a stack",
    git: "manifests in Git",
    state: "the checkpoint of a stack",
};

/** What lies in Git is Kubernetes objects alone; rules about resources of Pulumi name them by their type token. */
const isAboutResources = ({ appliesTo }: Rule): boolean =>
    /^[\w-]+:/.test(appliesTo) || appliesTo.startsWith("resources of type ");

/** Where a rule is asked, and where there is nothing that it could be asked about. */
export function readersOf(rule: Rule): { readonly seen: readonly string[]; readonly unseen: readonly string[] } {
    const sees = (source: Source): boolean => rule.sources.includes(source) && !(source === "git" && isAboutResources(rule));
    // The keys are the sources by its type.
    const all = Object.keys(readers) as Source[];
    return {
        seen: all.filter(sees).map((source) => readers[source]),
        unseen: all.filter((source) => !sees(source)).map((source) => readers[source]),
    };
}

export const referenceText = (reference: Reference): string => `${reference.of}: ${reference.id}`;

/** A paragraph in lines of at most `width` characters; a longer word has a line of its own. */
export function wrapped(text: string, width: number, indent = ""): readonly string[] {
    const lines: string[] = [];
    for (const word of text.split(/\s+/).filter((part) => part !== "")) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + 1 + word.length <= width) {
            lines[lines.length - 1] = `${last} ${word}`;
        } else {
            lines.push(`${indent}${word}`);
        }
    }
    return lines;
}

/** A rule for people in a terminal. */
export function explanation(rule: Rule, width = 100): string {
    const { seen, unseen } = readersOf(rule);
    const field = (name: string, text: string): readonly string[] => ["", `${name}:`, ...wrapped(text, width, "  ")];
    return [
        ...wrapped(`${rule.id}  ${rule.title}`, width),
        `${areas[areaOf(rule.id)]}; ${rule.severity}${blocks(rule.severity) ? ", stands in the way of a change" : ", advice"}`,
        ...field("Why", rule.why),
        ...field("What to do", rule.mend),
        ...field("Applies to", rule.appliesTo),
        ...field("Seen in", seen.join(", ")),
        ...(unseen.length > 0 ? field("Not seen in", unseen.join(", ")) : []),
        ...(rule.needsSurroundings
            ? field("Looks at", "this, and how it stands to everything else that the same reader saw")
            : []),
        "",
        "See:",
        ...rule.references.map((reference) => `  ${referenceText(reference)}`),
        "",
    ].join("\n");
}
