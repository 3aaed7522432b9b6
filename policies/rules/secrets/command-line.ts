import { containerRule, must } from "../core/define";
import { Path } from "../core/opaque";
import { at, Container } from "../core/pods";
import { Fault, Rule } from "../core/rule";
import { fieldsOf, listOf, textOf } from "../values";
import { processesOf, scriptIn, variablesIn } from "./shell";

/** The variables that Kubernetes fills in, in a command or in another variable; `$$(NAME)` is no variable. */
const filledIn = (text: string): readonly string[] => [...text.matchAll(/\$\$|\$\(([^)]+)\)/g)].flatMap(([, name]) => name ?? []);

/** What is known of a container's variables. */
interface Variables {
    /** Those whose values come from a Secret, also by way of another variable. */
    readonly secret: ReadonlySet<string>;
    readonly others: ReadonlySet<string>;
    /** Whether the container takes whole Secrets in, and nothing else whole: then they have the names that it does not say. */
    readonly unnamed: boolean;
}

function variablesOf({ spec }: Container): Variables {
    const secret = new Set<string>();
    const others = new Set<string>();
    for (const entry of listOf(spec.env)) {
        const { name, value, valueFrom } = fieldsOf(entry);
        const key = textOf(name) ?? "";
        const isSecret =
            fieldsOf(valueFrom)["secretKeyRef"] !== undefined || filledIn(textOf(value) ?? "").some((one) => secret.has(one));
        (isSecret ? others : secret).delete(key);
        (isSecret ? secret : others).add(key);
    }
    const whole = listOf(spec.envFrom);
    return { secret, others, unnamed: whole.length > 0 && whole.every((entry) => fieldsOf(entry)["secretRef"] !== undefined) };
}

/** Words of a command that a container runs, each with its place. */
type Words = readonly { readonly at: Path; readonly text: string }[];

const wordsAt = (value: unknown, path: Path, where: Path): Words =>
    listOf(at(value, path)).map((word, index) => ({ at: [...where, ...path, index], text: textOf(word) ?? "" }));

/** What is run in a container beside its own command. Kubernetes fills no variables into these; a shell does. */
const hooks: readonly Path[] = [
    ["startupProbe", "exec", "command"],
    ["livenessProbe", "exec", "command"],
    ["readinessProbe", "exec", "command"],
    ["lifecycle", "postStart", "exec", "command"],
    ["lifecycle", "preStop", "exec", "command"],
];

/** The names that the script among the words shows to whoever lists processes, by the script's index. */
function shownByShell(words: Words): { readonly index: number; readonly names: readonly string[] } | undefined {
    const index = scriptIn(words.map(({ text }) => text));
    const script = index === undefined ? undefined : words[index];
    return index === undefined || script === undefined
        ? undefined
        : { index, names: processesOf(script.text).flatMap((process) => process.flatMap(variablesIn)) };
}

function shown(words: Words, { secret, others, unnamed }: Variables, isFilledIn: boolean): readonly Fault[] {
    const byShell = shownByShell(words);
    return words.flatMap(({ at: where, text }, index) => {
        const byKubernetes = isFilledIn ? filledIn(text) : [];
        const names = [
            ...byKubernetes.filter((name) => unnamed && /^[A-Z][A-Z0-9_]*$/.test(name) && !others.has(name)),
            ...[...byKubernetes, ...(byShell?.index === index ? byShell.names : [])].filter((name) => secret.has(name)),
        ];
        return must(names.length === 0, where, `shows ${[...new Set(names)].join(", ")}, which comes from a Secret`);
    });
}

export const commandLineRules: readonly Rule[] = [
    containerRule(
        {
            id: "FJ-SEC-012",
            title: "No list of processes shows a secret",
            severity: "medium",
            why: "Arguments of a process can be read by every process beside it and by all that look at the node, and end up in logs.",
            mend: "Let the program read the variable itself, or give it the secret as a file or through its input.",
            references: [
                { of: "upstream", id: "https://cwe.mitre.org/data/definitions/214.html" },
                { of: "upstream", id: "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/" },
            ],
        },
        (container) => {
            const variables = variablesOf(container);
            if (variables.secret.size === 0 && !variables.unnamed) {
                return [];
            }
            const { at: path, spec } = container;
            const main = [...wordsAt(spec, ["command"], path), ...wordsAt(spec, ["args"], path)];
            return [
                ...shown(main, variables, true),
                ...hooks.flatMap((hook) => shown(wordsAt(spec, hook, path), variables, false)),
            ];
        },
    ),
];
