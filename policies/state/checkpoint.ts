import { Problem } from "../problem";
import { SeenResource, subjectOf } from "../resource-subject";
import { Place, Subject } from "../rules/core/subject";
import { Fields, isFields } from "../rules/values";
import { withOpaque } from "./opaque-values";

/** What a checkpoint holds. */
export interface StateReading {
    readonly subjects: readonly Subject[];
    readonly problems: readonly Problem[];
    /** Operations that an interrupted update left open: what became of them is not in the checkpoint. */
    readonly pendingOperations: number;
}

/** Older ones keep resources in another shape. */
const oldestVersion = 3;

/**
 * The resources in a checkpoint: a file of a state backend, or what `pulumi stack export` prints.
 *
 * @param file what the text is called in messages.
 */
export function readCheckpoint(text: string, file: string): StateReading {
    const problem = (what: string): StateReading => ({
        subjects: [],
        pendingOperations: 0,
        problems: [{ file, what, mend: "Give what `pulumi stack export` prints, or the stack's file of a state backend." }],
    });
    let content: unknown;
    try {
        content = JSON.parse(text);
    } catch {
        // What the parser says quotes the text, and the text may hold secrets.
        return problem("is no JSON");
    }
    const deployment = deploymentOf(content);
    if (deployment === undefined || !isFields(content)) {
        return problem("is no checkpoint of Pulumi");
    }
    const { version } = content;
    if (typeof version !== "number" || version < oldestVersion) {
        return problem(`is a checkpoint of version ${JSON.stringify(version) ?? "none"}, not ${oldestVersion} or later`);
    }
    const listed = deployment["resources"] ?? [];
    if (!Array.isArray(listed)) {
        return problem("is a checkpoint whose resources are no list");
    }
    const resources = listed.map(resourceOf);
    const pending = deployment["pending_operations"];
    return {
        subjects: resources.flatMap((seen) => (typeof seen === "object" ? [subjectOf(seen, "state")] : [])),
        pendingOperations: Array.isArray(pending) ? pending.length : 0,
        problems: resources.flatMap((seen, index) => {
            const what = `has no urn and type in resource ${index}`;
            return seen === "unreadable" ? [{ file, what, mend: "Export the stack again, and repair its state." }] : [];
        }),
    };
}

/** Both shapes; a stack that was never brought up has no deployment yet, and no resources. */
function deploymentOf(content: unknown): Fields | undefined {
    if (!isFields(content)) {
        return undefined;
    }
    const { deployment, checkpoint } = content;
    if (isFields(checkpoint)) {
        return isFields(checkpoint["latest"]) ? checkpoint["latest"] : {};
    }
    return isFields(deployment) ? deployment : undefined;
}

/** One that waits to be deleted was replaced already: its successor has the same name and is what counts. */
function resourceOf(entry: unknown): SeenResource | "replaced" | "unreadable" {
    if (!isFields(entry)) {
        return "unreadable";
    }
    const { urn, type, inputs, outputs, protect, ignoreChanges, additionalSecretOutputs, sourcePosition } = entry;
    if (typeof urn !== "string" || typeof type !== "string") {
        return "unreadable";
    }
    if (entry["delete"] === true) {
        return "replaced";
    }
    return {
        urn,
        type,
        // urn:pulumi:stack::project::parentType$type::name, where the name may hold anything, also `::`.
        name: urn.split("::").slice(3).join("::"),
        properties: propertiesOf(inputs),
        outputs: propertiesOf(outputs),
        options: {
            protect: protect === true,
            ignoreChanges: textsOf(ignoreChanges),
            additionalSecretOutputs: textsOf(additionalSecretOutputs),
        },
        place: placeOf(sourcePosition),
    };
}

function propertiesOf(value: unknown): Fields {
    const seen = withOpaque(value ?? {});
    return isFields(seen) ? seen : {};
}

const textsOf = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

/** From `project:///infra/region.ts#12,4`. What the SDK makes itself is in no file of the project. */
function placeOf(position: unknown): Place | undefined {
    const [, file, line] = (typeof position === "string" && /^project:\/\/\/([^#]+)#(\d+)/.exec(position)) || [];
    const isOutside = file === undefined || /(^|\/)(\.\.|node_modules)\//.test(file);
    return isOutside || line === undefined ? undefined : { file: decodeURI(file), line: Number(line) };
}
