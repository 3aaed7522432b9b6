import * as yaml from "js-yaml";
import * as fs from "node:fs";
import * as path from "node:path";

/** The Secret of the sample application, as it must be named and placed for its seal to open. */
export const sampleSecret = { name: "payment-service", namespace: "payment-prod", key: "api-key" } as const;

/** Where the overlay of the lab's application lies in the repository. */
export const overlayPath = "k8s/overlays/production";

/** Files of a repository by their path in it. */
export type RepositoryFiles = Readonly<Record<string, string>>;

/** What the lab knows only once it is made. */
export interface RepositoryFacts {
    /** The application's image: name without tag, and the digest that the lab's registry has it under. */
    readonly image: { readonly name: string; readonly digest: string };
    /** Host name that the ingress answers to. */
    readonly host: string;
    /** Manifest of the SealedSecret (`sampleSecret`), sealed against the trust stack's certificate. */
    readonly sealedSecret: string;
}

const templates = path.join(__dirname, "repo");

/** The parts of the repository that are the same in every lab, from `lab/repo`. */
export function readTemplates(folder: string = templates): RepositoryFiles {
    const files = fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .sort();
    return Object.fromEntries(files.map((file) => [file, fs.readFileSync(path.join(folder, file), "utf8")]));
}

/**
 * The lab's Git repository: the templates with the lab's image, host and sealed secret put into the overlay, and
 * nothing else changed.
 *
 * @throws if the templates have no overlay, or the sealed secret is no SealedSecret of the right name and namespace.
 */
export function renderRepository(facts: RepositoryFacts, files: RepositoryFiles): RepositoryFiles {
    const overlay = `${overlayPath}/kustomization.yaml`;
    const template = files[overlay];
    if (template === undefined) {
        throw new Error(`the templates of the lab's repository have no ${overlay}: is the checkout whole?`);
    }
    checkSealedSecret(facts.sealedSecret);
    const rendered = {
        ...(yaml.load(template) as object),
        images: [{ name: "payment-service", newName: facts.image.name, digest: facts.image.digest }],
        patches: [
            {
                target: { kind: "Ingress", name: "payment-service" },
                patch: yaml.dump([{ op: "replace", path: "/spec/rules/0/host", value: facts.host }]),
            },
        ],
    };
    return {
        ...files,
        [overlay]: yaml.dump(rendered, { lineWidth: 120 }),
        [`${overlayPath}/sealed-secret.yaml`]: facts.sealedSecret,
    };
}

interface Sealed {
    readonly kind?: string;
    readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

function checkSealedSecret(text: string): void {
    const { kind, metadata } = (yaml.loadAll(text)[0] ?? {}) as Sealed;
    const { name, namespace } = sampleSecret;
    if (kind !== "SealedSecret" || metadata?.name !== name || metadata?.namespace !== namespace) {
        throw new Error(
            `the lab's sealed secret is ${kind ?? "nothing"} "${metadata?.namespace}/${metadata?.name}", not ` +
                `SealedSecret "${namespace}/${name}": a seal opens only under the name and namespace it was made for`,
        );
    }
}
