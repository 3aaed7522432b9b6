import * as fs from "node:fs";
import * as path from "node:path";
import { Path } from "../rules/core/opaque";
import { at } from "../rules/core/pods";
import { KubernetesObject, Place } from "../rules/core/subject";
import { FoundObject, objectsIn, parseDocuments } from "./documents";
import { lineOf } from "./places";

/** The files behind objects that a program made: read again only when somebody asks where a fault is written. */
export class Sources {
    private readonly texts = new Map<string, string | undefined>();

    constructor(private readonly root: string) {}

    /** The text of a file, or undefined where it cannot be read. */
    text(file: string): string | undefined {
        if (!this.texts.has(file)) {
            this.texts.set(file, this.read(file));
        }
        return this.texts.get(file);
    }

    private read(file: string): string | undefined {
        try {
            return fs.readFileSync(path.join(this.root, file), "utf8");
        } catch {
            return undefined;
        }
    }

    /**
     * Where a part of an object is written that was made from `file`: its line there. A part that has another value there
     * was changed on the way, and is sought in `changedBy`; without that, in `file` as well.
     */
    locate(object: KubernetesObject, part: Path, file: string, changedBy?: string): Place {
        const text = this.text(file);
        const origin = text === undefined ? undefined : originOf(object, text);
        if (text === undefined || origin === undefined) {
            return { file, line: (text !== undefined && lineOfKind(text, object.kind)) || 1 };
        }
        const written = at(origin.object, part);
        const isChanged = written !== undefined && JSON.stringify(written) !== JSON.stringify(at(object, part));
        return isChanged && changedBy !== undefined
            ? { file: changedBy, line: 1 }
            : { file, line: lineOf(text, origin.document, [...origin.at, ...part]) };
    }
}

/** The object in a text that another was made from, whose name and namespace may have been changed since. */
function originOf({ kind, metadata }: KubernetesObject, text: string): FoundObject | undefined {
    let candidates: readonly FoundObject[];
    try {
        candidates = objectsIn(parseDocuments(text)).objects.filter(({ object }) => object.kind === kind);
    } catch {
        // A template is often no YAML.
        return undefined;
    }
    return (
        candidates.find(({ object }) => object.metadata.name === metadata.name) ??
        candidates.find(({ object }) => metadata.name.includes(object.metadata.name))
    );
}

/** The line of `kind: Deployment` in a template. */
function lineOfKind(text: string, kind: string): number | undefined {
    const index = text.split(/\r\n|\n|\r/).findIndex((line) => /^kind:\s*(.*?)\s*$/.exec(line)?.[1] === kind);
    return index < 0 ? undefined : index + 1;
}
