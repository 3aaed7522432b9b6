import type { PublishedRegion } from "../../infra/published";
import { fault, must, publishedRule } from "./core/define";
import { Answer, notApplicable, Rule } from "./core/rule";
import { hostOf } from "./values";

type Purpose = PublishedRegion["endpoints"][number]["purpose"];

const siteUnknown = notApplicable("the region does not say its site");

/** That something of this purpose is declared, and that one of those lies where the region does not. */
function elsewhere({ site, endpoints }: PublishedRegion, purpose: Purpose): Answer {
    if (site === undefined) {
        return siteUnknown;
    }
    const declared = endpoints.flatMap((endpoint, index) => (endpoint.purpose === purpose ? [{ endpoint, index }] : []));
    if (declared.length === 0) {
        return [fault(["endpoints"], `names nothing with purpose ${purpose}`)];
    }
    if (declared.some(({ endpoint }) => endpoint.site !== undefined && endpoint.site !== site)) {
        return [];
    }
    return declared.map(({ endpoint, index }) =>
        endpoint.site === undefined
            ? fault(["endpoints", index], `${endpoint.url} does not say its site`)
            : fault(["endpoints", index, "site"], `is ${site}, where the region is`),
    );
}

/** The host or bucket that an endpoint is on; files are on one machine. */
const keeperOf = (url: string): string => hostOf(url) || "one machine";

/** Whether a region that is lost can be made anew. A site is a data centre: what shares one is lost with it. */
export const recoveryRules: readonly Rule[] = [
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-001",
            title: "The region says where it stands",
            severity: "medium",
            why: "Without its site nobody can tell what is lost with it, and no rule about recovery can be asked.",
            mend: "Write the data centre's name in fjord:whereabouts.site.",
            references: [{ of: "fjord", id: "stacks/fjord.schema.json, whereabouts" }],
        },
        ({ site }) => must(site !== undefined && site.trim() !== "", ["site"], "is not said"),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-002",
            title: "The state outlives the region",
            severity: "high",
            why: "A state that burns with its servers leaves nothing that knows what was there, and no keys to come back with.",
            mend: "Write the state backend in fjord:endpoints with purpose: state and the site of another data centre.",
            references: [{ of: "upstream", id: "https://www.pulumi.com/docs/iac/concepts/state-and-backends/" }],
        },
        (region) => elsewhere(region, "state"),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-003",
            title: "What opens the state outlives the region",
            severity: "high",
            why: "A state whose passphrase or transit key is lost is a state that is lost: its keys open nothing any more.",
            mend: "Write it in fjord:endpoints with purpose: secrets-key and the site of another data centre.",
            references: [{ of: "upstream", id: "https://www.pulumi.com/docs/iac/concepts/secrets/" }],
        },
        (region) => elsewhere(region, "secrets-key"),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-004",
            title: "The state does not lie beside what opens it",
            severity: "high",
            why: "Whoever copies a store with both has every key of the platform. They may share a site, but no host or bucket.",
            mend: "Keep the passphrase or the transit key on another host than the state, and name both in fjord:endpoints.",
            references: [{ of: "upstream", id: "https://www.pulumi.com/docs/iac/concepts/secrets/" }],
        },
        ({ endpoints }) => {
            const states = endpoints.filter(({ purpose }) => purpose === "state").map(({ url }) => keeperOf(url));
            return endpoints.flatMap(({ purpose, url }, index) =>
                must(
                    purpose !== "secrets-key" || !states.includes(keeperOf(url)),
                    ["endpoints", index, "url"],
                    `is on ${keeperOf(url)}, as the state is`,
                ),
            );
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-005",
            title: "Deployment logic outlives the region",
            severity: "high",
            why: "A fresh region is filled from Git alone; a Git server that is lost with the old one leaves it empty.",
            mend: "Write the Git host's data centre in whereabouts.site of fjord:platform.gitHosts, and let it be another one.",
            references: [{ of: "upstream", id: "https://opengitops.dev/" }],
        },
        ({ site, operator, endpoints }) => {
            if (site === undefined) {
                return siteUnknown;
            }
            return endpoints.flatMap(({ purpose, url, ...at }, index) => {
                if (purpose !== "git") {
                    return [];
                }
                // Another operator has other data centres; one's own may be the same.
                const said = at.site !== undefined || at.operator !== operator;
                return [
                    ...must(at.site !== site, ["endpoints", index, "site"], `is ${site}, where the region is`),
                    ...must(said, ["endpoints", index], `${url} does not say its site`),
                ];
            });
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-006",
            title: "Backups lie where the region does not",
            severity: "medium",
            why: "What applications keep in the region is not in Git, and comes back only from somewhere else.",
            mend: "Write the place of the backups in fjord:endpoints with purpose: backup and another site.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/" }],
        },
        (region) => elsewhere(region, "backup"),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-007",
            title: "Logs leave the region",
            severity: "low",
            why: "Who breaks in deletes the audit log first, and a fire takes it as well.",
            mend: "Write where logs are sent in fjord:endpoints with purpose: logs and another site.",
            references: [{ of: "NSA/CISA Kubernetes Hardening Guide 1.2", id: "Audit Logging and Threat Detection" }],
        },
        (region) => elsewhere(region, "logs"),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-REC-008",
            title: "The keys that open Git belong to no single region",
            severity: "high",
            why: "Sealing keys that go with one region leave every other one unable to open what lies sealed in Git.",
            mend: "Name a stack of kind trust in fjord:trustStack, the same one in every region.",
            references: [{ of: "fjord", id: "README, A real region, step by step" }],
        },
        ({ name, trustStack }) => {
            const stack = trustStack.split("/").at(-1) ?? "";
            return must(!stack.includes(name), ["trustStack"], `is ${trustStack}, which goes with ${name}`);
        },
    ),
];
