import { must, objectRule, relationRule } from "../core/define";
import { Path } from "../core/opaque";
import { groupKind } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { KubernetesObject } from "../core/subject";
import { Fields, fieldsOf, listOf, serverOf, textOf } from "../values";

const kustomizations = ["kustomize.config.k8s.io/Kustomization", "kustomize.config.k8s.io/Component"];
/** A Chart.yaml has no group, and its reader gives it the kind. */
const chart = "/Chart";

/** Fields of a Kustomization that may name something outside the repository. */
const fetching = ["resources", "bases", "components", "crds"] as const;

/** An address, and no path of the same repository: with a scheme, as Git has it, or beginning with the name of a host. */
const isRemote = (entry: string): boolean =>
    /^(?:[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+.-]*:\/\/|[\w.-]+@[\w.-]+:)/i.test(entry) ||
    /^(?:github\.com|gitlab\.com|bitbucket\.org)[/:]/i.test(entry) ||
    (/^[\w-]+(?:\.[\w-]+)+\//.test(entry) && /\/\/|[?&]ref=|\.git(?:\/|$|\?)/.test(entry));

const commit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const exact = /^v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

/** Whether an address names a commit or a version: as its ref, or for a single file as a part of its path. */
function isPinned(address: string): boolean {
    const ref = /[?&](?:ref|version)=([^&]+)/.exec(address)?.[1];
    if (ref !== undefined) {
        return commit.test(ref) || exact.test(ref.replace(/^refs\/tags\//, ""));
    }
    const isFile = /^https?:\/\/.*\.(?:ya?ml|json)$/i.test(address);
    return isFile && address.split("/").some((part) => commit.test(part) || exact.test(part));
}

interface Remote {
    readonly at: Path;
    readonly address: string;
}

function remotes(object: KubernetesObject): readonly Remote[] {
    return fetching.flatMap((field) =>
        listOf(object[field]).flatMap((entry, index) => {
            const address = textOf(entry) ?? "";
            return isRemote(address) ? [{ at: [field, index], address }] : [];
        }),
    );
}

/** Charts that are fetched: dependencies of a chart, and those that a Kustomization inflates. */
interface FetchedChart {
    readonly at: Path;
    readonly version: string;
    readonly repository: string;
}

function charts(object: KubernetesObject): readonly FetchedChart[] {
    const [field, repository] = groupKind(object) === chart ? ["dependencies", "repository"] : ["helmCharts", "repo"];
    const read = (entry: Fields, index: number): FetchedChart => ({
        at: [field!, index],
        version: textOf(entry["version"]) ?? "",
        repository: textOf(entry[repository!]) ?? "",
    });
    // Without a repository, or with a file: one, the chart lies in this repository.
    return listOf(object[field!])
        .map((entry, index) => read(fieldsOf(entry), index))
        .filter((one) => one.repository !== "" && !one.repository.startsWith("file:"));
}

export const baseRules: readonly Rule[] = [
    objectRule(
        kustomizations,
        {
            id: "FJ-SUP-010",
            title: "What a Kustomization takes from elsewhere is pinned",
            severity: "high",
            why: "A remote base without a commit changes what is deployed with no commit in this repository.",
            mend: "Copy the base into the repository, or end its address with ?ref= and a commit or a version.",
            references: [{ of: "upstream", id: "https://kubectl.docs.kubernetes.io/references/kustomize/" }],
        },
        (object) => remotes(object).flatMap(({ at, address }) => must(isPinned(address), at, `is ${address}`)),
    ),
    objectRule(
        [chart, ...kustomizations],
        {
            id: "FJ-SUP-011",
            title: "A chart is fetched in one exact version, over TLS",
            severity: "high",
            why: "A range takes whatever is newest at the time, and what comes over HTTP may be anybody's.",
            mend: "Write version: 1.2.3 and a repository with https:// or oci:// under dependencies of Chart.yaml or helmCharts.",
            references: [{ of: "upstream", id: "https://helm.sh/docs/chart_best_practices/dependencies/" }],
        },
        (object) =>
            charts(object).flatMap(({ at, version, repository }) => [
                ...must(exact.test(version), [...at, "version"], `is ${version || "left out"}, no exact version`),
                ...must(/^(?:https|oci):\/\//.test(repository), [...at, "repository"], `is ${repository}`),
            ]),
    ),
    relationRule(
        [chart, ...kustomizations],
        {
            id: "FJ-SUP-012",
            title: "Bases and charts come from hosts that the region knows",
            severity: "high",
            why: "Argo CD fetches them at every sync: a host that does not answer, or answers otherwise, stops the region.",
            mend: "Copy them into the repository, or keep them at a host of fjord:platform.gitHosts or fjord:mirrors.",
            references: [{ of: "fjord", id: "README, Architecture" }],
        },
        (object, surroundings) => {
            const fetched = [
                ...remotes(object).map(({ at, address }) => ({ at, host: serverOf(address.replace(/^git::/, "")) })),
                ...charts(object).map(({ at, repository }) => ({ at, host: serverOf(repository) })),
            ];
            if (fetched.length === 0) {
                return [];
            }
            const region = surroundings.published("fjord:index:Region");
            if (!region) {
                return notApplicable("no region is known");
            }
            const known = region.endpoints
                .filter(({ purpose }) => purpose === "git" || purpose === "files" || purpose === "images")
                .map(({ url }) => serverOf(url));
            return fetched.flatMap(({ at, host }) => must(known.includes(host), at, `is fetched from ${host}`));
        },
    ),
];
