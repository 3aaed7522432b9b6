import { must, podRule, relationRule } from "../core/define";
import { podKinds, podsOf } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { serverOf } from "../values";
import { imagesOf, isDigest, parseImage } from "./image";

/** Tags that are moved to whatever is newest, and versions that only name a line of them. */
const floating = /^(?:latest|stable|edge|nightly|main|master|head|dev|develop|release|lts|alpine|v?\d{1,3})$/i;

export const imageRules: readonly Rule[] = [
    podRule(
        {
            id: "FJ-SUP-001",
            title: "Images are pinned by digest",
            severity: "high",
            why: "A tag can be moved: then the same manifest runs other bytes, and a rebuilt region is another one.",
            mend: "Write image: name:tag@sha256:..., or the digest under images of the Kustomization.",
            references: [{ of: "Checkov", id: "CKV_K8S_43" }],
        },
        (pod) =>
            imagesOf(pod).flatMap(({ at, image }) =>
                must(isDigest(parseImage(image).digest ?? ""), at, `is ${image || "left out"}, without a digest`),
            ),
    ),
    podRule(
        {
            id: "FJ-SUP-002",
            title: "An image's tag names one version",
            severity: "medium",
            why: "From latest, or a major version alone, nobody can tell what runs, or go back to what ran.",
            mend: "Write the full version as the tag of the image, such as 1.4.2.",
            references: [{ of: "Checkov", id: "CKV_K8S_14" }],
        },
        (pod) =>
            imagesOf(pod).flatMap(({ at, image }) => {
                const { tag, digest } = parseImage(image);
                const named = tag === undefined ? digest !== undefined : !floating.test(tag);
                const wrong = tag === undefined ? "is left out" : "moves";
                return must(named, at, `is ${image || "left out"}, whose tag ${wrong}`);
            }),
    ),
    relationRule(
        podKinds,
        {
            id: "FJ-SUP-003",
            title: "Images come from registries that the region knows",
            severity: "high",
            why: "Nobody has judged who keeps another registry, and in a recovery one more has to answer.",
            mend: "Push the image to the region's registry, or name it under fjord:mirrors.images with its whereabouts.",
            references: [{ of: "Kubescape", id: "C-0078" }],
        },
        (object, surroundings) => {
            const pod = podsOf(object);
            if (!pod) {
                return notApplicable("has no pod template");
            }
            const region = surroundings.published("fjord:index:Region");
            if (!region) {
                return notApplicable("no region is known");
            }
            const known = new Set([
                ...region.endpoints.filter(({ purpose }) => purpose === "images").map(({ url }) => serverOf(url)),
                ...region.mirroredRegistries.map(serverOf),
            ]);
            return imagesOf(pod).flatMap(({ at, image }) => {
                const { registry } = parseImage(image);
                return must(known.has(serverOf(registry)), at, `is from ${registry}`);
            });
        },
    ),
];
