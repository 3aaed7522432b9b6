import { isFields } from "../../policies/rules/values";
import { bornSecrets, Exported, referredStacks, secretIn, secretOf, textsIn } from "./checkpoint";
import { base64, fromBase64, jsonText, keyRuns, shortest } from "./forms";
import { findLeaks } from "./leaks";
import { cutPublic, PublicTexts } from "./public-texts";
import { markedRun, StandIns } from "./stand-ins";

/** A stack with its secrets in clear. */
export interface ClearStack {
    readonly stack: string;
    readonly exported: Exported;
    /** Secrets of its configuration, by the text that stands for them in its file (`secure:`). */
    readonly config: Readonly<Record<string, string>>;
}

/** A stack without its secrets. */
export interface BlindedStack {
    readonly stack: string;
    /** For `pulumi stack import`, once a secrets provider is named in it. */
    readonly exported: Exported;
    /** By the same texts: what to take for them. */
    readonly config: Readonly<Record<string, string>>;
}

/**
 * Puts stand-ins in place of all secrets of stacks that belong together, the same for the same secret, so that their
 * program makes the same of the stand-ins as it made of the secrets: a preview shows what it would show.
 *
 * @param written texts of the repository, and what follows from them: what may stay in a value that is secret as a whole.
 * @throws where a secret would be left
 */
export function blind(stacks: readonly ClearStack[], written: readonly string[]): readonly BlindedStack[] {
    refuseUnknownReferences(stacks);
    const published = stacks.flatMap(({ exported }) => textsIn(exported.deployment, "without secrets"));
    const known = new PublicTexts(written, published);
    const standIns = new StandIns();
    const atoms = [
        ...stacks.flatMap(({ exported }) => bornSecrets(exported)).filter((text) => !known.isWritten(text)),
        ...stacks.flatMap(({ config }) => Object.values(config)),
    ];
    atoms.forEach((text) => standIns.add(text));
    // The first time finds what is secret beside those, the second replaces it wherever it stands.
    const first = new Blinder(standIns, known);
    stacks.forEach((stack) => first.stack(stack));
    first.replaced.forEach((text) => standIns.add(text));
    const second = new Blinder(standIns, known);
    const blinded = stacks.map((stack) => second.stack(stack));
    const leaks = findLeaks(blinded, [...new Set([...standIns.secrets(), ...second.replaced, ...keysIn(stacks)])]);
    if (leaks.length > 0) {
        throw new Error(`secrets would be left, so nothing is written:\n  ${leaks.join("\n  ")}`);
    }
    return blinded;
}

function refuseUnknownReferences(stacks: readonly ClearStack[]): void {
    const names = new Set(stacks.map(({ stack }) => stack.split("/").at(-1) ?? stack));
    for (const { stack, exported } of stacks) {
        const missing = referredStacks(exported).find((name) => !names.has(name));
        if (missing !== undefined) {
            throw new Error(
                `${stack} reads the stack ${missing}, whose secrets need the same stand-ins: ` +
                    `name both, --stack ${missing} --stack ${stack}`,
            );
        }
    }
}

/** Every private key of the stacks, wherever it stands. */
const keysIn = (stacks: readonly ClearStack[]): readonly string[] =>
    stacks
        .flatMap(({ exported, config }) => [...textsIn(exported.deployment, "with secrets"), ...Object.values(config)])
        .flatMap(keyRuns)
        .filter((line) => line.length >= markedRun);

/** A run of characters that may be a word, a path, a digest or base64. */
const run = /[A-Za-z0-9_+/-]{8,}={0,2}/g;

/** A secret that is shorter is replaced only where it is all there is: as a word it would occur by chance. */
const shortestWord = 3;

/** Shorter numbers are counts. */
const shortestNumber = 4;

class Blinder {
    /** What was neither known as a secret nor as public, and was taken for a secret. */
    readonly replaced = new Set<string>();

    constructor(
        private readonly standIns: StandIns,
        private readonly known: PublicTexts,
    ) {}

