import assert from "node:assert/strict";

/** An element as the reader below sees it. */
export interface XmlElement {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly children: readonly XmlElement[];
    readonly text: string;
}

const allowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const references: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(text: string): string {
    assert.ok(!text.includes("<"), "no bare <");
    const plain = text.replace(/&(?:#(\d+)|(\w+));/g, (_, number: string | undefined, name: string | undefined) => {
        const character = number === undefined ? references[name ?? ""] : String.fromCodePoint(Number(number));
        assert.ok(character !== undefined && allowed.test(character), `&${number ?? name};`);
        return character;
    });
    assert.ok(!/&(?!#\d+;|\w+;)/.test(text), "no bare &");
    return plain;
}

/** A strict reader of the XML that the reports use: elements, attributes and text; everything else is an error. */
export function readXml(source: string): XmlElement {
    assert.match(source, allowed, "only characters of XML 1.0");
    const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
    assert.ok(source.startsWith(declaration), "a declaration");
    let at = declaration.length;
    const take = (pattern: RegExp): RegExpExecArray | undefined => {
        const sticky = new RegExp(pattern, "y");
        sticky.lastIndex = at;
        const found = sticky.exec(source);
        at += found?.[0].length ?? 0;
        return found ?? undefined;
    };
    const element = (): XmlElement => {
        const name = take(/<([a-z][a-z-]*)/)?.[1];
        assert.ok(name, `an element at ${at}: ${JSON.stringify(source.slice(at, at + 40))}`);
        const attributes: Record<string, string> = {};
        for (let found = take(/ ([a-z]+)="([^"\n\t]*)"/); found; found = take(/ ([a-z]+)="([^"\n\t]*)"/)) {
            assert.ok(!(found[1]! in attributes), `${found[1]} once`);
            attributes[found[1]!] = decoded(found[2]!);
        }
        if (take(/\/>/)) {
            return { name, attributes, children: [], text: "" };
        }
        assert.ok(take(/>/), `the end of the tag ${name} at ${at}`);
        const children: XmlElement[] = [];
        let text = "";
        while (!take(new RegExp(`</${name}>`))) {
            const found = take(/[^<]+/);
            if (found) {
                text += decoded(found[0]);
            } else {
                children.push(element());
            }
        }
        return { name, attributes, children, text };
    };
    const root = element();
    assert.equal(source.slice(at).trim(), "", "nothing after the root");
    return root;
}

/** Attributes and children of each element, as Jenkins' junit-10.xsd has them; `!` marks what is required. */
const junit: Readonly<
    Record<string, { readonly attributes: readonly string[]; readonly children: readonly string[]; readonly text?: true }>
> = {
    testsuites: { attributes: ["name", "time", "tests", "failures", "errors"], children: ["testsuite"] },
    testsuite: {
        attributes: [
            "name!",
            "tests!",
            "failures!",
            "errors!",
            "skipped",
            "time",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "url",
        ],
        children: ["testsuite", "properties", "testcase", "system-out", "system-err"],
    },
    testcase: {
        attributes: ["name!", "time", "classname", "group"],
        children: ["skipped", "error", "failure", "system-out", "system-err"],
    },
    failure: { attributes: ["type", "message"], children: [], text: true },
    error: { attributes: ["type", "message"], children: [], text: true },
    skipped: { attributes: ["type", "message"], children: [], text: true },
    "system-out": { attributes: [], children: [], text: true },
};

/** Asserts that an element and all below it are what JUnit's readers take. */
export function assertJunit({ name, attributes, children, text }: XmlElement): void {
    const shape = junit[name];
    assert.ok(shape, `${name} is known`);
    const known = shape.attributes.map((one) => one.replace("!", ""));
    assert.deepEqual(
        Object.keys(attributes).filter((one) => !known.includes(one)),
        [],
        `attributes of ${name}`,
    );
    for (const required of shape.attributes.filter((one) => one.endsWith("!"))) {
        assert.ok(required.slice(0, -1) in attributes, `${required} of ${name}`);
    }
    assert.ok(shape.text ?? text.trim() === "", `no text in ${name}`);
    for (const child of children) {
        assert.ok(shape.children.includes(child.name), `${child.name} in ${name}`);
        assertJunit(child);
    }
}
