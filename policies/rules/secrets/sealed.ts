import { containerRule, fault, must, objectRule, publishedRule } from "../core/define";
import { at, groupKind } from "../core/pods";
import { Rule } from "../core/rule";
import { Fields, fieldsOf, listOf, textOf } from "../values";
import { secretShape } from "./recognise";

const sealedSecrets = { of: "upstream", id: "https://github.com/bitnami-labs/sealed-secrets" } as const;

const wideScopes = ["sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide"];

/** What kubeseal writes: an RSA block of 2048 bits at the least, and the sealed value behind it, in base64. */
const ciphertext = /^[A-Za-z0-9+/\s]{344,}={0,2}\s*$/;

/** `--key-renew-period=0`, also as two words or with a unit: the controller never makes a key. */
const neverRenews = /(?:^|\s)--?key-renew-period[= ]0(?:h|m|s)*(?:\s|$)/;

const isController = (image: string): boolean => /(?:^|\/)(?:bitnami-)?sealed-secrets-controller(?:[:@]|$)/.test(image);

/** `20260101` of `sealed-secrets-key-20260101`: names that carry a day can be put in order. */
const dayOf = (name: string): string | undefined => /(\d{8})$/.exec(name)?.[1];

/** A year, and some weeks to get round to it. */
const oldestKey = 400;

/** Days from a day without dashes to one with them. */
const daysBetween = (from: string, to: string): number =>
    Math.floor((Date.parse(to) - Date.parse(from.replace(/(....)(..)(..)/, "$1-$2-$3"))) / 86_400_000);

function hasData(object: Fields): readonly string[] {
    return ["data", "stringData"].filter((field) => Object.keys(fieldsOf(object[field])).length > 0);
}

/** What Argo CD is told of a repository that needs no login: it wants that in a Secret, too. */
const publicFields = ["enableLfs", "enableOCI", "name", "project", "type", "url", "useAzureWorkloadIdentity"];

/** Whether a Secret only names a repository for Argo CD, with nothing in it that must be kept. */
function isPublicRepository(object: Fields): boolean {
    const type = textOf(at(object, ["metadata", "labels", "argocd.argoproj.io/secret-type"]));
    const fields = Object.entries(fieldsOf(object["stringData"]));
    const open = fields.every(([name, value]) => publicFields.includes(name) && secretShape(textOf(value) ?? "") === undefined);
    return type === "repository" && open && Object.keys(fieldsOf(object["data"])).length === 0;
}

