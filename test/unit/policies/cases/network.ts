import * as objects from "../../../fixtures/policies/objects";
import { inGit } from "../../../fixtures/policies/objects";
import { container, web } from "../../../fixtures/policies/web";
import { absent, Case, changed } from "../case";

const ingress = inGit(objects.ingress);
const service = inGit(objects.service);
const allowWeb = inGit(objects.allowWeb);
const annotations = ["object", "metadata", "annotations"];

const ingressCases: readonly Case[] = [
    {
        rule: "FJ-NET-001",
        what: "a host that is forgotten",
        compliant: ingress,
        change: { at: ["object", "spec", "tls", 0, "hosts", 0], to: "*.osl.node" },
        says: /payments\.osl\.node is in no entry/,
    },
    {
        rule: "FJ-NET-001",
        what: "no certificate",
        compliant: ingress,
        change: { at: ["object", "spec", "tls", 0, "secretName"], to: absent },
        says: /without secretName/,
    },
    {
        rule: "FJ-NET-002",
        what: "none",
        compliant: ingress,
        change: { at: ["object", "spec", "ingressClassName"], to: absent },
        says: /is missing/,
    },
    {
        rule: "FJ-NET-002",
        what: "another",
        compliant: ingress,
        change: { at: ["object", "spec", "ingressClassName"], to: "traefik" },
        says: /is traefik/,
    },
    {
        rule: "FJ-NET-003",
        what: "any host",
        compliant: ingress,
        change: { at: ["object", "spec", "rules", 0, "host"], to: absent },
        says: /is missing/,
        also: ["FJ-NET-001"],
    },
    {
        rule: "FJ-NET-003",
        what: "a wildcard",
        compliant: changed(ingress, ["object", "spec", "tls", 0, "hosts", 1], "*.osl.node"),
        change: { at: ["object", "spec", "rules", 0, "host"], to: "*.osl.node" },
        says: /is \*\.osl\.node/,
    },
    {
        rule: "FJ-NET-003",
        what: "what is left over",
        compliant: ingress,
        change: { at: ["object", "spec", "defaultBackend"], to: { service: { name: "web", port: { name: "http" } } } },
        says: /no host is named for/,
    },
    ...["nginx.org/location-snippets", "nginx.ingress.kubernetes.io/configuration-snippet"].map((key): Case => ({
        rule: "FJ-NET-004",
        what: key,
        compliant: ingress,
        change: { at: annotations, to: { [key]: "return 200;" } },
        says: /is a snippet/,
    })),
    {
        rule: "FJ-NET-005",
        compliant: changed(web, [...container, "args"], ["-enable-snippets=false"]),
        change: { at: [...container, "args", 0], to: "-enable-snippets" },
        says: /is -enable-snippets/,
    },
    {
        rule: "FJ-NET-006",
        compliant: ingress,
        change: { at: [...annotations, "ingress.kubernetes.io/ssl-redirect"], to: "False" },
        says: /is False/,
    },
    {
        rule: "FJ-NET-007",
        what: "no such Service",
        compliant: ingress,
        around: [service],
        change: { of: 0, at: ["object", "metadata", "name"], to: "api" },
        says: /a Service that is not here/,
    },
    {
        rule: "FJ-NET-007",
        what: "no such port",
        compliant: ingress,
        around: [changed(service, ["object", "spec", "ports", 1], { name: "admin", port: 81 })],
        change: { at: ["object", "spec", "rules", 0, "http", "paths", 0, "backend", "service", "port"], to: { number: 8080 } },
        says: /is 8080, which the Service web does not have/,
    },
    {
        rule: "FJ-NET-008",
        what: "its class",
        compliant: inGit({
            apiVersion: "networking.k8s.io/v1",
            kind: "IngressClass",
            metadata: { name: "nginx" },
            spec: { controller: "nginx.org/ingress-controller" },
        }),
        change: { at: ["object", "spec", "controller"], to: "k8s.io/ingress-nginx" },
        says: /k8s\.io\/ingress-nginx/,
    },
    {
        rule: "FJ-NET-008",
        what: "its image",
        compliant: web,
        change: { at: [...container, "image"], to: `mirror.osl.node/ingress-nginx/controller:v1.15.0@sha256:${"cd".repeat(32)}` },
        says: /ingress-nginx\/controller/,
    },
    {
        rule: "FJ-NET-009",
        compliant: changed(web, [...container, "args"], ["-nginx-configmaps=$(POD_NAMESPACE)/nginx-config"]),
        around: [
            inGit({
                apiVersion: "v1",
                kind: "ConfigMap",
                metadata: { name: "nginx-config", namespace: "payment-prod" },
                data: { "http-snippets": "server {\n    listen 80 backlog=16384;\n    listen 443 ssl backlog=16384;\n}" },
            }),
        ],
        change: {
            of: 0,
            at: ["object", "data", "http-snippets"],
            to: "server {\n    listen 80 backlog=16384;\n    listen 443 ssl;\n}",
        },
        says: /backlog above 511/,
    },
];

