/** Commands that a shell runs itself: they start no process, so no list of processes shows what follows them. */
const builtins: ReadonlySet<string> = new Set(
    (
        ": . [ [[ alias break case cd continue declare echo eval exit export false for function getopts hash kill let local " +
        "mapfile printf pwd read readonly return select set shift source test times trap true type typeset ulimit umask unset wait"
    ).split(" "),
);

/** Words that stand before a command and are none. */
const openers: ReadonlySet<string> = new Set("! { builtin command do elif else exec if then time until while".split(" "));

/** What stands in a document in the script goes to a program's input. */
const hereDocument = /(?<!<)<<-?[ \t]*(["']?)([\w-]+)\1([^\n]*)\n(?:[^]*?\n)??[ \t]*\2[ \t]*(?=\n|$)/g;

/** A command whose words are being read, and what ends it. */
interface Frame {
    words: string[];
    word?: string;
    quote: "" | "'" | '"';
    readonly end: "" | ")" | "`";
}

/**
 * The commands of a script for `sh -c`, each as its words, those inside of substitutions too. Quotes are taken away, and with
 * them each `$` that expands nothing. It reads what people write into manifests, and not all of the shell's grammar.
 */
function commandsOf(written: string): readonly (readonly string[])[] {
    const script = written.replace(hereDocument, "$3");
    const commands: (readonly string[])[] = [];
    const outer: Frame[] = [];
    let frame: Frame = { words: [], quote: "", end: "" };
    const add = (text: string): void => void (frame.word = (frame.word ?? "") + text);
    const endWord = (): void => {
        if (frame.word !== undefined) {
            frame.words.push(frame.word);
        }
        delete frame.word;
    };
    const endCommand = (): void => {
        endWord();
        commands.push(frame.words);
        frame.words = [];
    };
    const enter = (end: Frame["end"]): void => {
        outer.push(frame);
        frame = { words: [], quote: "", end };
    };
    for (let index = 0; index < script.length; index += 1) {
        const character = script[index]!;
        const next = script[index + 1] ?? "";
        if (frame.quote === "'") {
            if (character === "'") {
                frame.quote = "";
            } else {
                add(character === "$" ? "" : character);
            }
        } else if (character === "\\") {
            index += 1;
            if (next !== "\n") {
                add(next === "$" ? "" : next);
            }
        } else if (character === '"' || (character === "'" && frame.quote === "")) {
            frame.quote = frame.quote === character ? "" : character;
            add("");
        } else if (character === "$" && next === "(") {
            index += 1;
            add("");
            enter(")");
        } else if (character === frame.end && frame.quote === "") {
            endCommand();
            frame = outer.pop() ?? frame;
        } else if (character === "`") {
            add("");
            enter("`");
        } else if (character === "$" && next === "{") {
            const end = script.indexOf("}", index);
            add(script.slice(index, end + 1 || script.length));
            index = end < 0 ? script.length : end;
        } else if (frame.quote === '"') {
            add(character);
        } else if (character === "#" && frame.word === undefined) {
            const end = script.indexOf("\n", index);
            index = (end < 0 ? script.length : end) - 1;
        } else if (character === "<" || character === ">") {
            // The number before it is no word, and what comes after is a file's name or a number.
            if (/^\d+$/.test(frame.word ?? "")) {
                delete frame.word;
            }
            endWord();
            const [operator = ""] = /^[<>&|]+/.exec(script.slice(index)) ?? [];
            add(operator);
            index += operator.length - 1;
        } else if (character === "(") {
            endCommand();
            enter(")");
        } else if (/[\n;&|)]/.test(character)) {
            endCommand();
        } else if (/\s/.test(character)) {
            endWord();
        } else {
            add(character);
        }
    }
    for (let open: Frame | undefined = frame; open; open = outer.pop()) {
        frame = open;
        endCommand();
    }
    return commands;
}

/** Words without what is redirected. */
const withoutRedirections = (words: readonly string[]): readonly string[] =>
    words.filter((word, index) => !/^[<>]/.test(word) && !/^[<>&|]+$/.test(words[index - 1] ?? ""));

/** The processes that a script for `sh -c` starts, each as the words that a list of processes shows, before they are expanded. */
export function processesOf(script: string): readonly (readonly string[])[] {
    return commandsOf(script).flatMap((command) => {
        const words = withoutRedirections(command);
        const first = words.findIndex((word) => !openers.has(word) && !/^\w+\+?=/.test(word));
        const program = words[first];
        return program === undefined || builtins.has(program) ? [] : [words.slice(first)];
    });
}

/** The variables whose values a word shows once a shell has expanded it. */
export function variablesIn(word: string): readonly string[] {
    // Neither the length of a value nor the word that stands in for one shows the value.
    const found = word.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?!:?\+)[^}]*\})/g);
    return [...found].flatMap(([, plain, braced]) => plain ?? braced ?? []);
}

const shells: readonly string[] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/** The index of the word that a shell takes for a script (`sh -ec 'script'`); undefined where there is none. */
export function scriptIn(words: readonly string[]): number | undefined {
    const shell = words.findIndex((word) => shells.includes(word.split("/").at(-1) ?? ""));
    for (let index = shell + 1; shell >= 0 && /^[-+]/.test(words[index] ?? ""); index += 1) {
        if (/^-\w*c\w*$/.test(words[index]!)) {
            return index + 1 < words.length ? index + 1 : undefined;
        }
        // `-o pipefail`: an option with a word of its own.
        index += /^[-+]\w*o$/.test(words[index]!) ? 1 : 0;
    }
    return undefined;
}
