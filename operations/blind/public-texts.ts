/** What is public by its form: certificates and the public halves of keys. */
const publicForm = new RegExp(
    [
        /-----BEGIN (CERTIFICATE|(?:[A-Z]+ )?PUBLIC KEY)-----[^]+?-----END \1-----/,
        /\b(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp\d+) AAAA[A-Za-z0-9+/=]+/,
    ]
        .map(({ source }) => source)
        .join("|"),
    "g",
);

/** A text cut into what is public by its form, and the rest. */
export function cutPublic(text: string): readonly { readonly text: string; readonly isPublic: boolean }[] {
    const pieces: { text: string; isPublic: boolean }[] = [];
    let end = 0;
    for (const match of text.matchAll(publicForm)) {
        pieces.push({ text: text.slice(end, match.index), isPublic: false }, { text: match[0], isPublic: true });
        end = match.index + match[0].length;
    }
    return [...pieces, { text: text.slice(end), isPublic: false }].filter((piece) => piece.text !== "");
}

export const withoutPublic = (text: string): string =>
    cutPublic(text)
        .map((piece) => (piece.isPublic ? " " : piece.text))
        .join("");

/** Sixteen characters without a break, letters and digits: a key, a token or a digest, and no word. */
const looksRandom = (text: string): boolean =>
    (text.match(/[A-Za-z0-9+/=_]{16,}/g) ?? []).some((run) => /\d/.test(run) && /[A-Za-z]/.test(run));

/** Whether a text stands in a longer one, and not as a part of a word. */
function standsIn(whole: string, text: string): boolean {
    const word = /[A-Za-z0-9]/;
    const joined = (inner: string, outer: string): boolean => word.test(inner) && word.test(outer);
    for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + 1)) {
        const before = whole.charAt(at - 1);
        const after = whole.charAt(at + text.length);
        if (!joined(text.charAt(0), before) && !joined(text.charAt(text.length - 1), after)) {
            return true;
        }
    }
    return false;
}

/**
 * What may stay in a value that is secret as a whole: a script with one secret parameter is secret in Pulumi's eyes, but
 * most of it is in the repository. Nothing is public that is not shown to be.
 */
export class PublicTexts {
    private readonly written: string;
    private readonly published: string;
    private readonly known = new Map<string, boolean>();

    /**
     * @param written what everybody reads who reviews: the texts of the repository, and what follows from them.
     * @param published texts that the checkpoint holds in clear. Good enough for words; a key or a token may be there
     *     by mistake.
     */
    constructor(written: readonly string[], published: readonly string[]) {
        this.written = written.join("\n");
        this.published = published.join("\n");
    }

    /** Whether the repository has it. */
    isWritten(text: string): boolean {
        const rest = withoutPublic(text).trim();
        return rest === "" || standsIn(this.written, rest);
    }

    has(text: string): boolean {
        const known = this.known.get(text);
        if (known !== undefined) {
            return known;
        }
        const rest = withoutPublic(text).trim();
        const found = this.isWritten(rest) || (!looksRandom(rest) && standsIn(this.published, rest));
        this.known.set(text, found);
        return found;
    }

    /** The same for one word of a longer text: it may also be put together of public words, as a path is. */
    hasWord(word: string): boolean {
        return (
            this.has(word) ||
            word.split(/[/_+=-]+/).every((part) => /^([a-z]{0,7}|[A-Z]{0,7}|\d{0,7})$/.test(part) || this.has(part))
        );
    }
}
