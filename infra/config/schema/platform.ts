import { z } from "zod";
import * as defaults from "../defaults";
import { gitRepository, hostName, name, nonEmpty, port, repositoryPath, revision, whereabouts } from "./fields";

export const gitHostSchema = z
    .strictObject({
        host: hostName().describe("Name of the Git server as repositories name it."),
        knownHosts: z
            .array(nonEmpty("gitlab.com ssh-ed25519 AAAA..."))
            .min(1)
            .describe(
                "Lines of known_hosts for this host and no other, not hashed. Taken from what the host's operator publishes.",
            ),
        whereabouts: whereabouts(),
    })
    .describe("A Git host that the region pulls from.");

export const platformSchema = z
    .strictObject({
        ingress: z
            .strictObject({
                backlog: z
                    .number()
                    .int()
                    .min(128)
                    .max(65535)
                    .default(defaults.ingress.backlog)
                    .describe("Accept backlog of NGINX's listen sockets; also net.core.somaxconn of the nodes."),
                httpPort: port().default(defaults.ingress.httpPort).describe("Port of the nodes for HTTP."),
                httpsPort: port().default(defaults.ingress.httpsPort).describe("Port of the nodes for HTTPS."),
            })
            .prefault({})
            .describe("NGINX ingress, on the host network of every node that runs applications."),
        gitHosts: z
            .array(gitHostSchema)
            .default([])
            .describe("Git hosts that the region pulls from; one for every host of an application."),
        reconciliation: z
            .number()
            .int()
            .min(10)
            .max(3600)
            .default(defaults.reconciliation)
            .describe("Seconds between two looks of Argo CD at Git. Default: Argo CD's own."),
    })
    .describe("Settings of the controllers in the cluster.");

export const applicationSchema = z
    .strictObject({
        name: name().describe("Name of the Argo CD Application."),
        project: name()
            .default(defaults.application.project)
            .describe("Argo CD project; made by the stack. `default` is locked."),
        repository: gitRepository().describe(
            "SSH URL of the repository. Its host must be one of `fjord:platform.gitHosts`.",
        ),
        revision: revision().default(defaults.application.revision).describe("Branch, tag or commit."),
        path: repositoryPath().describe("Directory in the repository, relative to its root."),
        namespace: name().describe("Namespace that the application lives in; made where it is missing."),
        podSecurity: z
            .enum(["restricted", "baseline"])
            .default(defaults.application.podSecurity)
            .describe(
                "Pod Security Standard that the API server holds the namespace's pods to, also those that did not come out of Git. `baseline` where pods cannot do with less.",
            ),
        prune: z.boolean().default(defaults.application.prune).describe("Remove from the cluster what left Git."),
        selfHeal: z
            .boolean()
            .default(defaults.application.selfHeal)
            .describe("Undo by machine what was changed by hand."),
    })
    .describe("An application that Argo CD keeps in the cluster.");
