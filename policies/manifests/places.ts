import { Event, EVENT_ID, getScalarValue, parseEvents } from "js-yaml";
import { Path } from "../rules/core/opaque";

/**
 * The line, from 1, on which a part of a YAML or JSON text is written: that of its key, or of the item of a list. Where
 * the path ends early it is the line of the nearest part there is, at worst the first of the document.
 *
 * @param document which document of the text, from 0.
 */
export function lineOf(text: string, document: number, path: Path): number {
    const events = parseEvents(text, {});
    const starts = events.flatMap((event, index) => (event.type === EVENT_ID.DOCUMENT ? [index] : []));
    const start = starts[document];
    const root = start === undefined ? undefined : events[start + 1];
    if (start === undefined || root === undefined) {
        return 1;
    }
    return lineAt(text, new Finder(text, events, start).find(start + 1, path, positionOf(root) ?? 0));
}

/** How many lines the text has up to there. */
const lineAt = (text: string, position: number): number => (text.slice(0, position).match(/\r\n|\n|\r/g)?.length ?? 0) + 1;

/** Where a node begins; undefined for one that is empty. */
function positionOf(event: Event): number | undefined {
    switch (event.type) {
        case EVENT_ID.SCALAR:
            return event.valueStart < 0 ? undefined : event.valueStart;
        case EVENT_ID.MAPPING:
        case EVENT_ID.SEQUENCE:
            return event.start;
        case EVENT_ID.ALIAS:
            return event.anchorStart;
        default:
            return undefined;
    }
}

/** Walks the events of one document. */
class Finder {
    constructor(
        private readonly text: string,
        private readonly events: readonly Event[],
        private readonly start: number,
    ) {}

    /** The position of what the path names below the node at `index`; `fallback` is that of the node. */
    find(index: number, path: Path, fallback: number): number {
        const [step, ...rest] = path;
        const node = this.events[index];
        if (step === undefined || node === undefined) {
            return fallback;
        }
        switch (node.type) {
            case EVENT_ID.ALIAS: {
                const target = this.anchored(this.text.slice(node.anchorStart, node.anchorEnd), index);
                return target === undefined ? fallback : this.find(target, path, fallback);
            }
            case EVENT_ID.SEQUENCE: {
                const item = this.children(index)[Number(step)];
                return item === undefined ? fallback : this.find(item, rest, this.position(item) ?? fallback);
            }
            case EVENT_ID.MAPPING:
                return this.findInMapping(index, String(step), rest) ?? fallback;
            default:
                return fallback;
        }
    }

    private findInMapping(index: number, step: string, rest: Path): number | undefined {
        const children = this.children(index);
        const merged: number[] = [];
        for (let pair = 0; pair + 1 < children.length; pair += 2) {
            const [key, value] = [children[pair], children[pair + 1]];
            if (key === undefined || value === undefined) {
                break;
            }
            const name = this.scalar(key);
            if (name === step) {
                return this.find(value, rest, this.position(key) ?? 0);
            }
            if (name === "<<") {
                merged.push(...(this.events[value]?.type === EVENT_ID.SEQUENCE ? this.children(value) : [value]));
            }
        }
        for (const value of merged) {
            const found = this.find(value, [step], -1);
            if (found >= 0) {
                return this.find(value, [step, ...rest], found);
            }
        }
        return undefined;
    }

    private position(index: number): number | undefined {
        const event = this.events[index];
        return event && positionOf(event);
    }

    private scalar(index: number): string | undefined {
        const event = this.events[index];
        return event?.type === EVENT_ID.SCALAR ? getScalarValue(this.text, event) : undefined;
    }

    /** The nodes right below a collection; keys and values alternate in a mapping. */
    private children(index: number): readonly number[] {
        const found: number[] = [];
        let at = index + 1;
        while (at < this.events.length && this.events[at]?.type !== EVENT_ID.POP) {
            found.push(at);
            at = this.after(at);
        }
        return found;
    }

    /** The index after a node and all that is in it. */
    private after(index: number): number {
        let depth = 0;
        let at = index;
        do {
            const type = this.events[at]?.type;
            if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) {
                depth += 1;
            } else if (type === EVENT_ID.POP) {
                depth -= 1;
            }
            at += 1;
        } while (depth > 0 && at < this.events.length);
        return at;
    }

    /** The node with that anchor, the last before an alias to it. */
    private anchored(name: string, before: number): number | undefined {
        for (let index = before - 1; index > this.start; index--) {
            const event = this.events[index];
            const isNode = event && "tagStart" in event && event.anchorStart >= 0;
            if (isNode && this.text.slice(event.anchorStart, event.anchorEnd) === name) {
                // A node that is not over yet holds the alias itself.
                return this.after(index) <= before ? index : undefined;
            }
        }
        return undefined;
    }
}
