/** An element of XML. */
export interface Element {
    readonly name: string;
    readonly attributes?: Readonly<Record<string, string | number>>;
    /** Elements, or a text. */
    readonly content?: readonly Element[] | string;
}

/** What XML 1.0 cannot hold, not even as a reference to it: most control characters, and halves of characters. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const references: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escapedText = (text: string): string =>
    text
        .replace(forbidden, "\ufffd")
        .replace(/[&<>"]/g, (character) => references[character] ?? character)
        // A parser would turn it into a line feed.
        .replace(/\r/g, "&#13;");

/** In an attribute a parser would turn line feeds and tabs into blanks. */
const escapedAttribute = (text: string): string => escapedText(text).replace(/\n/g, "&#10;").replace(/\t/g, "&#9;");

function written({ name, attributes = {}, content = [] }: Element, indent: string): string {
    const opening = `${indent}<${name}${Object.entries(attributes)
        .map(([key, value]) => ` ${key}="${escapedAttribute(String(value))}"`)
        .join("")}`;
    if (content.length === 0) {
        return `${opening}/>\n`;
    }
    if (typeof content === "string") {
        return `${opening}>${escapedText(content)}</${name}>\n`;
    }
    return `${opening}>\n${content.map((element) => written(element, `${indent}  `)).join("")}${indent}</${name}>\n`;
}

/** A document of XML. Names are written as they are given; texts and values may hold anything. */
export const xmlDocument = (root: Element): string => `<?xml version="1.0" encoding="UTF-8"?>\n${written(root, "")}`;
