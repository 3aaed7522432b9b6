import { must, publishedRule } from "../core/define";
import { Rule } from "../core/rule";
import { isDigest, parseImage } from "./image";

const isSum = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** An exact version of apt: `[epoch:]version[-revision]`. */
const exactVersion = /^(?:\d+:)?\d[\w.+~-]*$/;

/** Minor versions of Kubernetes that upstream mends and the platform's controllers support, in autumn 2026. */
const supportedMinors = ["1.35", "1.36"] as const;

const kubernetesImages = ["kube-controller-manager", "kube-scheduler", "kube-proxy"] as const;
const kubernetesPackages = ["kubelet", "kubeadm", "kubectl"] as const;

/** `1.36.4` of a tag or a package's version. */
const release = (text: string): string | undefined => /^(?:\d+:)?v?(\d+\.\d+\.\d+)/.exec(text)?.[1];

const relock = "Run npm run lock, and commit the lock that it writes.";

export const lockRules: readonly Rule[] = [
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SUP-004",
            title: "Every image and file of the lock has its checksum",
            severity: "critical",
            why: "Without it whoever sits between here and there chooses what runs as root on every node.",
            mend: relock,
            references: [{ of: "fjord", id: "README, A real region, step by step" }],
        },
        ({ lock }) => [
            ...Object.entries(lock.images).flatMap(([name, { reference }]) =>
                must(isDigest(parseImage(reference).digest ?? ""), ["lock", "images", name, "reference"], `is ${reference}`),
            ),
            ...(["files", "guestImages"] as const).flatMap((part) =>
                Object.entries(lock[part]).flatMap(([name, { sha256 }]) =>
                    must(isSum(sha256), ["lock", part, name, "sha256"], `is ${sha256 || "empty"}, no sha256`),
                ),
            ),
        ],
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SUP-005",
            title: "Every package has its exact version",
            severity: "high",
            why: "Two servers that were made a week apart would run two versions, and a rebuilt region a third.",
            mend: relock,
            references: [{ of: "fjord", id: "README, A real region, step by step" }],
        },
        ({ lock }) =>
            Object.entries(lock.packages).flatMap(([name, version]) =>
                must(exactVersion.test(version), ["lock", "packages", name], `is ${version || "empty"}`),
            ),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SUP-006",
            title: "Stand-ins run in a lab only",
            severity: "critical",
            why: "A stand-in answers like the real program and does not do its work: it is for trials.",
            mend: "Set fjord:lock to a lock of upstream's own images, such as stacks/upstream.lock.json.",
            references: [{ of: "fjord", id: "README, Limits" }],
        },
        ({ lock }) =>
            Object.entries(lock.images).flatMap(([name, { standIn }]) =>
                must(lock.source === "lab" || standIn === undefined, ["lock", "images", name, "standIn"], `is ${standIn}`),
            ),
    ),
    publishedRule(
        "fjord:index:Region",
        {
            id: "FJ-SUP-007",
            title: "Packages and images are of one version of Kubernetes",
            severity: "high",
            why: "A kubelet that is newer than its API server is not supported, and kubeadm refuses to join such a node.",
            mend: relock,
            references: [{ of: "upstream", id: "https://kubernetes.io/releases/version-skew-policy/" }],
        },
        ({ lock }) => {
            const wanted = release(parseImage(lock.images["kube-apiserver"]?.reference ?? "").tag ?? "");
            const images = kubernetesImages.map((name) => ({
                at: ["lock", "images", name, "reference"],
                found: parseImage(lock.images[name]?.reference ?? "").tag ?? "",
            }));
            const packages = kubernetesPackages.map((name) => ({
                at: ["lock", "packages", name],
                found: lock.packages[name] ?? "",
            }));
            // What is empty is FJ-SUP-005.
            return [...images, ...packages].flatMap(({ at, found }) =>
                must(found === "" || release(found) === wanted, at, `is ${found}, and the API server is ${wanted}`),
            );
        },
    ),
    publishedRule(
        "fjord:cluster:Cluster",
        {
            id: "FJ-SUP-008",
            title: "Kubernetes is of a version that is still mended",
            severity: "high",
            why: "What is found in an older one stays open: upstream mends the last three minor versions.",
            mend: `Set fjord:kubernetes.version to one of ${supportedMinors.join(", ")}, and run npm run lock.`,
            references: [{ of: "upstream", id: "https://kubernetes.io/releases/patch-releases/" }],
        },
        ({ version }) => {
            const minor = version.replace(/^v/, "").split(".").slice(0, 2).join(".");
            return must((supportedMinors as readonly string[]).includes(minor), ["version"], `is ${version}`);
        },
    ),
    publishedRule(
        "fjord:nodes:Node",
        {
            id: "FJ-SUP-009",
            title: "A node pulls only images that are pinned by digest",
            severity: "high",
            why: "What is pulled before the cluster starts runs beside the kubelet, before any admission could refuse it.",
            mend: relock,
            references: [{ of: "Checkov", id: "CKV_K8S_43" }],
        },
        ({ images }) =>
            images.flatMap((image, index) =>
                must(isDigest(parseImage(image).digest ?? ""), ["images", index], `is ${image}, without a digest`),
            ),
    ),
];
