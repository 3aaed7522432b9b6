import { gitops } from "../../../fixtures/policies/gitops";
import { deployment, inGit } from "../../../fixtures/policies/objects";
import { compliant } from "../../../fixtures/policies/region";
import { Case } from "../case";

const { kustomization, chart } = gitops;

const image = ["object", "spec", "template", "spec", "containers", 0, "image"] as const;
const digest = `sha256:${"ab".repeat(32)}`;

export const cases: readonly Case[] = [
    {
        rule: "FJ-SUP-001",
        compliant: inGit(deployment),
        change: { at: image, to: "mirror.osl.node/payments/web:1.4.2" },
        says: /without a digest/,
    },
    {
        rule: "FJ-SUP-001",
        what: "a volume that is an image",
        compliant: inGit(deployment),
        change: {
            at: ["object", "spec", "template", "spec", "volumes", 0],
            to: { name: "tmp", image: { reference: "mirror.osl.node/payments/model:1.0.0" } },
        },
        says: /model:1\.0\.0, without a digest/,
    },
    {
        rule: "FJ-SUP-002",
        compliant: inGit(deployment),
        change: { at: image, to: `mirror.osl.node:5000/payments/web:latest@${digest}` },
        says: /whose tag moves/,
    },
    {
        rule: "FJ-SUP-002",
        what: "no tag and no digest",
        compliant: inGit(deployment),
        change: { at: image, to: "mirror.osl.node/payments/web" },
        says: /whose tag is left out/,
        also: ["FJ-SUP-001"],
    },
    {
        rule: "FJ-SUP-003",
        compliant: inGit(deployment),
        around: [compliant.region],
        change: { at: image, to: `docker.io/payments/web:1.4.2@${digest}` },
        says: /is from docker\.io/,
    },
    {
        rule: "FJ-SUP-004",
        compliant: compliant.region,
        change: { at: ["inputs", "lock", "images", "redis", "reference"], to: "mirror.osl.node/library/redis:8.2.3-alpine@" },
        says: /redis:8\.2\.3-alpine@$/,
    },
    {
        rule: "FJ-SUP-004",
        what: "a file",
        compliant: compliant.region,
        change: { at: ["inputs", "lock", "files", "argocd-manifest", "sha256"], to: "" },
        says: /is empty, no sha256/,
    },
    {
        rule: "FJ-SUP-005",
        compliant: compliant.region,
        change: { at: ["inputs", "lock", "packages", "containerd.io"], to: "2.3.*" },
        says: /is 2\.3\.\*/,
    },
    {
        rule: "FJ-SUP-006",
        compliant: compliant.region,
        change: { at: ["inputs", "lock", "images", "nginx-ingress", "standIn"], to: "stand-in: Debian's nginx" },
        says: /stand-in: Debian's nginx/,
    },
    {
        rule: "FJ-SUP-007",
        compliant: compliant.region,
        change: { at: ["inputs", "lock", "packages", "kubelet"], to: "1.37.0-1.1" },
        says: /is 1\.37\.0-1\.1, and the API server is 1\.36\.4/,
    },
    {
        rule: "FJ-SUP-008",
        compliant: compliant.cluster,
        change: { at: ["inputs", "version"], to: "1.33.6" },
        says: /is 1\.33\.6/,
        also: ["FJ-CLU-028"],
    },
    {
        rule: "FJ-SUP-009",
        compliant: compliant.worker,
        change: { at: ["inputs", "images", 0], to: "registry.k8s.io/pause:3.10" },
        says: /pause:3\.10, without a digest/,
    },
    {
        rule: "FJ-SUP-010",
        compliant: kustomization,
        change: { at: ["object", "resources", 2], to: "ssh://git@git.osl.node/nordic-corp/base.git//web?ref=main" },
        says: /ref=main/,
    },
    {
        rule: "FJ-SUP-010",
        what: "a file by its address",
        compliant: kustomization,
        change: { at: ["object", "resources", 0], to: "https://git.osl.node/base/install.yaml" },
        says: /install\.yaml/,
    },
    {
        rule: "FJ-SUP-011",
        compliant: chart,
        change: { at: ["object", "dependencies", 0, "version"], to: "^2.3.0" },
        says: /\^2\.3\.0, no exact version/,
    },
    {
        rule: "FJ-SUP-011",
        what: "over HTTP",
        compliant: chart,
        change: { at: ["object", "dependencies", 0, "repository"], to: "http://git.osl.node/charts" },
        says: /is http:/,
    },
    {
        rule: "FJ-SUP-012",
        compliant: kustomization,
        around: [compliant.region],
        change: { at: ["object", "resources", 2], to: "https://github.com/example/base//web?ref=v1.4.2" },
        says: /is fetched from github\.com/,
    },
];