export const sealedRules: readonly Rule[] = [
    objectRule(
        ["/Secret", "kustomize.config.k8s.io/Kustomization", "kustomize.config.k8s.io/Component"],
        {
            id: "FJ-SEC-001",
            title: "Git holds no plain Secrets",
            severity: "critical",
            why: "Base64 is no encryption: whoever may read the repository, or ever could, has what is in it.",
            mend: "Seal it (npm run seal) and commit the SealedSecret; then change the password that was in Git.",
            references: [sealedSecrets, { of: "Kubescape", id: "C-0012" }],
            sources: ["git"],
        },
        (object) =>
            groupKind(object) === "/Secret"
                ? (isPublicRepository(object) ? [] : hasData(object)).map((field) =>
                      fault([field], "holds values that only base64 hides"),
                  )
                : listOf(object["secretGenerator"]).map((_, index) =>
                      fault(["secretGenerator", index], "makes a Secret of what lies in Git"),
                  ),
    ),
    objectRule(
        ["bitnami.com/SealedSecret"],
        {
            id: "FJ-SEC-002",
            title: "A sealed secret opens only under its own name and namespace",
            severity: "high",
            why: "One that opens anywhere can be copied by whoever writes to any namespace, and be read there.",
            mend: "Seal it again without --scope, and leave the annotations cluster-wide and namespace-wide out.",
            references: [sealedSecrets],
        },
        (object) =>
            [["metadata", "annotations"], ["spec", "template", "metadata", "annotations"]].flatMap((path) =>
                wideScopes.flatMap((scope) => {
                    const wide = textOf(fieldsOf(at(object, path))[scope]) === "true";
                    return must(!wide, [...path, scope], "lets it open elsewhere");
                }),
            ),
    ),
    objectRule(
        ["bitnami.com/SealedSecret"],
        {
            id: "FJ-SEC-003",
            title: "Everything in a SealedSecret is sealed",
            severity: "critical",
            why: "A value that was pasted as it is, or left in the template, can be read by everybody who can read Git.",
            mend: "Seal the value (npm run seal) into encryptedData; what is no secret belongs in a ConfigMap.",
            references: [sealedSecrets],
        },
        (object) => {
            const encrypted = fieldsOf(at(object, ["spec", "encryptedData"]));
            const plain = fieldsOf(at(object, ["spec", "template", "data"]));
            return [
                ...Object.keys(encrypted).flatMap((key) => {
                    const sealed = ciphertext.test(textOf(encrypted[key]) ?? "");
                    return must(sealed, ["spec", "encryptedData", key], "is not what kubeseal writes");
                }),
                // A template that takes a sealed value in is what the field is for.
                ...Object.keys(plain).flatMap((key) =>
                    must((textOf(plain[key]) ?? "").includes("{{"), ["spec", "template", "data", key], "is not sealed"),
                ),
            ];
        },
    ),
    containerRule(
        {
            id: "FJ-SEC-004",
            title: "The Sealed Secrets controller makes no keys by itself",
            severity: "high",
            why: "A key that it made is in no escrow: what is sealed with it is lost with the region.",
            mend: "Give the controller --key-renew-period=0, and add keys under fjord:sealingKeys of the trust stack.",
            references: [sealedSecrets, { of: "fjord", id: "README, Day two" }],
        },
        ({ at: path, spec }) => {
            if (!isController(textOf(spec.image) ?? "")) {
                return [];
            }
            const line = [...listOf(spec.command), ...listOf(spec.args)].map((word) => textOf(word) ?? "").join(" ");
            return must(neverRenews.test(line), [...path, "args"], "has no --key-renew-period=0");
        },
    ),
    publishedRule(
        "fjord:trust:Trust",
        {
            id: "FJ-SEC-009",
            title: "New secrets are sealed with the newest key",
            severity: "medium",
            why: "A key is retired because it is old, or because somebody may have it; sealing with it goes on trusting it.",
            mend: "Set state: active on the newest of fjord:sealingKeys in the trust stack, and retired on the others.",
            references: [{ of: "fjord", id: "README, Day two" }],
        },
        ({ sealingKeys }) => {
            const newest = sealingKeys.flatMap(({ name }) => dayOf(name) ?? []).sort().at(-1);
            return sealingKeys.flatMap(({ name, state }, index) => {
                const day = dayOf(name);
                const old = state === "active" && day !== undefined && newest !== undefined && day < newest;
                return must(!old, ["sealingKeys", index, "state"], `is active, but there is a key of ${newest}`);
            });
        },
    ),
    publishedRule(
        "fjord:trust:Trust",
        {
            id: "FJ-SEC-011",
            title: "The key that seals is changed about once a year",
            severity: "low",
            why: "What is sealed with a key opens with it for ever, in every clone of the repository: a leak costs all that was sealed since.",
            mend: "Add a key with this day in its name to fjord:sealingKeys, state: active; retire the old one, and seal anew what changes.",
            references: [sealedSecrets, { of: "fjord", id: "README, Day two" }],
        },
        ({ sealingKeys }, _subject, { today }) =>
            sealingKeys.flatMap(({ name, state }, index) => {
                const day = state === "active" ? dayOf(name) : undefined;
                const age = day === undefined ? 0 : daysBetween(day, today);
                return must(age <= oldestKey, ["sealingKeys", index, "name"], `is ${age} days old, more than ${oldestKey}`);
            }),
    ),
];
