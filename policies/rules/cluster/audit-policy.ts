import type { PublishedCluster } from "../../../components/cluster/published";

/** A rule of an audit policy as written; what is missing in it does not narrow it. */
interface AuditRule {
    readonly level?: string;
    readonly verbs?: readonly string[];
    readonly resources?: readonly {
        readonly group?: string;
        readonly resources?: readonly string[];
        readonly resourceNames?: readonly string[];
    }[];
    readonly nonResourceURLs?: readonly string[];
    readonly users?: readonly string[];
    readonly userGroups?: readonly string[];
    readonly namespaces?: readonly string[];
}

/** A request to the API by anybody, about some object of a kind. */
export interface ApiRequest {
    readonly verb: string;
    readonly group: string;
    /** `secrets`, or with its subresource: `pods/exec`. */
    readonly resource: string;
}

/** What a rule of the policy decides about a request. */
export interface Decision {
    /** Index of the rule; -1 where none decides, and the request is not logged. */
    readonly index: number;
    readonly level: string;
    /** Whether it decides for everybody and every object, or only for some. */
    readonly reach: "all" | "some";
}

type Reach = Decision["reach"] | "none";

const filled = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;

/** As the API server matches names of resources. */
function names(pattern: string, resource: string): boolean {
    const [kind, subresource] = resource.split("/");
    return (
        pattern === "*" ||
        pattern === resource ||
        pattern === `${kind}/*` ||
        (subresource !== undefined && pattern === `*/${subresource}`)
    );
}

function reachOfResources({ resources = [] }: AuditRule, request: ApiRequest): Reach {
    const fitting = resources.filter(
        ({ group = "", resources: kinds = [] }) =>
            (group === "*" || group === request.group) &&
            (kinds.length === 0 || kinds.some((kind) => names(kind, request.resource))),
    );
    if (fitting.length === 0) {
        return "none";
    }
    // Names of objects count only beside names of resources.
    return fitting.some((entry) => !filled(entry.resourceNames) || !filled(entry.resources)) ? "all" : "some";
}

function reach(rule: AuditRule, request: ApiRequest): Reach {
    if (filled(rule.verbs) && !rule.verbs?.includes(request.verb)) {
        return "none";
    }
    const narrow = filled(rule.users) || filled(rule.userGroups) || filled(rule.namespaces);
    if (filled(rule.resources)) {
        const found = reachOfResources(rule, request);
        return found === "all" && narrow ? "some" : found;
    }
    if (filled(rule.nonResourceURLs) && !filled(rule.namespaces)) {
        return "none";
    }
    return narrow ? "some" : "all";
}

/**
 * The rules that may decide about a request, in their order: each that holds for some, and the first one that holds
 * for all. The API server takes the first that fits.
 */
export function decisions({ auditPolicy }: Pick<PublishedCluster, "auditPolicy">, request: ApiRequest): readonly Decision[] {
    // The document is ours to render (components/cluster/apiserver-files.ts), and its rules have this shape.
    const rules = (auditPolicy["rules"] ?? []) as readonly AuditRule[];
    const found: Decision[] = [];
    for (const [index, rule] of rules.entries()) {
        const range = reach(rule, request);
        if (range !== "none") {
            found.push({ index, level: rule.level ?? "None", reach: range });
        }
        if (range === "all") {
            return found;
        }
    }
    return [...found, { index: -1, level: "None", reach: "all" }];
}
