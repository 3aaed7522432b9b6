import { z } from "zod";
import * as defaults from "../defaults";
import { hostName, nonEmpty, url, whereabouts } from "./fields";

const upstream = defaults.upstreamApt;

function aptSchema(source: typeof upstream.kubernetes | typeof upstream.containerd, what: string) {
    return z
        .strictObject({
            url: url("https", "http")
                .default(source.url)
                .describe(`URL of the repository of ${what}. Default: upstream's.`),
            suite: nonEmpty(source.suite).default(source.suite).describe("Suite; `/` for a flat repository."),
            components: z
                .array(nonEmpty("stable"))
                .default([...source.components])
                .describe("Components; none for a flat repository."),
            key: nonEmpty("file:stacks/keys/kubernetes.asc").describe(
                "Public key that signs the repository: ASCII-armoured text, or `file:` and a path relative to the project. " +
                    `It has no default, because a key that nobody looked at signs nothing; upstream's is fetched with: ${source.fetchKey}`,
            ),
            whereabouts: whereabouts().prefault({ ...source.whereabouts }),
        })
        .describe(`Apt repository of ${what}.`);
}

export const mirrorsSchema = z
    .strictObject({
        apt: z
            .strictObject({
                kubernetes: aptSchema(upstream.kubernetes, "kubelet, kubeadm and kubectl"),
                containerd: aptSchema(upstream.containerd, "containerd.io"),
            })
            .describe("Apt repositories of the nodes."),
        images: z
            .array(
                z.strictObject({
                    registry: hostName().describe("Registry as images name it."),
                    url: url("https").describe("URL of the mirror that is asked first and only."),
                    whereabouts: whereabouts(),
                }),
            )
            .default([])
            .describe("Mirrors of container registries. Default: none, images come from upstream."),
        ca: nonEmpty("file:stacks/keys/mirror-ca.pem")
            .optional()
            .describe(
                "PEM of the CA that signs the mirrors' certificates, or `file:` and a path. Default: the system's CAs.",
            ),
        files: z
            .strictObject({ url: url("https", "http").describe("Base URL."), whereabouts: whereabouts() })
            .optional()
            .describe(
                "Mirror of the lock's files (manifests, and guests' disk images as images/<sha256>.qcow2; each is pinned by sha256). Default: the URLs of the lock.",
            ),
    })
    .describe("Where bytes come from. Without mirrors only the two signing keys need to be given.");
