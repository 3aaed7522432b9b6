import { createHash, createHmac, randomBytes } from "node:crypto";
import { encodings, keyRuns, mapKeyRuns, shortest, writings } from "./forms";

/** What every line of a key's stand-in begins with. No encoder of keys makes it: 20 bytes of ASN.1 do not begin so. */
export const keyMark = "blinded+";

/** Shorter runs of a key have no room for the mark; they say little of the key, and may occur by chance. */
export const markedRun = 20;

/** A shorter one could be told from the text around it only by chance. */
const shortestStandIn = 12;

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const hashes = ["md5", "sha1", "sha256", "sha512"] as const;
const digestEncodings = ["hex", "base64", "base64url"] as const;

const digests = hashes.flatMap((hash) =>
    digestEncodings.map((encoding) => (text: string): string => createHash(hash).update(text).digest(encoding)),
);

const unpadded = (text: string): string => text.replace(/=+$/, "");

/**
 * What stands for each secret: the same text for the same secret for as long as this object lives, and nothing from which
 * the secret could be told. The key is made up here and never written down.
 */
export class StandIns {
    private readonly key = randomBytes(32);
    /** Exact texts, of any length, to their stand-ins. */
    private readonly exact = new Map<string, string>();
    /** What occurs as a part of other texts. */
    private readonly parts = new Map<string, string>();
    /** What occurs as a word: lines of keys, digests of secrets. */
    private readonly words = new Map<string, string>();
    private pattern: RegExp | undefined;

    /** Takes note of a secret: from now on it is found in all its forms. */
    add(secret: string): void {
        const text = secret.trim();
        if (text === "" || this.exact.has(text)) {
            return;
        }
        const standIn = this.of(text);
        this.exact.set(text, standIn);
        const inside = (whole: string): readonly [string, string] => [whole, whole.replace(text, () => standIn)];
        for (const run of keyRuns(text).filter((line) => line.length >= markedRun)) {
            this.words.set(run, this.keyRun(run));
        }
        if (text.length >= shortest) {
            for (const write of writings) {
                this.parts.set(write(text), write(standIn));
            }
        }
        for (const encode of text.length >= shortest ? [...encodings, ...digests] : digests) {
            for (const [from, to] of [text, `${text}\n`, secret].map(inside)) {
                this.addWord(encode(from), encode(to));
            }
        }
        this.pattern = undefined;
    }

    /** The first one stays: two encodings of a text may be the same where those of its stand-in are not. */
    private addWord(word: string, standIn: string): void {
        const [from, to] = [unpadded(word), unpadded(standIn)];
        this.words.set(from, this.words.get(from) ?? to);
    }

    /** All secrets that were taken note of. */
    secrets(): readonly string[] {
        return [...this.exact.keys()];
    }

    /** The stand-in of a text that is a secret as a whole, white space around it aside. */
    exactly(text: string): string | undefined {
        const standIn = this.exact.get(text.trim());
        return standIn === undefined ? undefined : text.replace(text.trim(), () => standIn);
    }

    word(word: string): string | undefined {
        const [, body = "", padding = ""] = /^(.*?)(=*)$/.exec(word) ?? [];
        const standIn = this.words.get(body);
        return standIn === undefined ? undefined : standIn + padding;
    }

    /** A text cut where a secret or a private key stands in it; each such part comes with what to put there. */
    cut(text: string): readonly { readonly text: string; readonly standIn?: string }[] {
        this.pattern ??= patternOf([...this.parts.keys()]);
        const pieces: { text: string; standIn?: string }[] = [];
        let end = 0;
        for (const match of text.matchAll(this.pattern)) {
            pieces.push({ text: text.slice(end, match.index) });
            pieces.push({ text: match[0], standIn: this.parts.get(match[0]) ?? this.keys(match[0]) });
            end = match.index + match[0].length;
        }
        return [...pieces, { text: text.slice(end) }].filter((piece) => piece.text !== "");
    }

    /**
     * A text of the same kind and length for a secret, without taking note of it. A private key keeps its frame and the
     * length of its lines, since programs look at them, but is no key any more.
     */
    of(secret: string): string {
        if (keyRuns(secret).length > 0) {
            return this.keys(secret);
        }
        const bytes = this.bytes(secret, secret.length);
        const uuid = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/;
        if (uuid.test(secret)) {
            return bytes.toString("hex").slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
        }
        if (/^([0-9a-f]{2}){4,}$/.test(secret)) {
            return bytes.toString("hex").slice(0, secret.length);
        }
        // Only what no plain word is: a word of letters and digits is as good base64 as any.
        if (/^(?=.*[+/=])([A-Za-z0-9+/]{4}){4,}$|^[A-Za-z0-9+/]{12,}={1,2}$/.test(secret) && secret.length % 4 === 0) {
            return bytes.subarray(0, Buffer.from(secret, "base64").length).toString("base64");
        }
        const characters = this.bytes(secret, Math.max(secret.length, shortestStandIn));
        return [...characters].map((byte) => alphanumeric[byte % alphanumeric.length]).join("");
    }

    private keys(block: string): string {
        return mapKeyRuns(block, (run) => this.keyRun(run));
    }

    private keyRun(run: string): string {
        const [, body = "", padding = ""] = /^(.*?)(=*)$/.exec(run) ?? [];
        const mark = run.length >= markedRun ? keyMark : "";
        const rest = this.bytes(run, body.length).toString("base64");
        return (mark + rest).slice(0, body.length) + padding;
    }

    /** As many bytes as asked for, that only the text and the key decide. */
    private bytes(text: string, length: number): Buffer {
        const blocks = Array.from({ length: Math.ceil(length / 64) + 1 }, (_, index) =>
            createHmac("sha512", this.key).update(`${index} ${text}`).digest(),
        );
        return Buffer.concat(blocks).subarray(0, length);
    }
}

/** Longer ones first, so that a secret within another does not hide it; then keys that nobody took note of. */
function patternOf(parts: readonly string[]): RegExp {
    const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    const literals = [...parts].sort((a, b) => b.length - a.length).map(escaped);
    const block = "-----BEGIN (?:[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----[^]*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----";
    return new RegExp([...literals, block].join("|"), "g");
}
