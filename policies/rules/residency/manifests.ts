import { containerRule, must, relationRule } from "../core/define";
import { notApplicable, Rule } from "../core/rule";
import { applicationKinds, applicationSpec, isTemplate, sourcesOf } from "../gitops/application";
import { parseImage } from "../supply-chain/image";
import { listOf, serverOf, textOf } from "../values";

const telemetryOff = /(?:^|\s)--?enable-telemetry-reporting=(?:false|0|f)(?:\s|$)/i;

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** What manifests say about where the region sends what it knows. */
export const manifestResidencyRules: readonly Rule[] = [
    containerRule(
        {
            id: "FJ-RES-010",
            title: "The ingress controller reports to nobody",
            severity: "medium",
            why: "By default F5's controller sends figures about the cluster to its maker in the United States.",
            mend: "Give the controller -enable-telemetry-reporting=false.",
            references: [{ of: "upstream", id: "https://docs.nginx.com/nginx-ingress-controller/" }],
        },
        ({ at, spec }) => {
            if (!/(?:^|\/)nginx-(?:plus-)?ingress$/.test(parseImage(textOf(spec.image) ?? "").name)) {
                return [];
            }
            const line = listOf(spec.args).map((word) => textOf(word) ?? "").join(" ");
            return must(telemetryOff.test(line), [...at, "args"], "has no -enable-telemetry-reporting=false");
        },
    ),
    relationRule(
        ["/Service"],
        {
            id: "FJ-RES-011",
            title: "No Service stands for a host that is not declared",
            severity: "medium",
            why: "An ExternalName sends what a program says to its neighbour out to another host, under the neighbour's name.",
            mend: "Declare the host under fjord:endpoints, or have the program ask for it by its own name.",
            references: [{ of: "upstream", id: "https://kubernetes.io/docs/concepts/services-networking/service/" }],
        },
        (object, surroundings) => {
            const spec = object["spec"];
            if (typeof spec !== "object" || spec === null || !("type" in spec) || spec.type !== "ExternalName") {
                return [];
            }
            const name = "externalName" in spec ? (textOf(spec.externalName) ?? "") : "";
            const host = name.toLowerCase().replace(/\.$/, "");
            const region = surroundings.published("fjord:index:Region");
            const inside = isBelow(host, "cluster.local") || (region !== undefined && isBelow(host, region.domain));
            const declared = inside || region?.endpoints.some(({ url }) => serverOf(url) === host);
            return must(declared === true, ["spec", "externalName"], `is ${name}`);
        },
    ),
    relationRule(
        applicationKinds,
        {
            id: "FJ-RES-012",
            title: "Applications come from Git hosts that are declared",
            severity: "high",
            why: "Of a host that is not declared nobody has said where it lies, or who can change what it holds.",
            mend: "Add the host under fjord:platform.gitHosts with its whereabouts, or use a repository of one that is there.",
            references: [{ of: "fjord", id: "README, A real region, step by step" }],
        },
        (object, surroundings) => {
            const region = surroundings.published("fjord:index:Region");
            if (!region) {
                return notApplicable("no region is known");
            }
            const hosts = region.endpoints
                .filter(({ purpose }) => purpose === "git" || purpose === "images" || purpose === "files")
                .map(({ url }) => serverOf(url));
            return sourcesOf(applicationSpec(object)).flatMap(({ at, source }) => {
                const address = textOf(source["repoURL"]) ?? "";
                const known = address === "" || isTemplate(address) || hosts.includes(serverOf(address));
                return must(known, [...at, "repoURL"], `is at ${serverOf(address)}`);
            });
        },
    ),
];