    stack({ stack, exported, config }: ClearStack): BlindedStack {
        const { secrets_providers: _, ...deployment } = exported.deployment;
        return {
            stack,
            exported: { version: exported.version, deployment: this.clear(deployment) as Exported["deployment"] },
            config: Object.fromEntries(
                Object.entries(config).map(([secure, text]) => [secure, this.standIns.exactly(text) ?? ""]),
            ),
        };
    }

    /** A value that is no secret as a whole. */
    private clear(value: unknown): unknown {
        if (typeof value === "string") {
            return this.text(value);
        }
        const secret = secretIn(value);
        return secret ? secretOf(this.secret(secret.value)) : this.parts(value, (part) => this.clear(part));
    }

    private secret(value: unknown): unknown {
        if (typeof value === "string") {
            return this.secretText(value);
        }
        if (typeof value === "number") {
            return this.secretNumber(value);
        }
        const inner = secretIn(value);
        return inner ? secretOf(this.secret(inner.value)) : this.parts(value, (part) => this.secret(part));
    }

    private parts(value: unknown, blinded: (part: unknown) => unknown): unknown {
        if (Array.isArray(value)) {
            return value.map(blinded);
        }
        return isFields(value)
            ? Object.fromEntries(Object.entries(value).map(([key, part]) => [this.text(key), blinded(part)]))
            : value;
    }

    /** A text that is no secret: only what is known as one is replaced in it. */
    private text(text: string): string {
        return this.around(text, (rest) => this.words(rest));
    }

    /** A text with the secrets in it replaced, and what is around them and not public by its form as `rest` makes it. */
    private around(text: string, rest: (text: string) => string): string {
        return cutPublic(text)
            .flatMap((piece) =>
                piece.isPublic ? [piece.text] : this.standIns.cut(piece.text).map((cut) => cut.standIn ?? rest(cut.text)),
            )
            .join("");
    }

    private words(text: string): string {
        const part = /[A-Za-z0-9+/]{8,}={0,2}/g;
        return text.replace(run, (word) => this.word(word) ?? word.replace(part, (inner) => this.word(inner) ?? inner));
    }

    /** What to put for a word that comes from a secret: its digest, a line of a key, or base64 with a secret in it. */
    private word(word: string): string | undefined {
        const inner = this.standIns.word(word) === undefined ? fromBase64(word) : undefined;
        if (inner === undefined) {
            return this.standIns.word(word);
        }
        const changed = this.text(inner);
        return changed === inner ? undefined : base64(changed);
    }

    /** A text that is a secret or inside one: only what is known as public stays. */
    private secretText(text: string): string {
        const exact = this.standIns.exactly(text);
        if (exact !== undefined) {
            return exact;
        }
        const holdsSecret = this.text(text) !== text;
        if (!holdsSecret && this.known.isWritten(text)) {
            return text;
        }
        const json = jsonText(text);
        if (json) {
            return json.write(this.secret(json.value));
        }
        const inner = fromBase64(text);
        if (inner !== undefined) {
            return base64(this.secretText(inner));
        }
        if (!holdsSecret) {
            return this.known.has(text) ? text : this.replace(text);
        }
        return this.around(text, (rest) => this.rest(rest));
    }

    /** What is left of a text around the secrets in it: its words stay where they are public. */
    private rest(text: string): string {
        return text.replace(/[A-Za-z0-9_+/-]+={0,2}/g, (word) => {
            const changed = this.words(word);
            if (changed !== word) {
                return changed;
            }
            if (word.length < shortest) {
                return (word.length >= shortestWord ? this.standIns.exactly(word) : undefined) ?? word;
            }
            return this.known.hasWord(word) ? word : this.replace(word);
        });
    }

    private secretNumber(value: number): number {
        const digits = String(value);
        const isSecret = digits.length >= shortestWord && this.standIns.exactly(digits) !== undefined;
        if (!isSecret && (digits.length < shortestNumber || this.known.has(digits))) {
            return value;
        }
        this.replaced.add(digits);
        return Number.parseInt(Buffer.from(this.standIns.of(digits)).toString("hex").slice(0, 12), 16);
    }

    private replace(text: string): string {
        const secret = text.trim();
        this.replaced.add(secret);
        return text.replace(secret, () => this.standIns.of(secret));
    }
}
