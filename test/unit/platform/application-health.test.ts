import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applicationError, ApplicationState, judgeApplication } from "../../../components/platform/application-health";

const source = {
    repoURL: "git@gitlab.com:nordic-corp/infra-manifests.git",
    targetRevision: "HEAD",
    path: "k8s/overlays/production",
};

function state(status: ApplicationState["status"]): ApplicationState {
    return { spec: { source }, ...(status && { status }) };
}

const healthy = state({ sync: { status: "Synced", comparedTo: { source } }, health: { status: "Healthy" } });

function withError(message: string, type = "ComparisonError"): ApplicationState {
    return state({ sync: { status: "Unknown" }, health: { status: "Healthy" }, conditions: [{ type, message }] });
}

describe("an application", () => {
    it("is healthy when it is Synced and Healthy, compared to what the stack says", () => {
        assert.deepEqual(judgeApplication(healthy), { kind: "healthy" });
    });

    it("is waited for while its status is still that of another source", () => {
        const moved = { ...healthy, spec: { source: { ...source, path: "k8s/overlays/staging" } } };
        assert.equal(judgeApplication(moved).kind, "waiting");
    });

    it("is waited for before Argo CD has looked, and while pods start", () => {
        assert.deepEqual(judgeApplication(state(undefined)), {
            kind: "waiting",
            doing: "sync is Unknown, health is Unknown",
        });
        const starting = state({
            sync: { status: "Synced", comparedTo: { source } },
            health: { status: "Progressing" },
        });
        assert.deepEqual(judgeApplication(starting), {
            kind: "waiting",
            doing: "sync is Synced, health is Progressing",
        });
    });

    it("is waited for with an error that may pass, which is told", () => {
        const verdict = judgeApplication(withError("rpc error: code = Unavailable desc = connection refused"));
        assert.equal(verdict.kind, "waiting");
        assert.match(verdict.kind === "waiting" ? verdict.doing : "", /connection refused/);
    });

    it("tells what is not synced, and what the sync says", () => {
        const failing = state({
            sync: { status: "OutOfSync" },
            health: { status: "Missing" },
            operationState: { phase: "Running", message: "one or more objects failed to apply" },
            resources: [
                { kind: "Deployment", name: "payment-service", status: "OutOfSync" },
                { kind: "Service", name: "payment-service", status: "Synced" },
            ],
        });
        assert.deepEqual(judgeApplication(failing), {
            kind: "waiting",
            doing: "sync is OutOfSync, health is Missing; sync Running: one or more objects failed to apply; not synced: Deployment payment-service",
        });
    });

    const refused: readonly [string, string, RegExp][] = [
        [
            "a deploy key that is not registered",
            "failed to list refs: ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]",
            /register the deploy key/,
        ],
        [
            "a Git server with another host key",
            "ssh: handshake failed: knownhosts: key mismatch",
            /fjord:platform\.gitHosts/,
        ],
        ["a repository that is not there", "ERROR: Repository not found.", /check the repository/],
        ["a branch that is not there", "unable to resolve 'v9' to a commit SHA", /revision and path/],
        ["a path that is not there", "k8s/overlays/production: app path does not exist", /revision and path/],
    ];
    for (const [what, message, fix] of refused) {
        it(`is refused for ${what}`, () => {
            const verdict = judgeApplication(withError(`rpc error: code = Unknown desc = ${message}`));
            assert.equal(verdict.kind, "refused");
            assert.match(verdict.kind === "refused" ? verdict.why : "", /^ComparisonError: rpc error/);
            assert.match(verdict.kind === "refused" ? verdict.fix : "", fix);
        });
    }

    it("is not judged by its warnings", () => {
        assert.equal(judgeApplication(withError("permission denied", "OrphanedResourceWarning")).kind, "waiting");
    });

    it("has its error cut to a length that can be read", () => {
        const verdict = judgeApplication(withError(`unable to authenticate ${"x".repeat(5000)}`));
        assert.ok(verdict.kind === "refused" && verdict.why.length < 600);
    });
});

it("the error names application, step, cause, what to do and the log", () => {
    assert.equal(
        applicationError("payment-service-prod", "it is refused", "register the key"),
        "fjord: application payment-service-prod: step application failed: it is refused\n" +
            "  what to do: register the key; then run again: the stack goes on from there\n" +
            "  log: kubectl -n argocd describe application payment-service-prod; kubectl -n argocd logs deployment/argocd-repo-server",
    );
});
