import type { Endpoint, EndpointPurpose } from "../../infra/config/endpoints";
import type { Residency } from "../../infra/config/types";
import { knownJurisdiction, mayLieIn, profileName, unknownCountry } from "./core/jurisdictions";
import { fault, must, publishedRule } from "./core/define";
import { Rule, RuleText } from "./core/rule";
import { manifestResidencyRules } from "./residency/manifests";
import { serverOf } from "./values";

const gdpr = { of: "law", id: "https://eur-lex.europa.eu/eli/reg/2016/679/oj" } as const;
const house = { of: "fjord", id: "README, A real region, step by step" } as const;

const outside = (residency: Residency): string => `outside ${profileName[residency]}`;

/** A rule that what serves some purposes lies in the region's profile, and that so does the law its operator answers to. */
function placeRule(purposes: readonly EndpointPurpose[], text: RuleText): Rule {
    return publishedRule("fjord:index:Region", text, ({ endpoints, residency }) =>
        endpoints.flatMap((endpoint, index) => {
            // Whom nobody has looked up is FJ-RES-007.
            if (!purposes.includes(endpoint.purpose) || endpoint.country === unknownCountry) {
                return [];
            }
            const { purpose, url, operator, country, jurisdiction } = endpoint;
            const place = ["endpoints", index];
            if (!mayLieIn(country, residency)) {
                return [fault([...place, "country"], `is ${country} for ${purpose} at ${url}, ${outside(residency)}`)];
            }
            const message = `is ${jurisdiction}: ${operator}, who runs ${url}, answers to a law ${outside(residency)}`;
            return must(mayLieIn(jurisdiction, residency), [...place, "jurisdiction"], message);
        }),
    );
}

/** What every region has, said or not: without an entry nobody has looked at where it lies. */
const declared: readonly EndpointPurpose[] = ["state", "secrets-key", "names", "time"];

/** Whose law a well-known endpoint's operator answers to, whatever the stack says of it. */
function known({ url }: Endpoint): string | undefined {
    return /^(?:gs|gcpkms|azblob|azurekeyvault|awskms):/.test(url) ? "US" : knownJurisdiction(serverOf(url));
}

const regionRules: readonly Rule[] = [
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-RES-001",
            title: "The region lies where its data may lie",
            severity: "critical",
            why: "All that it holds lies in another country than was promised, under that country's law.",
            mend: "Move the region, or correct fjord:whereabouts.country; fjord:residency says what is promised.",
            references: [gdpr, house],
        },
        ({ country, residency }) => must(mayLieIn(country, residency), ["country"], `is ${country}, ${outside(residency)}`),
    ),
    placeRule(["state", "secrets-key"], {
        id: "FJ-RES-002",
        title: "State and the key to its secrets lie where data may lie",
        severity: "critical",
        why: "The state holds every key of the region; who has it and what opens it has the region.",
        mend: "Keep both with an operator of the country, and say so under fjord:endpoints.",
        references: [gdpr, house],
    }),
    placeRule(["backup", "logs"], {
        id: "FJ-RES-003",
        title: "Backups and logs lie where data may lie",
        severity: "critical",
        why: "A backup is the data itself, and a log holds names and addresses of people.",
        mend: "Send them to an operator of the country, and say so under fjord:endpoints.",
        references: [gdpr, house],
    }),
    placeRule(["git"], {
        id: "FJ-RES-004",
        title: "Deployment logic lies where data may lie",
        severity: "high",
        why: "Who runs the Git host can read what runs here, change it, or be told to withhold it.",
        mend: "Use a Git host in the country under fjord:platform.gitHosts, such as one's own.",
        references: [house],
    }),
    placeRule(["packages", "images", "files"], {
        id: "FJ-RES-005",
        title: "Packages, images and files come from where data may lie",
        severity: "medium",
        why: "No data goes there, but without it no server can be rebuilt: the region depends on another country's say.",
        mend: "Put mirrors in the country under fjord:mirrors.apt, fjord:mirrors.images and fjord:mirrors.files.",
        references: [house],
    }),
    placeRule(["names", "time"], {
        id: "FJ-RES-006",
        title: "Names and time come from where data may lie",
        severity: "medium",
        why: "A resolver sees every name that a server asks for, and a wrong clock ends every certificate.",
        mend: "Use resolvers and clocks of the country, such as ntp.justervesenet.no, and say so under fjord:endpoints.",
        references: [house],
    }),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-RES-007",
            title: "Everything that the region talks to has a known operator",
            severity: "high",
            why: "Of what nobody has looked up nobody can say where data goes.",
            mend: "Name a mirror with its whereabouts for it under fjord:mirrors.",
            references: [house],
        },
        ({ endpoints }) =>
            endpoints.flatMap(({ country, url, purpose }, index) =>
                must(country !== unknownCountry, ["endpoints", index, "country"], `is not known, for ${purpose} at ${url}`),
            ),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-RES-008",
            title: "State, its key, names and time are declared",
            severity: "high",
            why: "Every region has them; one that is not written down is one that nobody has looked at.",
            mend: `Add an entry for each of ${declared.join(", ")} under fjord:endpoints, with url and whereabouts.`,
            references: [house],
        },
        ({ endpoints }) => {
            const purposes = new Set(endpoints.map(({ purpose }) => purpose));
            return declared.flatMap((purpose) => must(purposes.has(purpose), ["endpoints"], `has nothing for ${purpose}`));
        },
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-RES-009",
            title: "Nobody is declared to answer to another law than they do",
            severity: "high",
            why: "A server in Oslo that a foreign company runs can still be ordered open by that company's courts.",
            mend: "Write the parent company's country as whereabouts.jurisdiction, or use another operator.",
            references: [gdpr, house],
        },
        ({ endpoints }) =>
            endpoints.flatMap((endpoint, index) => {
                const law = known(endpoint);
                const honest = law === undefined || endpoint.country === unknownCountry || endpoint.jurisdiction === law;
                const message = `is ${endpoint.jurisdiction}, but who runs ${endpoint.url} answers to the law of ${law}`;
                return must(honest, ["endpoints", index, "jurisdiction"], message);
            }),
    ),
];

/** Rules of where data and deployment logic lie, and under whose law. */
export const residencyRules: readonly Rule[] = [...regionRules, ...manifestResidencyRules];
