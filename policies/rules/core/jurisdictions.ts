import type { Residency } from "../../../infra/config/types";

/**
 * Member states of the European Economic Area, by ISO 3166-1 code: the EU, Iceland, Liechtenstein and Norway. Parts of
 * them with a code of their own (Svalbard, Åland, Réunion) are left out: for some the agreement does not hold, and whoever
 * has a data centre there can say so in an exception.
 */
const eea: ReadonlySet<string> = new Set(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split(" "),
);

/** Code of no country: what the program writes where nobody has looked up who runs something. */
export const unknownCountry = "ZZ";

/** Whether data may lie in a country, or with somebody who answers to its law. */
export function mayLieIn(country: string, residency: Residency): boolean {
    return residency === "norway" ? country === "NO" : eea.has(country);
}

/** How messages call a profile. */
export const profileName: Readonly<Record<Residency, string>> = { norway: "Norway", eea: "the EEA" };

/** Whose law the operators of well-known hosts answer to: a host, and all names below it. */
const wellKnown: Readonly<Record<string, string>> = {
    "amazonaws.com": "US",
    "apple.com": "US",
    "azure.com": "US",
    "azurecr.io": "US",
    "bitbucket.org": "US",
    "cloudflare.com": "US",
    "docker.com": "US",
    "docker.io": "US",
    "ecr.aws": "US",
    "gcr.io": "US",
    "ghcr.io": "US",
    "github.com": "US",
    "githubusercontent.com": "US",
    "gitlab.com": "US",
    "google.com": "US",
    "googleapis.com": "US",
    "dns.google": "US",
    "one.one.one.one": "US",
    "k8s.io": "US",
    "pkg.dev": "US",
    "pulumi.com": "US",
    "quay.io": "US",
    "windows.com": "US",
    "windows.net": "US",
    "canonical.com": "GB",
    "ubuntu.com": "GB",
    "quad9.net": "CH",
    // Resolvers that anybody may ask.
    "1.0.0.1": "US",
    "1.1.1.1": "US",
    "8.8.4.4": "US",
    "8.8.8.8": "US",
    "208.67.220.220": "US",
    "208.67.222.222": "US",
    "9.9.9.9": "CH",
};

/** Country whose law a well-known host's operator answers to, given in lower case without a port; undefined for every other. */
export function knownJurisdiction(host: string): string | undefined {
    const owner = Object.keys(wellKnown).find((name) => host === name || host.endsWith(`.${name}`));
    return owner === undefined ? undefined : wellKnown[owner];
}
