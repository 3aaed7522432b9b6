import { containerRule, fault, must, objectRule, resourceRule } from "../core/define";
import { Path } from "../core/opaque";
import { Fault, Rule, RuleText } from "../core/rule";
import { Subject } from "../core/subject";
import { fieldsOf, listOf, textOf } from "../values";
import { isNamedSecret, Leaf, leaves, secretShape } from "./recognise";

/** What is wrong with a text under a name. The text itself is never said. */
function found(name: string, text: string, at: Path): readonly Fault[] {
    const shape = secretShape(text);
    if (shape !== undefined) {
        return [fault(at, `holds ${shape}`)];
    }
    return must(!isNamedSecret(name, text), at, "holds a literal value, by its name a secret");
}

/** An option, and its value where that is part of the word: `--db-password=...`. */
const option = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s;

/** What is wrong with the words of a command. A word after an option that has no value yet is taken for that. */
function foundInWords(words: readonly Pick<Leaf, "at" | "text">[]): readonly Fault[] {
    return words.flatMap(({ at, text }, index) => {
        const [, own = "", value] = option.exec(text) ?? [];
        if (value !== undefined) {
            return found(own, value, at);
        }
        const [, before = "", taken] = option.exec(words[index - 1]?.text ?? "") ?? [];
        return found(taken === undefined && !text.startsWith("-") ? before : "", text, at);
    });
}

/** Properties of providers' resources that hold secrets, beside those that their names tell. */
const secretProperties: Readonly<Record<string, readonly string[]>> = {
    "random:index/randomPassword:RandomPassword": ["result", "bcryptHash"],
    "random:index/randomBytes:RandomBytes": ["base64", "hex"],
    "tls:index/privateKey:PrivateKey": ["privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"],
};

/** Names of properties of a checkpoint that hold secrets, exactly: what only ends so may be a reference to one. */
const secretProperty = /^(?:password|passphrase|privateKey(?:Pem|Openssh)?|token|clientSecret|accessKey|secretKey)$/;

/** What of a subject a checkpoint holds. */
function stored(subject: Subject): readonly Leaf[] {
    if (subject.kind === "object") {
        return leaves(subject.object);
    }
    return [...leaves(subject.inputs), ...leaves(subject.outputs, ["outputs"])];
}

function clear(subject: Subject, { at, name, text }: Leaf): readonly Fault[] {
    const shape = secretShape(text);
    if (shape !== undefined) {
        return [fault(at, `holds ${shape}`)];
    }
    const secret =
        subject.kind === "object"
            ? subject.object.kind === "Secret" && (at[0] === "data" || at[0] === "stringData")
            : secretProperty.test(name) || (secretProperties[subject.type] ?? []).includes(name);
    return must(text === "" || !secret, at, "is not encrypted");
}

const checkpointText: RuleText = {
    id: "FJ-SEC-007",
    title: "The checkpoint holds no secret in clear",
    severity: "critical",
    why: "Checkpoints are copied to backups and pasted into tickets; a key in one has been handed out.",
    mend: "Make the value a secret (pulumi.secret, config set --secret), run pulumi up, and change what was in clear.",
    references: [
        { of: "Kubescape", id: "C-0012" },
        { of: "upstream", id: "https://www.pulumi.com/docs/iac/concepts/secrets/" },
    ],
};

export const clearTextRules: readonly Rule[] = [
    containerRule(
        {
            id: "FJ-SEC-005",
            title: "No container has a secret written into its environment or arguments",
            severity: "high",
            why: "It lies in Git, in etcd and in every process listing, and cannot be changed without a rollout.",
            mend: "Seal it (npm run seal) and mount the Secret as a file; where only a variable will do, use secretKeyRef.",
            references: [{ of: "CIS Kubernetes 1.12", id: "5.4.1" }, { of: "Kubescape", id: "C-0012" }],
        },
        ({ at: path, spec }) => [
            ...listOf(spec.env).flatMap((entry, index) => {
                const { name, value } = fieldsOf(entry);
                return found(textOf(name) ?? "", textOf(value) ?? "", [...path, "env", index, "value"]);
            }),
            // One command to the container, whichever field a word of it is in.
            ...foundInWords(
                (["command", "args"] as const).flatMap((field) =>
                    listOf(spec[field]).map((word, index) => ({ at: [...path, field, index], text: textOf(word) ?? "" })),
                ),
            ),
        ],
    ),
    objectRule(
        ["/ConfigMap"],
        {
            id: "FJ-SEC-006",
            title: "No ConfigMap holds a secret",
            severity: "high",
            why: "A ConfigMap is not encrypted in etcd, and far more may read it than may read a Secret.",
            mend: "Move the value into a Secret that a SealedSecret becomes (npm run seal), and change it.",
            references: [{ of: "Kubescape", id: "C-0012" }],
        },
        (object) => {
            const data = fieldsOf(object["data"]);
            return Object.keys(data).flatMap((key) => found(key, textOf(data[key]) ?? "", ["data", key]));
        },
    ),
    {
        ...checkpointText,
        appliesTo: "everything in a checkpoint",
        sources: ["state"],
        needsSurroundings: false,
        applies: () => true,
        check: (subject) => stored(subject).flatMap((leaf) => clear(subject, leaf)),
    },
    resourceRule(
        /^command:(?:remote|local):Command$/,
        {
            id: "FJ-SEC-008",
            title: "Commands print no output into the log of a run",
            severity: "medium",
            why: "What a script prints, a token among it, stands in the log of every pipeline that ran it.",
            mend: "Set logging: none on the command; fjord's own steps (components/remote/step.ts) have it.",
            references: [{ of: "fjord", id: "README, Architecture" }],
        },
        ({ type, inputs }) => {
            const logging = textOf(inputs["logging"]) ?? "left out";
            // What runs on the operator's own machine may say there why it failed.
            const quiet = logging === "none" || (logging === "stderr" && type.startsWith("command:local:"));
            return must(quiet, ["logging"], `is ${logging}`);
        },
    ),
    containerRule(
        {
            id: "FJ-SEC-010",
            title: "Secrets reach a container as files",
            severity: "low",
            why: "A variable is handed on to every child and into every crash report; a file is neither.",
            mend: "Mount the Secret as a volume and give the program the path, in place of secretKeyRef and envFrom.secretRef.",
            references: [{ of: "CIS Kubernetes 1.12", id: "5.4.1" }, { of: "Checkov", id: "CKV_K8S_35" }],
        },
        ({ at: path, spec }) => [
            ...listOf(spec.env).flatMap((entry, index) => {
                const { valueFrom } = fieldsOf(entry);
                return must(fieldsOf(valueFrom)["secretKeyRef"] === undefined, [...path, "env", index], "takes a Secret in");
            }),
            ...listOf(spec.envFrom).flatMap((entry, index) =>
                must(fieldsOf(entry)["secretRef"] === undefined, [...path, "envFrom", index], "takes all of a Secret in"),
            ),
        ],
    ),
];
