/** Private keys in PEM, wherever they stand in a text: also indented, in one line, or with their line ends escaped. */
export const privateKeyBlock = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----([^]*?)-----END \1-----/g;

/** What separates the lines of a key: white space, or its escapes at any depth. */
const lineEnd = /((?:\\+[nrt]|[\s\\])+)/;

/** The same blocks with every run of the body's characters mapped; frame and line ends stay. */
export function mapKeyRuns(block: string, map: (run: string) => string): string {
    return block.replace(privateKeyBlock, (whole, _label: string, body: string) => {
        const mapped = body
            .split(lineEnd)
            .map((part, index) => (index % 2 === 0 && part !== "" ? map(part) : part))
            .join("");
        const start = whole.indexOf(body, "-----BEGIN -----".length);
        return whole.slice(0, start) + mapped + whole.slice(start + body.length);
    });
}

/** The runs of characters in the bodies of a text's private keys. */
export function keyRuns(text: string): readonly string[] {
    const runs: string[] = [];
    mapKeyRuns(text, (run) => {
        runs.push(run);
        return run;
    });
    return runs;
}

export const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

/** What a base64 text holds, if it is one as encoders write it and holds text. */
export function fromBase64(text: string): string | undefined {
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
        return undefined;
    }
    const bytes = Buffer.from(text, "base64");
    const plain = bytes.toString("utf8");
    return bytes.toString("base64") === text && /^[\t\n\r\x20-\x7e\u00a0-\ud7ff]+$/.test(plain) ? plain : undefined;
}

const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);

const escapes: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };

/** As Go's encoder writes it. */
const goEscaped = (text: string): string => text.replace(/[<>&]/g, (character) => escapes[character] ?? character);

/** How a text looks as a part of other texts. Each form of a text turns into the same form of another. */
export const writings: readonly ((text: string) => string)[] = [
    (text) => text,
    jsonEscaped,
    (text) => goEscaped(jsonEscaped(text)),
    (text) => jsonEscaped(jsonEscaped(text)),
    (text) => jsonEscaped(goEscaped(jsonEscaped(text))),
    (text) => text.replaceAll("'", "'\\''"),
    (text) => text.replaceAll("'", "''"),
    encodeURIComponent,
];

/** How it looks where it has been encoded to a word. Where it was encoded together with other text, that has to be decoded. */
export const encodings: readonly ((text: string) => string)[] = [
    base64,
    (text) => Buffer.from(text, "utf8").toString("base64url"),
    (text) => Buffer.from(text, "utf8").toString("hex"),
];

/** Ways to write JSON of which a text may be the result. */
const encoders: readonly ((value: unknown) => string)[] = [
    (value) => JSON.stringify(value),
    (value) => goEscaped(JSON.stringify(value)),
    (value) => JSON.stringify(value, undefined, 2),
    (value) => JSON.stringify(value, undefined, 4),
];

/** A text that is JSON with parts, and how to write it again in the same way. */
export interface JsonText {
    readonly value: object;
    readonly write: (value: unknown) => string;
}

/** Reads a text as JSON, if it is an object or a list that can be written again character for character. */
export function jsonText(text: string): JsonText | undefined {
    const [, before = "", body = "", after = ""] = /^(\s*)([{[][^]*?)(\s*)$/.exec(text) ?? [];
    let value: unknown;
    try {
        value = JSON.parse(body);
    } catch {
        return undefined;
    }
    const encoder = encoders.find((write) => write(value) === body);
    return encoder && typeof value === "object" && value !== null
        ? { value, write: (changed) => before + encoder(changed) + after }
        : undefined;
}

/**
 * Pieces of the base64 of any text that holds this one: where it begins in the text decides which of three it is, and
 * its first and last characters depend on what stands around it.
 */
export function base64Pieces(text: string): readonly string[] {
    const bytes = Buffer.from(text, "utf8");
    return [0, 1, 2].map((offset) => {
        const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64").replace(/=+$/, "");
        return whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    });
}

/** What to search for to find a secret in any of its forms; nothing for a text so short that it occurs by chance. */
export function traces(secret: string): readonly string[] {
    const text = secret.trim();
    const whole = [...writings, ...encodings].map((write) => write(text).replace(/=+$/, ""));
    return [...new Set([...whole, ...base64Pieces(text)])].filter((form) => form.length >= shortest);
}

/** Shorter texts occur by chance. */
export const shortest = 8;
