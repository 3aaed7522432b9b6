import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { application } from "../../../components/platform/application";
import { isProtected } from "../../../components/platform/namespaces";
import { applicationProjects, lockedDefaultProject } from "../../../components/platform/projects";
import { repositories, repositoryName } from "../../../components/platform/repository";
import { paymentService } from "../../fixtures/platform/region";

describe("the application", () => {
    it("payment-service-prod is as the stack says", () => {
        assert.deepEqual(application(paymentService), {
            apiVersion: "argoproj.io/v1alpha1",
            kind: "Application",
            metadata: { name: "payment-service-prod", namespace: "argocd" },
            spec: {
                project: "payments",
                source: {
                    repoURL: "git@gitlab.com:nordic-corp/infra-manifests.git",
                    targetRevision: "HEAD",
                    path: "k8s/overlays/production",
                },
                destination: { server: "https://kubernetes.default.svc", namespace: "payment-prod" },
                syncPolicy: {
                    automated: { prune: true, selfHeal: true },
                    syncOptions: ["CreateNamespace=true"],
                    managedNamespaceMetadata: {
                        labels: {
                            "pod-security.kubernetes.io/enforce": "restricted",
                            "pod-security.kubernetes.io/warn": "restricted",
                        },
                    },
                    retry: { limit: -1, refresh: true, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
                },
            },
        });
    });

    it("holds its namespace to the standard that is configured", () => {
        const { spec } = application({ ...paymentService, podSecurity: "baseline" });
        const { managedNamespaceMetadata } = (spec as { syncPolicy: { managedNamespaceMetadata: { labels: object } } }).syncPolicy;
        assert.deepEqual(Object.values(managedNamespaceMetadata.labels), ["baseline", "baseline"]);
    });

    it("prunes and heals as configured", () => {
        const { spec } = application({ ...paymentService, prune: false, selfHeal: false });
        assert.deepEqual((spec as { syncPolicy: { automated: object } }).syncPolicy.automated, {
            prune: false,
            selfHeal: false,
        });
    });
});

describe("projects", () => {
    it("default allows nothing", () => {
        assert.equal(lockedDefaultProject.metadata.name, "default");
        assert.deepEqual(lockedDefaultProject["spec"], {
            description: "Locked: an application belongs to a project of its own.",
            sourceRepos: [],
            destinations: [],
            clusterResourceWhitelist: [],
            namespaceResourceBlacklist: [{ group: "*", kind: "*" }],
        });
    });

    it("have their applications' repositories and namespaces, each once", () => {
        const second = { ...paymentService, name: "payment-jobs", namespace: "payment-jobs" };
        const other = { ...paymentService, name: "web", project: "web", namespace: "web", repository: "git@gitlab.com:w.git" };
        const [payments, web, ...rest] = applicationProjects([paymentService, second, other]);
        assert.equal(rest.length, 0);
        assert.deepEqual(payments?.["spec"], {
            description: "Made by fjord for: payment-service-prod, payment-jobs.",
            sourceRepos: ["git@gitlab.com:nordic-corp/infra-manifests.git"],
            destinations: [
                { server: "https://kubernetes.default.svc", namespace: "payment-prod" },
                { server: "https://kubernetes.default.svc", namespace: "payment-jobs" },
            ],
            clusterResourceWhitelist: [
                { group: "", kind: "Namespace", name: "payment-prod" },
                { group: "", kind: "Namespace", name: "payment-jobs" },
            ],
            namespaceResourceBlacklist: [{ group: "", kind: "Secret" }],
        });
        assert.deepEqual((web?.["spec"] as { sourceRepos: string[] }).sourceRepos, ["git@gitlab.com:w.git"]);
    });

    it("never reach a namespace of Kubernetes or the platform", () => {
        for (const namespace of ["argocd", "sealed-secrets", "nginx-ingress", "kube-system", "kube-flannel", "default"]) {
            assert.ok(isProtected(namespace));
            assert.throws(
                () => applicationProjects([{ ...paymentService, namespace }]),
                new RegExp(`destination namespace "${namespace}", which belongs to the platform`),
            );
        }
    });
});

describe("repositories", () => {
    it("are one for each project and address", () => {
        const same = { ...paymentService, name: "b", namespace: "b" };
        const shared = { ...paymentService, name: "c", project: "other", namespace: "c" };
        const found = repositories([paymentService, same, shared]);
        assert.deepEqual(
            found.map(({ project }) => project),
            ["payments", "other"],
        );
        assert.equal(new Set(found.map(repositoryName)).size, 2);
        assert.match(repositoryName({ url: "u", project: "p" }), /^repository-[0-9a-f]{12}$/);
    });
});
