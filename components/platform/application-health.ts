/** The part of an Argo CD Application that says how it fares. */
export interface ApplicationState {
    readonly spec: { readonly source: ApplicationSource };
    readonly status?: {
        readonly sync?: { readonly status?: string; readonly comparedTo?: { readonly source?: ApplicationSource } };
        readonly health?: { readonly status?: string };
        readonly conditions?: readonly { readonly type: string; readonly message: string }[];
        readonly operationState?: { readonly phase?: string; readonly message?: string };
        /** When Argo CD last looked, RFC 3339. */
        readonly reconciledAt?: string;
        readonly resources?: readonly { readonly kind: string; readonly name: string; readonly status?: string }[];
    };
}

export interface ApplicationSource {
    readonly repoURL: string;
    readonly targetRevision?: string;
    readonly path?: string;
}

/**
 * How an application fares. `refused`: what Argo CD says will not pass by itself; `fix` is what a person does about
 * it. `waiting`: it may still come, `doing` says where it is.
 */
export type ApplicationVerdict =
    | { readonly kind: "healthy" }
    | { readonly kind: "waiting"; readonly doing: string }
    | { readonly kind: "refused"; readonly why: string; readonly fix: string };

/** What Argo CD, Git and SSH say where only a person can help. The first match counts. */
const refusals: readonly { readonly pattern: RegExp; readonly fix: string }[] = [
    {
        pattern: /knownhosts|host key|key mismatch/i,
        fix: "put the Git server's host key, as its operator publishes it, into fjord:platform.gitHosts",
    },
    {
        pattern:
            /unable to authenticate|permission denied|authentication (required|failed)|access denied|may only|not authorized/i,
        fix: "register the deploy key at the Git host (pulumi stack output deployKeyPublic --stack <trust stack>)",
    },
    {
        pattern: /repository not found|no repository|does not appear to be a git repository/i,
        fix: "check the repository of the application (fjord:applications), and that the deploy key is registered for it",
    },
    {
        pattern: /unable to resolve .* to a commit|app path does not exist|couldn't find remote ref/i,
        fix: "check revision and path of the application (fjord:applications) against what is in Git",
    },
    {
        pattern: /is not permitted in project|not allowed in project|InvalidSpecError/i,
        fix: "check repository, namespace and project of the application (fjord:applications)",
    },
];

/** One line, short: Argo CD wraps what Git said in what gRPC said. */
const brief = (message: string): string => message.replace(/\s+/g, " ").trim().slice(0, 500);

const sameSource = (a: ApplicationSource, b: ApplicationSource | undefined): boolean =>
    a.repoURL === b?.repoURL && a.path === b.path && (a.targetRevision ?? "HEAD") === (b.targetRevision ?? "HEAD");

/** Judges one look at an application. Pure. */
export function judgeApplication({ spec, status }: ApplicationState): ApplicationVerdict {
    const sync = status?.sync?.status ?? "Unknown";
    const health = status?.health?.status ?? "Unknown";
    // Right after a change of its source the old verdict still stands.
    if (sync === "Synced" && health === "Healthy" && sameSource(spec.source, status?.sync?.comparedTo?.source)) {
        return { kind: "healthy" };
    }
    const errors = (status?.conditions ?? []).filter(({ type }) => type.endsWith("Error"));
    for (const { type, message } of errors) {
        const refusal = refusals.find(({ pattern }) => pattern.test(`${type} ${message}`));
        if (refusal) {
            return { kind: "refused", why: `${type}: ${brief(message)}`, fix: refusal.fix };
        }
    }
    const operation = status?.operationState;
    const open = (status?.resources ?? []).filter((resource) => resource.status !== "Synced");
    return {
        kind: "waiting",
        doing: [
            `sync is ${sync}, health is ${health}`,
            ...errors.map(({ type, message }) => `${type}: ${brief(message)}`),
            ...(operation?.phase && operation.phase !== "Succeeded"
                ? [`sync ${operation.phase}: ${brief(operation.message ?? "")}`]
                : []),
            ...(open.length > 0
                ? [
                      `not synced: ${open
                          .map(({ kind, name }) => `${kind} ${name}`)
                          .join(", ")
                          .slice(0, 300)}`,
                  ]
                : []),
        ].join("; "),
    };
}

/** The error that ends a run whose application does not come. `problem` is what is in the way. */
export function applicationError(name: string, problem: string, fix: string): string {
    return [
        `fjord: application ${name}: step application failed: ${problem}`,
        `  what to do: ${fix}; then run again: the stack goes on from there`,
        `  log: kubectl -n argocd describe application ${name}; kubectl -n argocd logs deployment/argocd-repo-server`,
    ].join("\n");
}
