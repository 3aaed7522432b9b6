import { containerRule, fault, must, objectRule, relationRule } from "../core/define";
import { at, containersOf, groupKind, podKinds, podsOf } from "../core/pods";
import { notApplicable, Rule } from "../core/rule";
import { checkov, kubescape, nsa, upstream } from "../workloads/references";
import { neighbours, podRelationRule, ServiceSpec, specOf } from "../workloads/relations";

/** The class that the platform's NGINX serves. */
const servedClass = "nginx";

/** What NGINX keeps of a spike where its `listen` says nothing. */
const nginxBacklog = 511;

interface Backend {
    readonly service?: { readonly name?: string; readonly port?: { readonly name?: string; readonly number?: number } };
}

interface IngressSpec {
    readonly ingressClassName?: string;
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
    readonly defaultBackend?: Backend;
    readonly rules?: readonly {
        readonly host?: string;
        readonly http?: { readonly paths?: readonly { readonly backend?: Backend }[] };
    }[];
}

const ingress = "networking.k8s.io/Ingress";
const ingressClass = "networking.k8s.io/IngressClass";

/** The argument by which F5's controller is told its ConfigMap: `-nginx-configmaps=$(POD_NAMESPACE)/nginx-config`. */
const configMapArgument = /^--?nginx-configmaps=.*\/(.+)$/;