const serviceCases: readonly Case[] = [
    ...["NodePort", "LoadBalancer"].map((type): Case => ({
        rule: "FJ-NET-010",
        what: type,
        compliant: service,
        change: { at: ["object", "spec", "type"], to: type },
        says: new RegExp(`is ${type}`),
    })),
    {
        rule: "FJ-NET-011",
        compliant: service,
        change: { at: ["object", "spec", "externalIPs"], to: ["203.0.113.7"] },
        says: /is 203\.0\.113\.7/,
    },
];

/** Without policyTypes it is about what comes in. */
const ingressOnly = changed(inGit(objects.denyAll), ["object", "spec"], {
    podSelector: { matchExpressions: [{ key: "app.kubernetes.io/name", operator: "In", values: ["web"] }] },
});

const policyCases: readonly Case[] = [
    {
        rule: "FJ-NET-012",
        compliant: web,
        around: [inGit(objects.denyAll)],
        change: { of: 0, at: ["object", "spec", "policyTypes", 0], to: absent },
        says: /what comes in/,
    },
    {
        rule: "FJ-NET-012",
        what: "one for other pods",
        compliant: web,
        around: [ingressOnly],
        change: { of: 0, at: ["object", "spec", "podSelector", "matchExpressions", 0, "values", 0], to: "api" },
        says: /what comes in/,
    },
    {
        rule: "FJ-NET-013",
        compliant: web,
        around: [inGit(objects.denyAll)],
        change: { of: 0, at: ["object", "spec", "policyTypes", 1], to: absent },
        says: /what goes out/,
    },
    {
        rule: "FJ-NET-014",
        compliant: allowWeb,
        change: { at: ["object", "spec", "ingress", 0], to: {} },
        says: /allows all/,
    },
    {
        rule: "FJ-NET-014",
        what: "no peers",
        compliant: allowWeb,
        change: { at: ["object", "spec", "egress", 1], to: { to: [] } },
        says: /allows all/,
    },
    {
        rule: "FJ-NET-014",
        what: "the whole world among its peers",
        compliant: changed(allowWeb, ["object", "spec", "ingress", 0], {
            from: [{ podSelector: {} }, { ipBlock: { cidr: "10.0.0.0/8" } }],
        }),
        change: { at: ["object", "spec", "ingress", 0, "from", 1, "ipBlock", "cidr"], to: "0.0.0.0/0" },
        says: /allows all/,
    },
    {
        rule: "FJ-NET-015",
        compliant: allowWeb,
        change: { at: ["object", "spec", "egress", 1, "to", 0, "ipBlock", "except"], to: absent },
        says: /is 0\.0\.0\.0\/0 without except/,
    },
    {
        rule: "FJ-NET-013",
        what: "a policy with egress says that it is about it",
        compliant: web,
        around: [
            changed(allowWeb, ["object", "spec"], {
                podSelector: { matchLabels: { "app.kubernetes.io/name": "web" } },
                egress: [{ ports: [{ port: 53 }] }],
            }),
        ],
        change: { of: 0, at: ["object", "spec", "podSelector", "matchLabels", "app.kubernetes.io/name"], to: "api" },
        says: /what goes out/,
        also: ["FJ-NET-012"],
    },
    {
        rule: "FJ-NET-012",
        what: "none of several is for it",
        compliant: web,
        around: [ingressOnly, changed(ingressOnly, ["object", "spec", "podSelector", "matchExpressions", 0, "values", 0], "api")],
        change: { of: 0, at: ["object", "metadata", "namespace"], to: "elsewhere" },
        says: /what comes in/,
    },
    {
        rule: "FJ-NET-014",
        what: "its only peer",
        compliant: changed(allowWeb, ["object", "spec", "egress", 1, "ports"], absent),
        change: { at: ["object", "spec", "egress", 1, "to"], to: absent },
        says: /allows all/,
    },
];

export const cases: readonly Case[] = [...ingressCases, ...serviceCases, ...policyCases];
