/** An element of an XML document. Attributes and text are plain: they are escaped when the document is written. */
export interface XmlElement {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string | number>>;
    /** Either elements or one text. */
    readonly content: readonly XmlElement[] | string;
}

/** An element with elements in it; those that are undefined are left out. */
export function element(
    name: string,
    attributes: XmlElement["attributes"] = {},
    children: readonly (XmlElement | undefined)[] = [],
): XmlElement {
    return { name, attributes, content: children.filter((child) => child !== undefined) };
}

/** An element with a text in it. */
export function textElement(
    name: string,
    text: string | number,
    attributes: XmlElement["attributes"] = {},
): XmlElement {
    return { name, attributes, content: String(text) };
}

/** Characters that XML 1.0 cannot hold, not even escaped (section 2.2), and halves of surrogate pairs. */
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** White space but the blank is written by number: a parser would turn it into blanks or other line ends. */
const special = /[&<>"'\t\n\r]/g;

const named: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
};

/** A text as it stands in an attribute or in an element. */
function escape(text: string): string {
    if (forbidden.test(text)) {
        throw new Error(`${JSON.stringify(text)} has a character that XML cannot hold: leave control characters out`);
    }
    return text.replaceAll(special, (one) => named[one] ?? `&#${one.charCodeAt(0)};`);
}

/** The document, indented by two blanks a level. */
export function renderXml(root: XmlElement, indent = ""): string {
    const attributes = Object.entries(root.attributes)
        .map(([name, value]) => ` ${name}='${escape(String(value))}'`)
        .join("");
    const open = `${indent}<${root.name}${attributes}`;
    if (typeof root.content === "string") {
        return `${open}>${escape(root.content)}</${root.name}>\n`;
    }
    if (root.content.length === 0) {
        return `${open}/>\n`;
    }
    const children = root.content.map((child) => renderXml(child, `${indent}  `)).join("");
    return `${open}>\n${children}${indent}</${root.name}>\n`;
}
