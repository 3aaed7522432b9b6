import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { ApplicationConfig } from "../../infra/config/types";
import { secretData } from "./kubernetes-object";
import { KubernetesObject } from "./manifest";
import { platformNamespaces } from "./namespaces";

/** One repository and the project that may read it; two projects that share a repository have a Secret each. */
export interface Repository {
    readonly url: string;
    readonly project: string;
}

/** The repositories of the applications, each once a project. */
export function repositories(applications: readonly ApplicationConfig[]): readonly Repository[] {
    const byKey = new Map(
        applications.map(({ repository, project }) => [`${project} ${repository}`, { url: repository, project }]),
    );
    return [...byKey.values()];
}

/** Stable name of a repository's Secret: its address hashed, since an address is no name for an object. */
export function repositoryName(repository: Repository): string {
    const digest = createHash("sha256").update(`${repository.project} ${repository.url}`).digest("hex");
    return `repository-${digest.slice(0, 12)}`;
}

/**
 * The Secret by which Argo CD reads a repository over SSH, limited to one project. It cannot come out of the
 * repository that it opens, so the stack makes it. The key reads only: nothing in the cluster can write to Git.
 */
export function repositorySecret(repository: Repository, deployKey: pulumi.Input<string>): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
            name: repositoryName(repository),
            namespace: platformNamespaces.argocd,
            labels: { "argocd.argoproj.io/secret-type": "repository" },
        },
        type: "Opaque",
        data: secretData({
            type: "git",
            url: repository.url,
            project: repository.project,
            sshPrivateKey: deployKey,
        }),
    };
}