/** How requests come in. */
export const ingressRules: readonly Rule[] = [
    objectRule(
        [ingress],
        {
            id: "FJ-NET-001",
            title: "Every host of an Ingress is served over TLS",
            severity: "high",
            why: "Passwords, cookies and payments pass in clear text, and whoever is on the way can change them.",
            mend: "Name each host of spec.rules in spec.tls[].hosts, spelled the same, with the secretName of its certificate.",
            references: [
                nsa("Network separation and hardening"),
                upstream("https://kubernetes.io/docs/concepts/services-networking/ingress/#tls"),
            ],
        },
        (object) => {
            const { rules, tls } = specOf<IngressSpec>(object);
            return (rules ?? []).flatMap(({ host }, index) => {
                // F5's controller compares names letter by letter: one for *.example.org does not serve www.example.org.
                const entry = (tls ?? []).find(({ hosts }) => host !== undefined && (hosts ?? []).includes(host));
                const message = entry ? "has an entry in spec.tls without secretName" : "is in no entry of spec.tls";
                return must(Boolean(entry?.secretName), ["spec", "rules", index, "host"], `${host ?? "(any)"} ${message}`);
            });
        },
    ),
    objectRule(
        [ingress],
        {
            id: "FJ-NET-002",
            title: "An Ingress asks for the class that the platform serves",
            severity: "medium",
            why: "Without a class, or with another, NGINX passes it by: the application is healthy and nobody reaches it.",
            mend: `Write spec.ingressClassName: ${servedClass}.`,
            references: [upstream("https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class")],
        },
        (object) => {
            const name = specOf<IngressSpec>(object).ingressClassName;
            return must(name === servedClass, ["spec", "ingressClassName"], name === undefined ? "is missing" : `is ${name}`);
        },
    ),
    objectRule(
        [ingress],
        {
            id: "FJ-NET-003",
            title: "An Ingress names the hosts that it serves",
            severity: "medium",
            why: "One that takes any host gets what is meant for others, and answers under names that nobody gave it.",
            mend: "Write each name in spec.rules[].host, without *, and leave out spec.defaultBackend.",
            references: [upstream("https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules")],
        },
        (object) => {
            const { rules, defaultBackend } = specOf<IngressSpec>(object);
            return [
                ...must(!defaultBackend, ["spec", "defaultBackend"], "takes what no host is named for"),
                ...(rules ?? []).flatMap(({ host }, index) =>
                    must(
                        Boolean(host) && !host?.includes("*"),
                        ["spec", "rules", index, "host"],
                        host ? `is ${host}` : "is missing",
                    ),
                ),
            ];
        },
    ),
    objectRule(
        [ingress],
        {
            id: "FJ-NET-004",
            title: "No Ingress writes into NGINX's configuration",
            severity: "high",
            why: "A snippet configures the NGINX that serves everybody: with it one application reads all that NGINX may read.",
            mend: "Remove the annotation, and ask for the setting by an annotation that NGINX checks.",
            references: [
                checkov("CKV_K8S_153"),
                kubescape("C-0059"),
                upstream("https://github.com/kubernetes/ingress-nginx/issues/7837"),
            ],
        },
        ({ metadata }) =>
            Object.keys(metadata.annotations ?? {})
                .filter((key) => /^nginx\..+\/[\w-]*snippets?$/.test(key))
                .map((key) => fault(["metadata", "annotations", key], "is a snippet")),
    ),
    containerRule(
        {
            id: "FJ-NET-005",
            title: "NGINX takes no snippets",
            severity: "high",
            why: "Where it takes them, whoever may write an Ingress may read what NGINX may read.",
            mend: "Write -enable-snippets=false in the controller's args, or leave the flag out.",
            references: [kubescape("C-0059")],
        },
        ({ at, spec }) =>
            (spec.args ?? []).flatMap((argument, index) =>
                must(!/^--?enable-snippets(=(true|t|1))?$/i.test(argument), [...at, "args", index], `is ${argument}`),
            ),
    ),
    objectRule(
        [ingress],
        {
            id: "FJ-NET-006",
            title: "Who comes without TLS is sent to TLS",
            severity: "medium",
            why: "With the redirect switched off a link with http:// works, and stays in clear text.",
            mend: "Remove the annotation; NGINX redirects by itself where the host has TLS.",
            references: [upstream("https://docs.nginx.com/nginx-ingress-controller/")],
        },
        ({ metadata }) =>
            Object.keys(metadata.annotations ?? {})
                .filter((key) => /\/(force-)?ssl-redirect$/.test(key))
                .flatMap((key) => {
                    const value = metadata.annotations?.[key] ?? "";
                    return must(!/^(false|f|0)$/i.test(value), ["metadata", "annotations", key], `is ${value}`);
                }),
    ),
    relationRule(
        [ingress],
        {
            id: "FJ-NET-007",
            title: "An Ingress leads to a Service that is there",
            severity: "low",
            why: "NGINX answers 502 for a Service or a port that does not exist, and nothing else says so.",
            mend: "Name a Service of the same namespace in backend.service.name, and one of its ports.",
            references: [upstream("https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource")],
        },
        (object, surroundings) => {
            const services = neighbours(object, surroundings, "/Service");
            return (specOf<IngressSpec>(object).rules ?? []).flatMap(({ http }, rule) =>
                (http?.paths ?? []).flatMap(({ backend }, path) => {
                    // Other backends than Services are rare, and not looked into.
                    const { name, port } = backend?.service ?? {};
                    if (name === undefined) {
                        return [];
                    }
                    const place = ["spec", "rules", rule, "http", "paths", path, "backend", "service"];
                    const service = services.find(({ metadata }) => metadata.name === name);
                    if (!service) {
                        return [fault([...place, "name"], `is ${name}, a Service that is not here`)];
                    }
                    const wanted = port?.name ?? port?.number;
                    const ports = specOf<ServiceSpec>(service).ports ?? [];
                    const found = ports.some((one) => (port?.name === undefined ? one.port === wanted : one.name === wanted));
                    return must(found, [...place, "port"], `is ${wanted}, which the Service ${name} does not have`);
                }),
            );
        },
    ),
    objectRule(
        [...podKinds, ingressClass],
        {
            id: "FJ-NET-008",
            title: "ingress-nginx is not used",
            severity: "high",
            why: "The project was retired in March 2026: holes in what faces the internet are not mended any more.",
            mend: "Use the platform's NGINX (F5's controller, class nginx), and translate the annotations.",
            references: [kubescape("C-0292"), upstream("https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/")],
        },
        (object) => {
            if (groupKind(object) === ingressClass) {
                return must(
                    at(object, ["spec", "controller"]) !== "k8s.io/ingress-nginx",
                    ["spec", "controller"],
                    "is k8s.io/ingress-nginx",
                );
            }
            const pod = podsOf(object);
            return (pod ? containersOf(pod) : []).flatMap(({ at: place, spec }) =>
                must(!/(^|\/)ingress-nginx\//.test(spec.image ?? ""), [...place, "image"], `is ${spec.image}`),
            );
        },
    ),
    podRelationRule(
        ["apps/DaemonSet", "apps/Deployment"],
        {
            id: "FJ-NET-009",
            title: "NGINX is told how many connections may wait",
            severity: "medium",
            why: `Without backlog= NGINX lets ${nginxBacklog} wait, whatever somaxconn says: a spike is refused at the door.`,
            mend: "Write backlog= (fjord:platform.ingress.backlog) in the listen lines of http-snippets, in NGINX's ConfigMap.",
            references: [upstream("https://nginx.org/en/docs/http/ngx_http_core_module.html#listen")],
        },
        (pod, surroundings, object) => {
            const names = containersOf(pod).flatMap(({ spec }) =>
                (spec.args ?? []).flatMap((argument) => configMapArgument.exec(argument)?.[1] ?? []),
            );
            const [name] = names;
            if (name === undefined) {
                return notApplicable("is no NGINX ingress controller");
            }
            const config = neighbours(object, surroundings, "/ConfigMap").find(({ metadata }) => metadata.name === name);
            const snippet = at(config, ["data", "http-snippets"]);
            const lines = (typeof snippet === "string" ? snippet : "").split("\n").filter((line) => /^\s*listen\s/.test(line));
            const short = lines.filter((line) => Number(/\sbacklog=(\d+)/.exec(line)?.[1] ?? nginxBacklog) <= nginxBacklog);
            return must(
                lines.length > 0 && short.length === 0,
                ["metadata", "name"],
                `reads the ConfigMap ${name}, whose listen lines lack a backlog above ${nginxBacklog}`,
            );
        },
    ),
];
